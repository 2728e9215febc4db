"""Runs in PostgreSQL, as those in SQLite."""

from postgres import PostgreSQL

from sparse_lightning.tracking import Store, finished_runs
from sparse_lightning.tracking.finished_runs import FinishedRun


def test_runs_are_written_in_bulk(postgresql: PostgreSQL, workplace):
    store = Store(postgresql.create_database())
    experiment = store.experiment("numbers")
    assert finished_runs.takes(store)
    run = FinishedRun(
        name="one",
        params={"seed": "1"},
        metrics=[("error", 1, 0.5)],
        tags={"a": "b"},
        status="FINISHED",
        files={},
    )
    (run_id,) = finished_runs.write_runs(store, experiment.experiment_id, [run])
    found = store.client.get_run(run_id)
    assert (found.data.params, found.data.metrics) == ({"seed": "1"}, {"error": 0.5})


def test_databases_are_apart(postgresql: PostgreSQL):
    assert postgresql.create_database() != postgresql.create_database()
