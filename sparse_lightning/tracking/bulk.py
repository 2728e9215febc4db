"""Writing many finished runs at once into a store whose SQL database this process has open.

MLflow's client takes a run through a dozen transactions; here one transaction takes a hundred
runs. The rows are those that MLflow's own store would have written, and where that is not certain
(a version of MLflow that was not compared, a server, a store with its own way of writing) `takes`
says no and the client is used.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from typing import Any

from mlflow import get_active_model_id
from mlflow.entities import LifecycleStage, Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME, MLFLOW_USER
from mlflow.utils.time import get_current_time_millis
from mlflow.utils.uri import append_to_uri_path

from sparse_lightning.address import Address
from sparse_lightning.tracking import _mlflow
from sparse_lightning.tracking.runs import FinishedRun, log_files
from sparse_lightning.tracking.store import Store

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
    """Write runs into a store that `takes`, many in a transaction, their files before their rows;
    the ids in their order.

    A failure (`MlflowException`, `OSError`) leaves nothing of the runs of its transaction; those
    before it are whole. `runs` are taken as many at a time as a transaction writes.
    """
    sql = store.backend
    started, waiting = 0, iter(runs)
    written: list[str] = []
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
        written += [row["run_uuid"] for row in rows["runs"]]
    return written


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
