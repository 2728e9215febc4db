"""Studies and searches of frames, given in Python."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner

from sparse_lightning import Project, run, search_strengths
from sparse_lightning.cli import main
from sparse_lightning.errors import CheckpointError, InputError, ProjectError, TableError
from sparse_lightning.workflows import running

SETTINGS = {
    "network": {"units": [2]},
    "training": {
        "epochs": 15,
        "learning_rate": 0.1,
        "seeds": [1, 2],
        "batch_size": 16,
        "accelerator": "cpu",
        "floor": {"max_cycles": 2},
    },
    "regularizers": {"l1_weights": [0.001], "groups": {"L1": {}}},
    "report": {"bootstrap": 20},
    "search": {"trials": 2, "batch": 2, "seeds": [11], "markers": 2, "sampler": "random"},
}


@pytest.fixture
def frame():
    generator = np.random.default_rng(4)
    codes = generator.uniform(size=(48, 2))
    rows = codes @ generator.normal(size=(2, 4)) + 0.05 * generator.normal(size=(48, 4))
    # The index of a frame, here one of letters, is no column.
    return pd.DataFrame(rows, columns=list("abcd"), index=[f"row {n}" for n in range(48)])


def test_a_frame_gives_the_networks_of_its_file(workplace, frame):
    frame.to_parquet(workplace / "table.parquet", index=False)
    of_frame = run(Project(task="sae", **SETTINGS), output="frame", table=frame)
    of_file = run(Project(table={"source": "table.parquet"}, **SETTINGS), output="file")
    assert of_frame.project.name == "table"
    columns = ["group", "seed", "connections", "squared_error"]
    pd.testing.assert_frame_equal(of_frame.networks[columns], of_file.networks[columns])
    dataset = of_frame._store.client.get_run(of_frame.run_id).inputs.dataset_inputs[0].dataset
    assert (dataset.name, dataset.source_type) == ("table", "code")
    digest = json.loads(dataset.profile)["sha256"]
    assert len(digest) == 64
    assert dataset.digest == digest[:36]
    network = of_frame.network("L1", seed=1)
    assert network.encode(frame).shape == (48, 2)


def test_a_classifier_of_a_table_of_pyarrow(workplace, frame):
    table = pa.table({**frame.to_dict("list"), "kind": ["x", "y"] * 24})
    project = Project(task="classifier", table={"target": "kind"}, name="kinds", **SETTINGS)
    study = run(project, table=table)
    assert study.project == project
    assert (workplace / "reports" / "kinds" / "report.html").exists()


def test_there_is_one_table(workplace, frame):
    named = Project(table={"source": "wine"}, **SETTINGS)
    for do in (run, search_strengths):
        with pytest.raises(ProjectError, match=r"table\.source is missing: name a packaged table"):
            do(Project(**SETTINGS))
        with pytest.raises(ProjectError, match=r"table\.source is 'wine', and a frame is given"):
            do(named, table=frame)
    with pytest.raises(InputError, match="must be a DataFrame of pandas or polars"):
        run(Project(**SETTINGS), table="my.csv")
    strict = Project(table={"missing": "error"}, **SETTINGS)
    with pytest.raises(TableError, match=r"^table: column 'a' has 1 missing value, first in row 3"):
        run(strict, table=frame.assign(a=frame["a"].where(np.arange(48) != 2)))
    with pytest.raises(TableError, match=r"table\.dialect is of files, and a frame is given"):
        run(Project(table={"dialect": {"decimal": ","}}, **SETTINGS), table=frame)


def test_an_unfinished_study_goes_on_with_the_same_frame_only(workplace, frame, monkeypatch):
    project = Project(name="cut", **SETTINGS)
    (workplace / "cut.yaml").write_text(project.dump_yaml())

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(running, "train_on", stop)
        with pytest.raises(KeyboardInterrupt):
            run(project, table=frame)
    with pytest.raises(CheckpointError, match=r"the table's SHA-256 was '\w+' and is '\w+' now"):
        run(project, table=frame.assign(a=0.5 - frame["a"]))
    frame.to_csv("own.csv", index=False)
    told = CliRunner().invoke(main, ["run", "cut.yaml"])
    assert told.exit_code == 2
    assert "cut.yaml: table.source is missing" in told.stderr
    assert "in Python: run(project, table=frame)" in told.stderr
    told = CliRunner().invoke(main, ["run", "cut.yaml", "--set", "table.source=own.csv"])
    assert told.exit_code == 2
    assert "table.source was 'a frame, given in Python' and is 'own.csv' now" in told.stderr
    study = run(project, table=pa.table(frame.reset_index(drop=True)))
    assert not study.networks["failed"].any()
    assert len(study.networks) == 4


def test_commands_need_a_table_in_the_file(workplace):
    (workplace / "p.yaml").write_text(Project(**SETTINGS).dump_yaml())
    for command in ("run", "check", "search"):
        told = CliRunner().invoke(main, [command, "p.yaml"])
        assert told.exit_code == 2
        assert told.stderr.startswith("Error: p.yaml: table.source is missing")


@pytest.mark.long
def test_a_search_goes_on_with_the_same_frame_only(workplace, frame):
    pytest.importorskip("optuna")
    project = Project(name="sought", **SETTINGS)
    searched = search_strengths(project, table=frame)
    assert searched.study is not None
    assert (workplace / "reports" / "sought-best" / "best.yaml").exists()
    again = search_strengths(project, table=frame.copy())
    assert again.result.trained == 0
    with pytest.raises(InputError, match=r"table\.digest was"):
        search_strengths(project, table=frame * 2)
