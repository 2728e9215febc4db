"""Table 1: six project files, their studies and the overview; here with small ones."""

import json

import pytest

import sparse_lightning as sl
from sparse_lightning.tracking import Store
from sparse_lightning.workflows import table1 as module
from sparse_lightning.workflows.table1 import COLUMNS, projects_folder, table1

SMALL = ["training.epochs=1", "training.seeds=[1, 2]", "training.floor.max_cycles=1"]


@pytest.mark.parametrize("file", COLUMNS)
def test_the_project_files_are_the_publications_columns(file):
    project = sl.Project.load(projects_folder() / f"{file}.yaml")
    groups = ["L1", "sL1", "sL1+sh", "sL1+sh2", "sL1+KL", "sL1+decs"]
    assert list(project.regularizers.groups) == groups
    assert len(project.regularizers.l1_weights) == 5
    assert len(project.training.seeds) == 5
    assert project.regularizers.l1_threshold == 0.1
    assert not any(project.regularizers.own_weights(group) for group in groups)
    assert sl.Project.parse(project.dump_yaml()) == project


def test_without_project_files_the_command_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "__file__", str(tmp_path / "a" / "b" / "c.py"))
    with pytest.raises(sl.InputError, match="project files of table 1 are not installed"):
        projects_folder()


@pytest.mark.long
@pytest.mark.slow
def test_the_overview_holds_every_study(workplace, monkeypatch):
    projects = [
        (file, sl.Project.load(projects_folder() / f"{file}.yaml", [*SMALL, *more]))
        for file, more in (
            ("wine_sae", ["training.fine_tune_epochs=1"]),
            ("ctg_class", ["training.fine_tune_epochs=1"]),
        )
    ]
    monkeypatch.setattr(module, "_projects", lambda *_: iter(projects))
    opened = Store().client.create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", opened)
    page = table1(output=workplace / "out", quick=True)
    assert page == workplace / "out" / "table1.html"
    document = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert {row["column"] for row in document["rows"]} == {"wine SAE", "CTG class"}
    assert document["note"].startswith("Quick variant")
    assert document["origin"]["torch"]
    for name in ("wine-sae", "ctg-class"):
        study = sl.Study.find(name)
        assert (page.parent / name / "report.html").exists()
        assert study.run_id != opened
    run = Store().run(opened)
    assert run.data.tags["sparse_lightning.kind"] == "overview"
    assert run.data.metrics["seconds_wine_sae"] > 0
    text = page.read_text(encoding="utf-8")
    assert "Quick variant" in text
    assert 'href="wine-sae/report.html"' in text
