"""A database that fails in the midst of a study gets everything later, and once."""

from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from postgres import PostgreSQL

from sparse_lightning.errors import UndeliveredError
from sparse_lightning.tracking import bulk
from sparse_lightning.tracking.opened import OpenedRun
from sparse_lightning.tracking.runs import FinishedRun
from sparse_lightning.tracking.store import Store
from sparse_lightning.workflows.delivering import deliver

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


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr("sparse_lightning.tracking.outbox.PAUSES", (0.01, 0.01))
    monkeypatch.setattr(bulk, "RUNS_A_TRANSACTION", 3)


@pytest.mark.parametrize("committed", [True, False])
def test_an_answer_that_is_lost_in_bulk_leaves_every_network_once(monkeypatch, committed):
    calls = []

    def lost(sql, rows):
        calls.append(rows)
        if committed:
            insert(sql, rows)
        raise MlflowException("the connection is lost", error_code=TEMPORARILY_UNAVAILABLE)

    insert = bulk._insert
    store = Store()
    with OpenedRun.open(store, "study", "mine") as run, monkeypatch.context() as patch:
        patch.setattr(bulk, "_insert", lost)
        run.describe(metrics={"rows": 3.0})
        run.runs(networks(run.run_id))
    assert len(calls) == 1
    check(store, run)
    assert not Path("undelivered").exists()


def test_a_store_that_takes_everything_needs_no_spool():
    store = Store()
    with OpenedRun.open(store, "study", "mine") as run:
        run.describe(metrics={"rows": 3.0})
        run.runs(networks(run.run_id))
        assert not Path("undelivered").exists()
    check(store, run)


@pytest.mark.long
def test_a_postgresql_that_stops_gets_everything_when_it_is_back(own_postgresql):
    store = Store(own_postgresql.create_database())
    with OpenedRun.open(store, "study", "mine") as run:
        run.describe(metrics={"rows": 3.0})
        own_postgresql.stop()
        run.runs(networks(run.run_id))
        assert list(Path("undelivered").iterdir())
        own_postgresql.start()
    check(store, run)
    assert not Path("undelivered").exists()


def tell_without(database: PostgreSQL, run: OpenedRun) -> None:
    with run:
        run.describe(metrics={"rows": 3.0})
        database.stop()
        run.runs(networks(run.run_id))


@pytest.mark.long
def test_a_postgresql_that_stays_away_gets_everything_from_deliver(own_postgresql):
    store = Store(own_postgresql.create_database())
    run = OpenedRun.open(store, "search", "mine", patience=0.5)
    with pytest.raises(UndeliveredError, match=f"lacks {NETWORKS + 1} records"):
        tell_without(own_postgresql, run)
    own_postgresql.start()
    (delivered,) = deliver(tracking_uri=store.uri)
    assert delivered.records == NETWORKS + 1
    check(store, run)
    assert not Path("undelivered").exists()
