"""Runs that are over when they are written: what they hold, and writing them.

MLflow's client, which every store understands, takes a run through a dozen transactions. Into a SQL
database that this process has open, one transaction writes a hundred runs. The rows are those that
MLflow's own store would have written, and where that is not certain (a version of MLflow that was
not compared, a server, a store with its own way of writing) `takes` says no and the client is used.
"""

import tempfile
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from mlflow import get_active_model_id
from mlflow.entities import LifecycleStage, Metric, Param, Run
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME, MLFLOW_USER
from mlflow.utils.time import get_current_time_millis
from mlflow.utils.uri import append_to_uri_path

from sparse_lightning._files import write_atomically
from sparse_lightning.address import Address
from sparse_lightning.secrets import keep_secret
from sparse_lightning.tracking import _mlflow
from sparse_lightning.tracking.store import Store


@dataclass(frozen=True)
class FinishedRun:
    """A run as a whole.

    Attributes:
        name: never empty.
        metrics: `(name, step, value)`, in the order in which they were measured.
        tags: all but that of the name.
        status: `FINISHED`, `FAILED` or `KILLED`.
        files: the contents of its artifacts by name.
        run_id: the id that it gets where the store lets it be chosen, so that what is written again
            after a half takes its place; "" for any.
    """

    name: str
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Iterable[tuple[str, int, float]] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    status: str = "FINISHED"
    files: Mapping[str, bytes] = field(default_factory=dict)
    run_id: str = ""


def open_run(store: Store, experiment_id: str, run: FinishedRun, started: int) -> Run:
    """Open a run through MLflow's client, which every store understands; `started` is in
    milliseconds since 1970.
    """
    return store.client.create_run(
        experiment_id, start_time=started, run_name=run.name, tags=dict(run.tags)
    )


def fill_run(store: Store, opened: Run, run: FinishedRun) -> None:
    """Fill and end a run of `open_run`; done again, it leaves the same. Raises an `MlflowException`
    or an `OSError`.
    """
    for write in requests_to_fill(store, opened, run):
        write()


def requests_to_fill(store: Store, opened: Run, run: FinishedRun) -> list[Callable[[], object]]:
    """What fills and ends an open run, by request; its start becomes the time of its metrics."""
    run_id, started = opened.info.run_id, int(opened.info.start_time)
    metrics = [Metric(name, float(value), started, int(step)) for name, step, value in run.metrics]
    params = [Param(name, value) for name, value in run.params.items()]
    return [
        lambda: log_files(Address(str(opened.info.artifact_uri)), run.files, store.uri),
        lambda: store.client.log_batch(run_id, metrics, params),
        lambda: store.end(run_id, run.status),
    ]


def log_files(artifacts: Address, files: Mapping[str, bytes], tracking: Address) -> None:
    """Put files, by names that may name folders, among the artifacts of a run. Raises an
    `MlflowException` or an `OSError` where that place does not take them. The place is given, as
    the client would ask the store for it, which takes longer than the copy.
    """
    if not files:
        return
    repository = get_artifact_repository(keep_secret(artifacts).revealed(), tracking.revealed())
    if type(repository) is LocalArtifactRepository:
        # By way of another folder, files would take as long as all else of a run.
        _write(Path(repository.artifact_dir), files)
    else:
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), files)
            repository.log_artifacts(folder)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        write_atomically(folder / name, content)


RUNS_A_TRANSACTION = 100
"""Enough to make transactions cheap; SQLite's other writers wait some tenths of a second."""

_MEASURE = {"key", "value", "timestamp", "step", "is_nan", "run_uuid"}

TABLES = {
    "runs": {
        "run_uuid",
        "name",
        "source_type",
        "source_name",
        "entry_point_name",
        "user_id",
        "status",
        "start_time",
        "end_time",
        "deleted_time",
        "source_version",
        "lifecycle_stage",
        "artifact_uri",
        "experiment_id",
    },
    "tags": {"key", "value", "run_uuid"},
    "params": {"key", "value", "run_uuid"},
    "metrics": _MEASURE,
    "latest_metrics": _MEASURE,
}
"""The tables of a run and their columns, a table before those that refer to it."""


def takes(store: Store) -> bool:
    """Whether `write_runs` leaves in this store what the client would leave there."""
    return (
        _mlflow.is_compared()
        and _mlflow.is_sql(store.backend)
        and _mlflow.writes_as_mlflow(store.backend)
        # The client would write the metrics of a logged model as well.
        and get_active_model_id() is None
    )


