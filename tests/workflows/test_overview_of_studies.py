"""Several tracked studies side by side: found by name or run, written from the store alone."""

import json
import math

import pytest
from click.testing import CliRunner

from sparse_lightning.cli import main
from sparse_lightning.errors import InputError
from sparse_lightning.project import Project
from sparse_lightning.workflows import Study, run
from sparse_lightning.workflows.overview import overview

pytestmark = pytest.mark.long

GROUPS = {"L1": {}, "sL1": {}, "MCP": {}}


@pytest.fixture(scope="module")
def tracked(tmp_path_factory):
    """A store with two studies of one table, one of them of another name."""
    folder = tmp_path_factory.mktemp("tracked")
    uri = f"sqlite:///{folder}/mlflow.db"
    studies = {}
    for name, seed in (("first", 1), ("second", 2)):
        project = Project(
            name=name,
            table={"source": "wine"},
            network={"units": [4]},
            evaluation={"validation": 0, "test": 0},
            training={"epochs": 15, "seeds": [seed, 7], "floor": {"max_cycles": 2}},
            regularizers={"l1_weights": [0.0001, 0.01], "groups": GROUPS},
            report={"bootstrap": 100},
        )
        studies[name] = run(project, uri, folder / name)
    return uri, studies


def test_the_page_has_a_column_for_each_study_and_their_indices(tracked, tmp_path):
    uri, studies = tracked
    page = overview(["first", studies["second"].run_id], uri, tmp_path / "both", "Two")
    assert page.is_file()
    rows = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["rows"]
    assert {row["column"] for row in rows} == {"first", "second"}
    for row in rows:
        indices = studies[row["column"]].indices.set_index("group")
        assert row["hypervolume_gap"] == indices.loc[row["group"], "hypervolume_gap"]
    assert all(row["seconds"] > 0 for row in rows)
    for name in studies:
        assert (tmp_path / "both" / name / "report.html").is_file()
        assert f"{name}/report.html" in page.read_text(encoding="utf-8")
        assert (tmp_path / "both" / "figures" / f"{name}.png").stat().st_size > 1000


def test_the_best_other_group_is_told_beside_the_best_published_one(tracked, tmp_path):
    uri, studies = tracked
    page = overview(["first"], uri, tmp_path / "one", index="hypervolume_gap")
    indices = studies["first"].indices.set_index("group")["hypervolume_gap"]
    markdown = page.with_suffix(".md").read_text(encoding="utf-8")
    line = next(
        line
        for line in markdown.splitlines()
        if line.startswith("- By distance from ideal, the best of the groups beyond the six")
    )
    best = indices[["L1", "sL1"]].idxmin()
    relation = "below" if indices["MCP"] < indices[best] else "above"
    assert "first: MCP (" in line
    assert f") {relation} {best} (" in line


def test_studies_of_one_name_are_told_apart_by_their_runs(tracked, tmp_path):
    uri, studies = tracked
    again = run(studies["first"].project, uri, tmp_path / "again")
    page = overview([studies["first"].run_id, again.run_id], uri, tmp_path / "both")
    rows = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["rows"]
    assert {row["column"] for row in rows} == {
        f"first {study.run_id[:8]}" for study in (studies["first"], again)
    }


def test_a_study_named_twice_or_not_there_is_refused(tracked, tmp_path):
    uri, studies = tracked
    with pytest.raises(InputError, match="named 2 times"):
        overview([studies["second"].run_id, "second"], uri, tmp_path / "twice")
    with pytest.raises(InputError, match="holds no finished study of 'third'"):
        overview(["third"], uri, tmp_path / "absent")
    assert not (tmp_path / "twice").exists()


def test_the_command_ends_with_the_table_and_the_page(tracked, tmp_path):
    uri, _ = tracked
    arguments = ["overview", "first, second", "--tracking-uri", uri]
    result = CliRunner().invoke(main, [*arguments, "--output", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "MCP" in result.output
    assert result.output.rstrip().endswith("overview.html")


def test_how_long_a_study_took_is_read_from_its_run(tracked):
    uri, studies = tracked
    seconds = Study.load(studies["first"].run_id, uri).seconds
    assert math.isfinite(seconds)
    assert seconds > 0
