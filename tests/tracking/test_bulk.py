"""Runs that are written in bulk are those that MLflow's client writes."""

import math
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from sparse_lightning.tracking import finished_runs
from sparse_lightning.tracking._mlflow import COMPARED_VERSIONS, tables
from sparse_lightning.tracking.finished_runs import FinishedRun
from sparse_lightning.tracking.store import Store

LARGEST = 1.7976931348623157e308

RUNS = [
    FinishedRun("nothing"),
    FinishedRun(
        "a network, λ=0.1 🙂",
        params={"group": "sL1+sh", "seed": "1", "long": "x" * 6001, "empty": ""},
        metrics=[("error", epoch, 1 / epoch) for epoch in (1, 2, 3)]
        + [("connections", np.int64(3), np.float64(8)), ("error", 0, -5.0)],
        tags={"mlflow.user": "me", "mlflow.parentRunId": "0" * 32, "any/tag: λ": "long " * 2000},
        files={"network.safetensors": b"\x00weights", "other.txt": "λ".encode()},
    ),
    FinishedRun(
        "odd values",
        metrics=[
            ("nan last", 1, 2.0),
            ("nan last", 2, math.nan),
            ("nan twice", 1, math.nan),
            ("nan twice", 1, math.nan),
            ("nan and 0", 1, math.nan),
            ("nan and 0", 1, 0.0),
            ("0 and nan", 1, 0.0),
            ("0 and nan", 1, math.nan),
            ("inf", 1, math.inf),
            ("inf", 1, LARGEST),
            ("inf", 2, -math.inf),
            ("steps", -1, 0.0),
            ("steps", 2**62, 1.0),
            ("steps", 7, 3.0),
            ("same step", 4, 1.0),
            ("same step", 4, 3.0),
            ("same step", 4, 2.0),
            ("same step", 4, 2.0),
            ("zeros", 1, 0.0),
            ("zeros", 1, -0.0),
        ],
        status="FAILED",
    ),
    FinishedRun(
        "more than a batch of MLflow's",
        params={f"param {number}": str(number) for number in range(150)},
        metrics=[(f"m{number % 7}", number, math.sin(number)) for number in range(2300)],
        status="KILLED",
    ),
]


@pytest.fixture
def make_store(empty_store: Path, tmp_path: Path) -> Callable[[str], Store]:
    def make(name: str) -> Store:
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(empty_store, folder)
        store = Store(f"sqlite:///{folder}/mlflow.db")
        store.client.create_experiment("study", artifact_location=(folder / "artifacts").as_uri())
        return store

    return make


@pytest.fixture
def store(make_store) -> Store:
    return make_store("store")


def folder_of(store: Store) -> Path:
    return Path(store.uri.revealed().removeprefix("sqlite:///")).parent


def experiment_of(store: Store) -> str:
    return store.experiment("study").experiment_id


def write_by_client(store: Store, experiment: str, finished: list[FinishedRun]) -> None:
    for run in finished:
        opened = finished_runs.open_run(store, experiment, run, int(time.time() * 1000))
        finished_runs.fill_run(store, opened, run)


def rows(store: Store) -> dict[str, list[tuple]]:
    """Every table, with runs by their names and without times and folders."""
    with closing(sqlite3.connect(folder_of(store) / "mlflow.db")) as database:
        names = dict(database.execute("SELECT run_uuid, name FROM runs"))
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master")]
        found = {}
        for table in tables:
            if not database.execute("SELECT 1 FROM pragma_table_list(?)", (table,)).fetchone():
                continue  # an index
            cursor = database.execute(f"SELECT * FROM {table}")
            columns = [column for column, *_ in cursor.description]
            found[table] = sorted(
                [
                    tuple(
                        shown(column, value, names, store)
                        for column, value in zip(columns, row, strict=True)
                    )
                    for row in cursor
                ],
                key=repr,
            )
    return found


