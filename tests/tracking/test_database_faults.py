"""A database that fails in the midst of a study gets everything later, and once."""

import threading
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE

from sparse_lightning.errors import UnfinishedError
from sparse_lightning.tracking import finished_runs
from sparse_lightning.tracking.finished_runs import FinishedRun
from sparse_lightning.tracking.job_run import OpenedRun
from sparse_lightning.tracking.store import Store

pytestmark = pytest.mark.usefixtures("workplace")

NETWORKS = 5


def networks(parent: str):
    return [
        FinishedRun(
            f"network {number}",
            {"seed": str(number)},
            [("error", 1, 0.5), ("error", 2, 0.25)],
            {"mlflow.parentRunId": parent, "sparse_lightning.replica": str(number)},
            files={"weights": b"weights"},
        )
        for number in range(NETWORKS)
    ]


def fill(run: OpenedRun) -> None:
    run.describe(metrics={"rows": 3.0})
    run.runs(networks(run.run_id), NETWORKS, "networks")


def check(store: Store, run: OpenedRun, status: str = "FINISHED") -> None:
    found = {one.info.run_id: one for one in store.search([run.experiment_id], "")}
    own = found.pop(run.run_id)
    assert own.info.status == status
    assert own.data.metrics == {"rows": 3.0}
    names = sorted(one.info.run_name for one in found.values())
    assert names == sorted(f"network {number}" for number in range(NETWORKS))
    for run_id, one in found.items():
        assert one.info.status == "FINISHED"
        points = store.client.get_metric_history(run_id, "error")
        assert [(point.step, point.value) for point in points] == [(1, 0.5), (2, 0.25)]
        assert [file.path for file in store.client.list_artifacts(run_id)] == ["weights"]
    folders = {path.name for path in Path("mlruns").glob("*/*")}
    assert folders <= {run.run_id, *found}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr("sparse_lightning.tracking.retrying.PAUSES", (0.01, 0.01))
    monkeypatch.setattr(finished_runs, "RUNS_A_TRANSACTION", 3)


@pytest.mark.parametrize("committed", [True, False])
def test_an_answer_that_is_lost_in_bulk_leaves_every_network_once(monkeypatch, committed):
    calls = []

    def lost(sql, rows):
        calls.append(rows)
        if len(calls) > 1:
            return insert(sql, rows)
        if committed:
            insert(sql, rows)
        raise MlflowException("the connection is lost", error_code=TEMPORARILY_UNAVAILABLE)

    insert = finished_runs._insert
    monkeypatch.setattr(finished_runs, "_insert", lost)
    store = Store()
    with OpenedRun(store, "study", "mine") as run:
        fill(run)
    assert len(calls) == (2 if committed else 3)
    check(store, run)


@pytest.mark.long
def test_a_postgresql_that_stops_gets_everything_when_it_is_back(own_postgresql):
    store = Store(own_postgresql.create_database())
    with OpenedRun(store, "study", "mine") as run:
        own_postgresql.stop()
        run.describe(metrics={"rows": 3.0})  # returns
        threading.Timer(3, own_postgresql.start).start()
        run.runs(networks(run.run_id), NETWORKS, "networks")
    check(store, run)


@pytest.mark.long
def test_a_postgresql_that_stays_away_gets_everything_by_the_same_again(own_postgresql):
    uri = own_postgresql.create_database()

    def job() -> OpenedRun:
        return OpenedRun(Store(uri), "search", "mine", key="mine", patience=0.5)

    run = job()

    def stops() -> None:
        with run:
            run.runs(networks(run.run_id)[:2], NETWORKS, "networks")
            own_postgresql.stop()
            run.runs(networks(run.run_id)[2:], NETWORKS - 2, "networks")

    with pytest.raises(UnfinishedError, match=r"mine: the tracking store .* lacks 3 of 3 networks"):
        stops()
    own_postgresql.start()
    with job() as again:
        assert (again.run_id, again.resumed) == (run.run_id, True)
        again.describe(metrics={"rows": 3.0})
        there = {int(one.data.tags["sparse_lightning.replica"]) for one in again.children()}
        left = [one for n, one in enumerate(networks(again.run_id)) if n not in there]
        again.runs(left, len(left), "networks")
    check(Store(uri), run)
