"""Table 1 at the published λ, and with each group at its own range: what is trained and written."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from sparse_lightning.cli import main
from sparse_lightning.project import Project
from sparse_lightning.tracking import Store
from sparse_lightning.tracking.names import OVERVIEW
from sparse_lightning.workflows import side_by_side
from sparse_lightning.workflows import table1 as module
from sparse_lightning.workflows.table1 import COLUMNS, OWN_RANGE, projects_folder, table1


@pytest.fixture
def trained(monkeypatch, study_of):
    """Train nothing; the projects that would have been trained, by the folders of their reports."""
    projects, views = {}, {}

    def run(project, uri, folder, progress, open_run, fresh):
        folder.mkdir()
        projects[folder.name] = project
        own = any(project.regularizers.own_weights(group) for group in project.regularizers.groups)
        view = study_of(
            dataset=project.table.source,
            task=project.task,
            order_by=project.report.index,
            common_weights=not own,
        )
        views[run_id := f"run of {project.name}"] = view
        return SimpleNamespace(run_id=run_id)

    monkeypatch.setattr(side_by_side, "run", run)
    monkeypatch.setattr(module, "usual_jobs", lambda: 1)
    monkeypatch.setattr(
        module.Study, "load", lambda run_id, _: SimpleNamespace(view=lambda: views[run_id])
    )
    return projects


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("own_range", [False, True])
def test_both_tables_train_six_columns_and_say_what_they_are(trained, workplace, quick, own_range):
    page = table1(quick=quick, own_range=own_range)
    name = "table1" + "-own-range" * own_range + "-quick" * quick
    assert page == Path("reports") / name / "table1.html"
    ending = "-own-range" * own_range + "-quick" * quick
    assert list(trained) == [column.replace("_", "-") + ending for column in COLUMNS]
    assert {len(project.training.seeds) for project in trained.values()} == {2 if quick else 5}
    index = "hypervolume_gap" if own_range else "area_marker"
    assert {project.report.index for project in trained.values()} == {index}

    markdown = page.with_suffix(".md").read_text(encoding="utf-8")
    title = "## Table 1: six regularizers on six tasks"
    title += ", each group at its own best range of λ" if own_range else ""
    assert markdown.splitlines()[0] == title + (", quick" if quick else "")
    assert ("Every group at its own best range of λ" in markdown) == own_range
    assert ("Quick variant: a few epochs" in markdown) == quick
    command = "table1" + " --own-range" * own_range + " --quick" * quick
    assert f"Written by `sparse-lightning {command}`;" in markdown
    assert (
        "beside the published value" in markdown.split("What it says")[0].split("Written by")[1]
    ) != own_range

    client = Store().client
    experiment = client.get_experiment_by_name(name)
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.params["own_range"] == str(own_range)
    assert run.data.tags[f"{OVERVIEW}.wine_sae"] == f"run of wine-sae{ending}"


@pytest.mark.parametrize(("options", "index"), [([], "area (pub"), (["--own-range"], "distance")])
def test_the_command_ends_with_the_index_that_orders_the_table(trained, workplace, options, index):
    result = CliRunner().invoke(main, ["table1", *options, "--output", "out"])
    assert result.exit_code == 0, result.output
    assert f"{index}" in result.stdout.splitlines()[-2]
    assert result.stdout.splitlines()[-1] == f"report: {workplace / 'out' / 'table1.html'}"
    assert len(trained) == 6


@pytest.mark.parametrize("column", COLUMNS)
def test_the_own_ranges_change_nothing_but_the_groups_at_one_budget(column):
    published = Project.load(projects_folder() / f"{column}.yaml")
    own = Project.load(projects_folder() / OWN_RANGE / f"{column}.yaml")
    assert own.name == f"{published.name}-own-range"
    groups, fields = own.regularizers.groups, own.model_dump()
    assert list(groups) == list(published.regularizers.groups)
    assert {len(own.regularizers.grid(group)) for group in groups} == {5}
    assert all(own.regularizers.own_weights(group) for group in groups)
    fields["name"] = published.name
    fields["report"]["index"] = published.report.index
    fields["regularizers"]["groups"] = published.model_dump()["regularizers"]["groups"]
    assert fields == published.model_dump()
    assert Project.parse(own.dump_yaml()) == own
    assert "extends" not in own.dump_yaml()