def shown(column: str, value: object, names: dict[str, str], store: Store) -> object:
    if column in ("start_time", "end_time", "timestamp", "creation_time", "last_update_time"):
        return type(value)
    if isinstance(value, str):
        value = value.replace(str(folder_of(store)), "FOLDER")
        for run_id, name in names.items():
            value = value.replace(run_id, name)
    return column, type(value), value


def files(store: Store) -> dict[str, tuple[int, bytes]]:
    names = {run.info.run_id: run.info.run_name for run in store.search([experiment_of(store)], "")}
    root = folder_of(store) / "artifacts"
    return {
        f"{names[path.relative_to(root).parts[0]]}/{path.name}": (
            path.stat().st_mode,
            path.read_bytes(),
        )
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def both(make_store) -> tuple[Store, Store]:
    one, other = make_store("bulk"), make_store("client")
    assert finished_runs.takes(one)
    finished_runs.write_runs(one, experiment_of(one), RUNS)
    write_by_client(other, experiment_of(other), RUNS)
    return one, other


def test_every_table_and_every_file_is_as_the_client_writes_it(both):
    one, other = both
    written = rows(one)
    assert written == rows(other)
    assert {name for name in finished_runs.TABLES if not written[name]} == set()
    assert len(written["runs"]) == len(RUNS)
    assert len(written["metrics"]) > 2300
    assert files(one) == files(other)
    assert len(files(one)) == 2


def test_files_lie_where_and_as_mlflow_itself_puts_them(store, monkeypatch, tmp_path):
    class Elsewhere(LocalArtifactRepository):
        """A place that this package does not know, such as a bucket."""

    def place(uri, *arguments):
        return Elsewhere(uri)

    experiment = experiment_of(store)
    finished_runs.write_runs(store, experiment, [FinishedRun("here", files=RUNS[1].files)])
    monkeypatch.setattr(finished_runs, "get_artifact_repository", place)
    finished_runs.write_runs(store, experiment, [FinishedRun("elsewhere", files=RUNS[1].files)])
    own = store.client.create_run(experiment, run_name="MLflow's").info.run_id
    for name, content in RUNS[1].files.items():
        (tmp_path / name).write_bytes(content)
        store.client.log_artifact(own, str(tmp_path / name))
    written = files(store)
    for name in RUNS[1].files:
        assert (
            written[f"here/{name}"] == written[f"elsewhere/{name}"] == written[f"MLflow's/{name}"]
        )


def test_mlflow_reads_both_alike(both):
    seen = []
    for store in both:
        experiment = experiment_of(store)
        found = store.client.search_runs([experiment], order_by=["attributes.run_name"])
        seen.append(
            [
                (
                    {
                        name: value
                        for name, value in dict(run.info).items()
                        if name not in ("run_id", "run_uuid", "start_time", "end_time")
                        and name != "artifact_uri"
                    },
                    run.data.params,
                    {name: str(value) for name, value in run.data.metrics.items()},
                    run.data.tags,
                    [
                        [
                            (point.key, str(point.value), point.step)
                            for point in store.client.get_metric_history(run.info.run_id, name)
                        ]
                        for name in run.data.metrics
                    ],
                    sorted(file.path for file in store.client.list_artifacts(run.info.run_id)),
                )
                for run in found
            ]
        )
        condition = "metrics.error < 0.4 and params.seed = '1' and status = 'FINISHED'"
        (searched,) = store.client.search_runs([experiment], condition)
        assert searched.info.run_name == "a network, λ=0.1 🙂"
        assert searched.info.user_id == "me"
        assert searched.info.lifecycle_stage == "active"
        assert searched.data.metrics == {"error": 1 / 3, "connections": 8}
    assert seen[0] == seen[1]
    odd = next(metrics for info, _, metrics, *_ in seen[0] if info["run_name"] == "odd values")
    assert odd["nan last"] == "nan"
    assert odd["inf"] == str(-LARGEST)
    assert odd["steps"] == "1.0"


def test_a_run_can_be_changed_and_deleted_like_any_other(both):
    changed = []
    for store in both:
        (run,) = store.search([experiment_of(store)], "run_name = 'odd values'")
        store.client.log_metric(run.info.run_id, "same step", 9.0, step=5)
        store.client.set_tag(run.info.run_id, "mlflow.runName", "renamed")
        store.client.delete_run(run.info.run_id)
        changed.append([row for row in rows(store)["latest_metrics"] if "renamed" in str(row)])
    assert changed[0] == changed[1] != []


def test_runs_are_listed_in_their_order_with_times_of_their_own(store):
    before = int(time.time() * 1000)
    many = [FinishedRun(f"{n:03}", metrics=[("m", 0, n)]) for n in range(250)]
    finished_runs.write_runs(store, experiment_of(store), iter(many))
    found = store.client.search_runs([experiment_of(store)], order_by=["start_time ASC"])
    assert [run.info.run_name for run in found] == [run.name for run in many]
    starts = [run.info.start_time for run in found]
    assert len(set(starts)) == 250
    assert before <= starts[0]
    assert all(run.info.end_time >= run.info.start_time for run in found)


def left(store: Store) -> tuple[dict[str, int], list[Path]]:
    counts = {
        name: len(values) for name, values in rows(store).items() if name in finished_runs.TABLES
    }
    return counts, list((folder_of(store) / "artifacts").rglob("*"))


NOTHING = (dict.fromkeys(finished_runs.TABLES, 0), [])


def with_file(name: str, **content) -> FinishedRun:
    return FinishedRun(name, files={"weights": name.encode()}, **content)


def test_a_failure_of_the_database_leaves_nothing_of_its_runs(store, monkeypatch):
    monkeypatch.setattr(finished_runs, "RUNS_A_TRANSACTION", 2)
    with closing(sqlite3.connect(folder_of(store) / "mlflow.db")) as database, database:
        database.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON latest_metrics WHEN new.key = 'bad' "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    sound = [with_file(f"sound {n}", metrics=[("good", 1, 1.0)]) for n in range(3)]
    with pytest.raises(MlflowException, match="the disk is full"):
        finished_runs.write_runs(
            store, experiment_of(store), [*sound, with_file("bad", metrics=[("bad", 1, 1.0)])]
        )
    assert sorted(files(store)) == ["sound 0/weights", "sound 1/weights"]
    assert [len(rows(store)[name]) for name in ("runs", "metrics", "latest_metrics")] == [2, 2, 2]


def test_files_that_cannot_be_written_leave_no_runs(store, monkeypatch):
    def refuse(*arguments):
        if len(list((folder_of(store) / "artifacts").rglob("weights"))) == 2:
            raise OSError("the disk is full")
        log_files(*arguments)

    log_files = finished_runs.log_files
    monkeypatch.setattr(finished_runs, "log_files", refuse)
    with pytest.raises(OSError, match="the disk is full"):
        finished_runs.write_runs(store, experiment_of(store), [with_file(name) for name in "abc"])
    assert left(store) == NOTHING


def test_an_interrupt_after_the_commit_takes_no_files_away(store, monkeypatch):
    def interrupted(*arguments):
        insert(*arguments)
        raise KeyboardInterrupt

    insert = finished_runs._insert
    monkeypatch.setattr(finished_runs, "_insert", interrupted)
    with pytest.raises(KeyboardInterrupt):
        finished_runs.write_runs(store, experiment_of(store), [with_file("a")])
    assert list(files(store)) == ["a/weights"]


def test_files_stay_where_the_store_cannot_say_whether_it_holds_the_run(store, monkeypatch):
    def lost(*arguments):
        raise MlflowException("the connection is lost", error_code=TEMPORARILY_UNAVAILABLE)

    with monkeypatch.context() as patch:
        patch.setattr(finished_runs, "_insert", lost)
        patch.setattr(SqlAlchemyStore, "get_run", lost)
        with pytest.raises(MlflowException, match="the connection is lost"):
            finished_runs.write_runs(store, experiment_of(store), [with_file("a")])
    assert len([path for path in left(store)[1] if path.is_file()]) == 1


@pytest.mark.parametrize(
    "bad",
    [
        with_file("bad", metrics=[("π²√", 1, 1.0)]),
        with_file("bad", metrics=[("../up", 1, 1.0)]),
        with_file("bad", metrics=[("x" * 251, 1, 1.0)]),
        with_file("bad", params={"a|b": "1"}),
        with_file("bad", params={"x" * 251: "1"}),
    ],
    ids=["metric", "metric path", "long metric", "param", "long param"],
)
def test_names_that_the_client_refuses_are_refused_alike(make_store, bad):
    messages = []
    for name, write in (("bulk", finished_runs.write_runs), ("client", write_by_client)):
        store = make_store(name)
        with pytest.raises(MlflowException) as caught:
            write(store, experiment_of(store), [bad])
        messages.append((caught.value.message, caught.value.error_code))
        if name == "bulk":
            assert left(store) == NOTHING
    assert messages[0] == messages[1]


@pytest.mark.parametrize("write", [finished_runs.write_runs, write_by_client])
def test_nothing_is_written_into_a_deleted_experiment(store, write):
    experiment = experiment_of(store)
    store.client.delete_experiment(experiment)
    with pytest.raises(MlflowException, match="must be in the 'active' state"):
        write(store, experiment, [with_file("a")])
    assert left(store) == NOTHING


def test_another_writer_is_waited_for(store):
    held = threading.Event()

    def hold():
        with closing(sqlite3.connect(folder_of(store) / "mlflow.db")) as database:
            database.execute("BEGIN IMMEDIATE")
            held.set()
            time.sleep(0.5)
            database.execute("UPDATE experiments SET last_update_time = 1")
            database.commit()

    experiment = experiment_of(store)
    other = threading.Thread(target=hold)
    other.start()
    held.wait()
    finished_runs.write_runs(store, experiment, [with_file("a")])
    other.join()
    assert list(files(store)) == ["a/weights"]


class Client:
    def __init__(self, store: object):
        self._tracking_client = self
        self.store = store


def with_store(sql: object) -> Store:
    store = Store.__new__(Store)
    store.client = Client(sql)
    return store


def test_stores_that_write_otherwise_are_left_to_the_client(store):
    class Watched(SqlAlchemyStore):
        def create_run(self, *arguments, **named):
            return super().create_run(*arguments, **named)

    class Scoped(SqlAlchemyStore):
        pass

    sql = store.backend
    assert finished_runs.takes(with_store(sql))
    for kind, taken in ((Watched, False), (Scoped, True)):
        other = kind.__new__(kind)
        other.__dict__.update(sql.__dict__)
        assert finished_runs.takes(with_store(other)) == taken
    assert not finished_runs.takes(with_store(object()))
    server = Store.__new__(Store)
    server.client = mlflow.MlflowClient("http://127.0.0.1:9")
    assert not finished_runs.takes(server)


def test_the_tables_are_those_of_the_versions_that_were_compared(both):
    assert mlflow.__version__ in COMPARED_VERSIONS
    columns = {name: set(tables()[name].columns.keys()) for name in finished_runs.TABLES}
    assert columns == finished_runs.TABLES


def test_another_version_of_mlflow_is_left_to_the_client(store, monkeypatch):
    monkeypatch.setattr(mlflow, "__version__", "3.17.99")
    assert not finished_runs.takes(store)


def test_an_active_model_of_the_user_is_left_to_the_client(store, monkeypatch):
    monkeypatch.setattr(finished_runs, "get_active_model_id", lambda: "m-1")
    assert not finished_runs.takes(store)
