"""A search whose tracking store takes nothing keeps what it has trained, and finishes later."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE

from sparse_lightning.cli import main
from sparse_lightning.errors import UnfinishedError
from sparse_lightning.search import trials
from sparse_lightning.search.searching import search
from sparse_lightning.search.unfinished import FOLDER, kept_search
from sparse_lightning.tracking import Store, finished_runs, job_run, names

OUTPUT = Path("reports/small-best")
IMPATIENT = "tracking.patience=0.1"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr("sparse_lightning.tracking.retrying.PAUSES", (0.01, 0.01))


class Away:
    """A store that stops taking runs, or files, when so many were taken."""

    def __init__(self, monkeypatch, owner, method, taken):
        self.left, self.write = taken, getattr(owner, method)
        monkeypatch.setattr(owner, method, self)

    def __call__(self, *arguments):
        if self.left <= 0:
            raise MlflowException("it is away", error_code=TEMPORARILY_UNAVAILABLE)
        self.left -= 1
        return self.write(*arguments)

    def back(self):
        self.left = 10**9


def runs(kind):
    store = Store()
    everywhere = [found.experiment_id for found in store.client.search_experiments()]
    return store.search(everywhere, f"tags.`{names.KIND}` = '{kind}'")


def check(result, run_id):
    """The store and the search's storage hold everything once."""
    assert [found.trials for found in result.groups] == [3, 3]
    (run,) = runs(names.SEARCH)
    assert (run.info.run_id, run.info.status) == (run_id, "FINISHED")
    assert run.data.metrics["trials"] == 6
    trials = runs(names.TRIAL)
    names_of_trials = sorted(trial.info.run_name for trial in trials)
    assert names_of_trials == [f"{group} #{n}" for group in ("L1", "sL1+KL") for n in range(3)]
    assert {trial.data.tags["mlflow.parentRunId"] for trial in trials} == {run_id}
    assert len(runs(names.NETWORK)) == 6 * 4
    assert {one.info.status for one in (*trials, *runs(names.NETWORK))} == {"FINISHED"}
    files = {file.path for file in Store().client.list_artifacts(run_id)}
    assert files == {"project.yaml", "search.html"}
    assert not (OUTPUT / FOLDER).exists()


@pytest.fixture
def trainings(monkeypatch):
    """The numbers of candidates that are trained, one a call."""
    calls, train = [], trials.train_candidates_on

    def counted(cluster, project, examples, candidates, *rest):
        calls.append(len(candidates))
        return train(cluster, project, examples, candidates, *rest)

    monkeypatch.setattr(trials, "train_candidates_on", counted)
    return calls


@pytest.mark.parametrize(
    ("taken", "lacks"),
    [pytest.param(2, "2 of 2 trials", marks=pytest.mark.long), (3, "8 of 8 networks")],
)
def test_a_batch_that_is_not_taken_is_not_trained_again(
    make_project, monkeypatch, trainings, taken, lacks
):
    # A batch of trials takes one transaction, and another one for their networks.
    store = Away(monkeypatch, finished_runs, "_insert", taken)
    with pytest.raises(UnfinishedError) as caught:
        search(make_project(IMPATIENT))
    said = str(caught.value)
    assert said.startswith("small-search: the tracking store sqlite:///")
    assert f" lacks {lacks}: it is away; what was trained is kept in {OUTPUT / FOLDER}, and" in said
    assert trainings == [4, 2]  # both groups at once
    (run,) = runs(names.SEARCH)
    assert run.info.status == "FAILED"
    for kept in (OUTPUT / FOLDER).rglob("*"):
        assert kept.stat().st_mode & 0o777 == 0o600

    store.back()
    result = search(make_project())
    assert (result.trained, trainings) == (0, [4, 2])
    check(result, run.info.run_id)

    whole = search(make_project("name=whole"))
    for found, wanted in zip(result.groups, whole.groups, strict=True):
        assert found.settings == wanted.settings
        assert (found.score, found.low, found.high) == (wanted.score, wanted.low, wanted.high)


@pytest.mark.parametrize("opens", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_run_that_lacks_its_end_is_completed_when_nothing_is_left_to_train(
    make_project, monkeypatch, opens
):
    """Also where `mlflow run` opens a run, and another one when it is called again."""
    store = Away(monkeypatch, job_run, "log_files", 1)
    client = Store().client
    first = client.create_run("0").info.run_id if opens else None
    with pytest.raises(UnfinishedError, match=r"lacks search\.html: it is away"):
        search(make_project(IMPATIENT), open_run=first)
    (run,) = runs(names.SEARCH)
    store.back()
    result = search(make_project(), open_run=client.create_run("0").info.run_id if opens else None)
    assert (result.trained, result.run_id) == (0, run.info.run_id)
    check(result, run.info.run_id)
    again = search(make_project())
    assert (again.trained, again.run_id) == (0, None)


def test_the_same_command_again_finishes_a_search(make_project, monkeypatch, trainings):
    make_project()
    store = Away(monkeypatch, finished_runs, "_insert", 0)
    command = ["search", "small.yaml", "--set", IMPATIENT, "--trials=1", "--no-compare"]
    ended = CliRunner().invoke(main, command)
    assert ended.exit_code == 1
    (told,) = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
    assert "lacks 2 of 2 trials" in told
    assert told.endswith("and the same command again goes on without training it again")
    store.back()
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert trainings == [2]
    assert len(runs(names.TRIAL)) == 2


def test_fresh_trains_again(make_project, monkeypatch, trainings):
    store = Away(monkeypatch, finished_runs, "_insert", 0)
    with pytest.raises(UnfinishedError):
        search(make_project(IMPATIENT, "search.trials=1"))
    store.back()
    result = search(make_project("search.trials=1"), fresh=True)
    assert (result.trained, trainings) == (2, [2, 2])
    assert sorted(run.info.status for run in runs(names.SEARCH)) == ["FAILED", "FINISHED"]


def test_what_a_living_process_has_begun_is_left_to_it(tmp_path):
    with kept_search(tmp_path / "out", fresh=False) as first:
        first.begin()
        with kept_search(tmp_path / "out", fresh=True) as second:
            second.begin()
            assert not second.resumed
            assert second.key != first.key
        left = [path.stem for path in (tmp_path / "out" / FOLDER).glob("*.run")]
        assert left == [first.key]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "content",
    [
        "{",
        *(pytest.param(text, marks=pytest.mark.long) for text in ("", "[]", '{"networks": [1]}')),
    ],
)
def test_what_cannot_be_read_is_trained_again(
    make_project, monkeypatch, trainings, caplog, content
):
    store = Away(monkeypatch, finished_runs, "_insert", 0)
    with pytest.raises(UnfinishedError):
        search(make_project(IMPATIENT, "search.trials=1"))
    files = list((OUTPUT / FOLDER).glob("*.json"))
    assert len(files) == 2
    files[0].write_text(content)
    store.back()
    result = search(make_project("search.trials=1"))
    assert (result.trained, trainings) == (1, [2, 1])
    assert f"{os.path.relpath(files[0])}: cannot be read, so it is trained again" in caplog.text
