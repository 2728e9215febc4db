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
COMPARING = ["cancer_transformer.py", "digits_convolution.py", "digits_variational.py"]


def carried_out(script, folder):
    """What a script prints, with a few epochs, in a folder of its own."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/runs.db", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / script, "--quick"],
        cwd=folder,
        env=os.environ | settings | {"PATH": programs},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def file_named(lines, kind, folder):
    """The file that the one line `KIND: PATH` names; it lies in the folder."""
    (name,) = (line.removeprefix(f"{kind}: ") for line in lines if line.startswith(f"{kind}: "))
    assert Path(name).is_relative_to(folder)
    assert Path(name).is_file()
    return Path(name)


def test_every_example_is_in_the_gallery_with_its_picture():
    gallery = (ROOT / "docs" / "gallery.md").read_text()
    for script in SCRIPTS:
        assert f'--8<-- "examples/{script}"' in gallery
        assert f"images/gallery/{Path(script).stem}.png" in gallery


@pytest.mark.parametrize("script", sorted({*SCRIPTS} - {*COMPARING}))
def test_an_example_makes_its_picture(script, tmp_path):
    picture = file_named(carried_out(script, tmp_path), "picture", tmp_path)
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("script", COMPARING)
def test_an_example_logs_its_runs_and_reports_them(script, tmp_path):
    lines = carried_out(script, tmp_path)
    file_named(lines, "picture", tmp_path)
    report = file_named(lines, "report", tmp_path)
    groups = json.loads((report.parent / "indices.json").read_text())["groups"]
    assert {"unregularized", "L0", "ModelPruning"} < {group["group"] for group in groups}
    assert len(groups) == 4

    client = MlflowClient(f"sqlite:///{tmp_path}/runs.db")
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
