"""The example scripts, carried out as users do; their twins have equal numbers of connections."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

pytestmark = [pytest.mark.slow, pytest.mark.long]

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(path.name for path in (ROOT / "examples").glob("*_*.py"))


def test_there_are_three_scripts():
    assert SCRIPTS == ["cancer_transformer.py", "digits_convolution.py", "digits_variational.py"]


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_an_example_logs_its_runs_and_reports_them(script, tmp_path):
    store = f"sqlite:///{tmp_path}/runs.db"
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / script, "--quick"],
        cwd=tmp_path,
        env=os.environ | {"MLFLOW_TRACKING_URI": store, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = Path(done.stdout.splitlines()[-1].removeprefix("report: "))
    assert report.is_relative_to(tmp_path)
    assert report.is_file()
    groups = json.loads((report.parent / "indices.json").read_text())["groups"]
    assert {"unregularized", "L0", "ModelPruning"} < {group["group"] for group in groups}
    assert len(groups) == 4

    client = MlflowClient(store)
    (experiment,) = (one for one in client.search_experiments() if one.name != "Default")
    runs = client.search_runs([experiment.experiment_id])
    left = {
        (run.data.params["group"], run.data.params["strength"]): run.data.metrics["connections"]
        for run in runs
    }
    assert len(left) == len(runs) == 13
    whole = left["unregularized", "0"]
    for (group, strength), connections in left.items():
        assert 0 < connections <= whole
        if group not in ("unregularized", "ModelPruning"):
            assert left["ModelPruning", f"as {group} {strength}"] == connections
