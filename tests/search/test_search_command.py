import json
import os

import pandas as pd
import pytest
from click.testing import CliRunner

from sparse_lightning import Project, Study
from sparse_lightning.cli import main
from sparse_lightning.tracking import Store


def command(*arguments, **options):
    """The outcome of a command: exit status, standard output, standard error."""
    result = CliRunner().invoke(main, ["search", "small.yaml", *arguments], **options)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.slow
def test_a_search_ends_with_the_scores_and_the_comparison_on_fresh_seeds(make_project, workplace):
    project = make_project()
    status, output, told = command("--trials", "2")
    assert status == 0, told
    lines = output.splitlines()
    assert lines[0].split() == ["group", "trial", "search", "fresh", "setting"]
    folder = workplace / "reports" / "small-best"
    assert lines[-1] == f"report: {folder / 'report.html'}"
    assert "trials 1-2 of 2, stage 1 of 1: 16 networks, 20 epochs" in told.splitlines()

    scores = pd.read_csv(folder / "search.csv").set_index("group")
    study = Study.find("small-best")
    assert set(study.networks["seed"]) == set(project.training.seeds)
    assert not set(study.networks["seed"]) & set(project.search_seeds)
    indices = study.indices.set_index("group")
    for group in ("L1", "sL1+KL"):
        assert scores.loc[group, "fresh"] == pytest.approx(indices.loc[group, "hypervolume_gap"])
        assert scores.loc[group, "score_low"] <= scores.loc[group, "score"]
        trained = study.networks.loc[study.networks["group"] == group, "l1_weight"].unique()
        written = [float(weight) for weight in scores.loc[group, "l1_weights"].split()]
        assert sorted(trained) == pytest.approx(written)
    assert study.project.report.index == "hypervolume_gap"

    text = (folder / "search.md").read_text(encoding="utf-8")
    first = scores["fresh"].idxmin()
    assert text.count(f"- {first} − ") == 1
    assert "distance from ideal, with 95% intervals over the seeds" in text
    kept = {f.path for f in Store().client.list_artifacts(study.run_id, "report")}
    assert {f"report/{name}" for name in ("search.md", "search.csv", "best.yaml")} <= kept

    best = Project.load(folder / "best.yaml")
    assert best.regularizers == study.project.regularizers
    assert (folder / best.table.source).resolve() == workplace / "small.csv"

    again = command("--trials", "2")
    assert again[:2] == (0, output)
    assert again[2] == ""
    assert Study.find("small-best").run_id == study.run_id


def test_without_a_comparison_nothing_is_trained_again(make_project, workplace):
    make_project()
    status, output, told = command("--trials=1", "--no-compare", "--group=L1", "--set=name=other")
    assert status == 0, told
    lines = output.splitlines()
    assert lines[0].split() == ["group", "trial", "search", "setting"]
    assert lines[1].startswith("L1 ")
    assert not (workplace / "reports").exists()


def test_the_storage_may_come_from_the_environment(make_project, workplace):
    make_project()
    settings = {"SPARSE_LIGHTNING_STORAGE": f"sqlite:///{workplace}/mine.db"}
    assert command("--trials=1", "--no-compare", "--group=L1", env=settings)[0] == 0
    assert (workplace / "mine.db").exists()
    assert not (workplace / "search.db").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--trials=0"], 2, ["--trials", "0 is not in the range x>=1"]),
        (["--group=L2"], 2, ["there is no group 'L2'", "groups: L1, sL1+KL"]),
        (["--storage=search.db"], 2, ["search.storage must be an address"]),
        (["--storage=sqlite:////no/folder/x.db"], 1, ["sqlite:////no/folder/x.db cannot be"]),
        (["--set=search.sparsity.low=0.9"], 2, ["search.sparsity.high must be greater than low"]),
        (["--set=search.seeds=[2]"], 2, ["search.seeds must hold other seeds"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_what_is_wrong_is_told_before_anything_is_trained(make_project, arguments, status, words):
    make_project()
    ended, output, told = command(*arguments)
    assert (ended, output) == (status, "")
    for word in words:
        assert word in told
    assert "epoch" not in told
    assert not os.path.exists("search.db")


@pytest.mark.long
def test_a_finished_scores_file_is_plain_text(make_project, workplace):
    make_project()
    status, _, told = command("--trials=1", "--group=L1", "--output=out")
    assert status == 0, told
    scores = (workplace / "out" / "search.csv").read_text()
    assert scores.startswith("group,trials,networks,failed_networks,")
    document = json.loads((workplace / "out" / "indices.json").read_text())
    assert [group["group"] for group in document["groups"]] == ["L1"]