def write_runs(store: Store, experiment_id: str, runs: Iterable[FinishedRun]) -> list[str]:
    """Write runs into a store that `takes`, many in a transaction; returns their ids in their
    order.

    The files are written before the rows. A failure (`MlflowException`, `OSError`) leaves nothing
    of the runs of its transaction; those before it are whole. `runs` are taken as many at a time as
    a transaction writes.
    """
    sql = store.backend
    started, waiting = 0, iter(runs)
    ids: list[str] = []
    while chunk := list(islice(waiting, RUNS_A_TRANSACTION)):
        experiment = sql.get_experiment(experiment_id)
        if experiment.lifecycle_stage != LifecycleStage.ACTIVE:
            raise MlflowException(
                f"The experiment {experiment_id} must be in the 'active' state. "
                f"Current state is {experiment.lifecycle_stage}.",
                INVALID_PARAMETER_VALUE,
            )
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        with ExitStack() as folders:
            for run in chunk:
                run_id = run.run_id or uuid.uuid4().hex
                # MLflow's pages list runs by their start; no two are to share one.
                started = max(get_current_time_millis(), started + 1)
                folder = append_to_uri_path(experiment.artifact_location, run_id)
                artifact_uri = append_to_uri_path(folder, sql.ARTIFACTS_FOLDER_NAME)
                folders.enter_context(_kept_with_its_rows(sql, run_id, folder, store.uri))
                log_files(Address(artifact_uri), run.files, store.uri)
                rows["runs"].append(
                    {
                        **_run(run, started),
                        "experiment_id": int(experiment_id),
                        "artifact_uri": artifact_uri,
                        "run_uuid": run_id,
                    }
                )
                for table, values in _described(sql, run, started).items():
                    rows[table] += [{**value, "run_uuid": run_id} for value in values]
            _insert(sql, rows)
        ids += [row["run_uuid"] for row in rows["runs"]]
    return ids


def _run(run: FinishedRun, started: int) -> dict[str, Any]:
    """The row of a run in the table of runs, as MLflow's `create_run` would make it."""
    return {
        "name": run.name,
        "source_type": "UNKNOWN",
        "source_name": "",
        "entry_point_name": "",
        "user_id": run.tags.get(MLFLOW_USER, "unknown"),
        "status": run.status,
        "start_time": started,
        "end_time": max(get_current_time_millis(), started),
        "deleted_time": None,
        "source_version": "",
        "lifecycle_stage": LifecycleStage.ACTIVE,
    }


def _described(sql: Any, run: FinishedRun, timestamp: int) -> dict[str, list[dict[str, Any]]]:
    """The rows of a run in the tables that refer to it, as MLflow's `log_batch` would make them."""
    metrics: dict[tuple[str, int, float, bool], dict[str, Any]] = {}
    latest: dict[str, dict[str, Any]] = {}
    for name, step, given in run.metrics:
        is_nan, value = _mlflow.stored_metric(sql, float(given))
        row = {
            "key": name,
            "value": value,
            "timestamp": timestamp,
            "step": int(step),  # database drivers do not know the integers of NumPy
            "is_nan": is_nan,
        }
        # A point that is given twice is one row, as it has but one primary key.
        metrics.setdefault((name, step, value, is_nan), row)
        last = latest.setdefault(name, row)
        if (step, value) > (last["step"], last["value"]):
            latest[name] = row
    # The values are numbers by now; a name is as valid in one point as in all.
    params = _mlflow.checked(
        [Metric(name, 0.0, timestamp, 0) for name in latest],
        [Param(name, value) for name, value in run.params.items()],
    )
    tags = {**run.tags, MLFLOW_RUN_NAME: run.name}
    return {
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
        "params": [{"key": param.key, "value": param.value} for param in params],
        "metrics": list(metrics.values()),
        "latest_metrics": list(latest.values()),
    }


def _insert(sql: Any, rows: dict[str, list[dict[str, Any]]]) -> None:
    from sqlalchemy import insert

    with _mlflow.session_of(sql, writes=True) as session:
        for name in TABLES:
            if rows[name]:
                session.execute(insert(_mlflow.tables()[name]), rows[name])


@contextmanager
def _kept_with_its_rows(sql: Any, run_id: str, folder: str, tracking: Address) -> Iterator[None]:
    """Remove the folder of a run on an error, unless the store holds the run."""
    try:
        yield
    except BaseException:
        # An error can come after the commit (an interrupt, a lost connection), and files that
        # nobody asks for do less harm than a run without its files.
        try:
            sql.get_run(run_id)
        except MlflowException as unknown:
            if unknown.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
                with suppress(Exception):  # the error that led here is what the user must know
                    get_artifact_repository(folder, tracking.revealed()).delete_artifacts()
        raise
