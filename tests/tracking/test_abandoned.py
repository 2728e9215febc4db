"""The runs of processes that have died end as KILLED; those of the living go on."""

from datetime import UTC, datetime, timedelta

import pytest

from sparse_lightning.tracking import Store, names, owners
from sparse_lightning.tracking.job_run import OpenedRun
from sparse_lightning.tracking.owners import end_abandoned

HERE = owners.this_process().rsplit(" ", 2)[0]
DEAD = f"{HERE} 1 12.00"
ELSEWHERE = "elsewhere 1 12.00"


def running(store, kind="study", **tags):
    named = {f"sparse_lightning.{name}": value for name, value in tags.items() if name != "parent"}
    if "parent" in tags:
        named["mlflow.parentRunId"] = tags["parent"]
    return store.client.create_run("0", tags={names.KIND: kind, **named}).info.run_id


def status(store, run_id):
    return store.client.get_run(run_id).info.status


def ago(time):
    return (datetime.now(UTC) - time).isoformat(timespec="seconds")


@pytest.fixture
def store(workplace):
    return Store()


def test_the_run_of_a_dead_process_is_ended_with_all_below_it(store):
    study = running(store, owner=DEAD, seen=owners.now())
    trial = running(store, "trial", parent=study)
    network = running(store, "network", parent=trial)
    living = running(store, owner=owners.this_process())
    below = running(store, "network", parent=living)
    assert set(end_abandoned(store, ["0"])) == {study, trial, network}
    assert {status(store, run) for run in (study, trial, network)} == {"KILLED"}
    assert {status(store, run) for run in (living, below)} == {"RUNNING"}
    assert end_abandoned(store) == []


def test_what_was_half_written_below_an_ended_run_is_ended(store):
    study = running(store, owner=DEAD)
    store.client.set_terminated(study, "KILLED")
    network = running(store, "network", parent=study)
    assert end_abandoned(store) == [network]


def test_a_process_elsewhere_is_dead_when_it_has_been_silent(store):
    silent = running(store, owner=ELSEWHERE, seen=ago(owners.LEASE + timedelta(seconds=5)))
    heard = running(store, owner=ELSEWHERE, seen=ago(owners.LEASE - timedelta(seconds=60)))
    assert end_abandoned(store) == [silent]
    assert status(store, heard) == "RUNNING"


def test_runs_of_others_are_left_alone(store):
    other = store.client.create_run("0").info.run_id
    nameless = running(store)
    assert end_abandoned(store) == []
    assert {status(store, run) for run in (other, nameless)} == {"RUNNING"}


def test_a_job_ends_what_dead_ones_have_left_in_its_experiment(store):
    experiment = store.client.create_experiment("mine")
    tags = {names.KIND: "study", names.OWNER: DEAD}
    dead = store.client.create_run(experiment, tags=tags).info.run_id
    elsewhere = running(store, owner=DEAD)
    with OpenedRun(store, "study", "mine") as run:
        assert status(store, dead) == "KILLED"
        assert status(store, elsewhere) == "RUNNING"
        assert status(store, run.run_id) == "RUNNING"
        assert store.run(run.run_id).data.tags[names.OWNER] == owners.this_process()


def test_a_job_says_that_it_is_there(store, monkeypatch):
    monkeypatch.setattr(owners, "BEAT", 0.01)
    monkeypatch.setattr(
        "sparse_lightning.tracking.job_run.now", iter(map(str, range(10**6))).__next__
    )
    with OpenedRun(store, "study", "mine") as run:
        first = store.run(run.run_id).data.tags[names.SEEN]
        while store.run(run.run_id).data.tags[names.SEEN] == first:
            pass


def test_a_job_goes_on_with_the_run_of_its_key(store):
    with pytest.raises(KeyboardInterrupt), OpenedRun(store, "study", "mine", key="k") as first:
        raise KeyboardInterrupt
    assert status(store, first.run_id) == "KILLED"
    with OpenedRun(store, "study", "mine", key="k") as again:
        assert again.resumed
        assert again.run_id == first.run_id
        assert status(store, again.run_id) == "RUNNING"
    assert status(store, first.run_id) == "FINISHED"
    with OpenedRun(store, "study", "mine", key="another") as other:
        assert not other.resumed
        assert other.run_id != first.run_id


def test_an_open_run_takes_the_place_of_the_one_of_its_key(store):
    with OpenedRun(store, "study", "mine", key="k") as first:
        network = store.client.create_run(
            first.experiment_id, tags={"mlflow.parentRunId": first.run_id}
        ).info.run_id
    opened = store.client.create_run("0").info.run_id
    with OpenedRun(store, "study", "mine", opened, key="k") as run:
        assert run.run_id == opened
        assert not run.resumed
    for gone in (first.run_id, network):
        assert store.client.get_run(gone).info.lifecycle_stage == "deleted"
    with OpenedRun(store, "study", "mine", opened, key="k") as run:
        assert run.resumed


def test_a_search_that_cannot_be_described_ends_its_run(store, monkeypatch):
    from sparse_lightning import Project, TrackingError
    from sparse_lightning.search.writer import SearchWriter

    pytest.importorskip("optuna")
    project = Project.parse("{name: mine, table: {source: wine}, network: {units: [2]}}")

    def fails(*_):
        raise TrackingError("the store is full")

    monkeypatch.setattr(OpenedRun, "text", fails)
    with (
        pytest.raises(TrackingError, match="full"),
        SearchWriter(store, project, "wine", [12, 2, 12]),
    ):
        raise AssertionError
    (run,) = store.search([e.experiment_id for e in store.client.search_experiments()], "")
    assert run.info.status == "FAILED"


def test_ending_needs_no_more_than_the_tags(store, monkeypatch):
    monkeypatch.setattr(owners, "at_work", lambda owner, seen: owner != "gone")
    gone = running(store, owner="gone")
    running(store, owner="there")
    assert end_abandoned(store) == [gone]
