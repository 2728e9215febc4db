"""Telling a store what a record says; told twice, it is as told once."""

from collections.abc import Mapping
from dataclasses import replace
from functools import singledispatchmethod
from typing import Any

from mlflow.entities import Dataset, DatasetInput, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID
from requests import HTTPError, RequestException

from sparse_lightning.address import Address
from sparse_lightning.tracking import names
from sparse_lightning.tracking.records import (
    Attached,
    Below,
    Described,
    Ended,
    Forgotten,
    Given,
    Record,
)
from sparse_lightning.tracking.runs import FinishedRun, fill_run, log_files, open_run
from sparse_lightning.tracking.store import Store, retries

RETRIES = 3
"""Of MLflow's client, with its own pauses, of a request that may be repeated."""

RECORD = "record:"
"""What stands before the number of the record that makes a run, where its id is not known yet."""

IDENTITY = (
    MLFLOW_PARENT_RUN_ID,
    names.KIND,
    names.REPLICA,
    names.OPTUNA_STUDY,
    names.OPTUNA_TRIAL,
    names.KEY,
)
"""The tags of which no two runs have all the same."""

_PASSING = {
    "ABORTED",
    "DEADLINE_EXCEEDED",
    "INTERNAL_ERROR",
    "REQUEST_LIMIT_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "TEMPORARILY_UNAVAILABLE",
}

_LASTING_IN_SQLITE = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CORRUPT")


class Delivery:
    """The way of the records of one job into a store.

    MLflow's stores keep a param, a tag, a file and a metric's point once however often they are
    told the same. A run they make anew each time: it is looked for by its tags before it is made
    again.

    Args:
        store: that takes the records.
        run: of the job.
    """

    def __init__(self, store: Store, run: Run):
        self._store = store
        self._run_id = run.info.run_id
        self._experiment_id = run.info.experiment_id
        self._artifacts = Address(str(run.info.artifact_uri))

    def tell(
        self, record: Record, runs: Mapping[int, str] | None = None, careful: bool = False
    ) -> str | None:
        """Tell the store a record; returns the id of the run that it makes, if one.

        Args:
            record: what is told.
            runs: the ids of the runs that earlier records have made, by the numbers of these.
            careful: whether it may have been told before.

        Raises:
            MlflowException, OSError: the store does not take it.
        """
        if isinstance(record, Below):
            return self._below(self.resolved(record.run, runs or {}), record.started, careful)
        with retries(RETRIES):
            self._tell(record)
        return None

    def resolved(self, run: FinishedRun, runs: Mapping[int, str]) -> FinishedRun:
        """A run whose parent is named by its id, no longer by the record that makes it."""
        parent = run.tags.get(MLFLOW_PARENT_RUN_ID, "")
        if not parent.startswith(RECORD):
            return run
        known = runs[int(parent.removeprefix(RECORD))]
        return replace(run, tags={**run.tags, MLFLOW_PARENT_RUN_ID: known})

    def single(self, run: FinishedRun) -> Run | None:
        """The run that the store has of this one, if any.

        A request that was given up may have made one more all the same: it is deleted.
        """
        return single(self._store, self._experiment_id, run.tags)

    @singledispatchmethod
    def _tell(self, record: Any) -> None:
        raise TypeError(record)

    @_tell.register
    def _(self, record: Described) -> None:
        self._store.client.log_batch(
            self._run_id,
            metrics=[Metric(name, value, record.time, 0) for name, value in record.metrics.items()],
            params=[Param(name, value) for name, value in record.params.items()],
            tags=[RunTag(name, value) for name, value in record.tags.items()],
        )

    @_tell.register
    def _(self, record: Attached) -> None:
        log_files(self._artifacts, {record.path: record.content}, self._store.uri)

    @_tell.register
    def _(self, record: Given) -> None:
        given = [DatasetInput(dataset=Dataset(**dataset), tags=[]) for dataset in record.datasets]
        self._store.client.log_inputs(self._run_id, datasets=given)

    @_tell.register
    def _(self, record: Forgotten) -> None:
        for run in _tagged(self._store, self._experiment_id, record.tags):
            below = {MLFLOW_PARENT_RUN_ID: run.info.run_id}
            for other in (*_tagged(self._store, self._experiment_id, below), run):
                self._store.client.delete_run(other.info.run_id)

    @_tell.register
    def _(self, record: Ended) -> None:
        self._store.end(self._run_id, record.status, record.time)

    def _below(self, run: FinishedRun, started: int, careful: bool) -> str:
        with retries(RETRIES):
            opened = self.single(run) if careful else None
        if opened is None:
            with retries(0):  # MLflow's client would make one more each time
                opened = open_run(self._store, self._experiment_id, run, started)
        # The end of a run is written last. One that lacks it may have been ended as abandoned.
        if opened.info.status != run.status:
            with retries(RETRIES):
                fill_run(self._store, opened, run)
        return opened.info.run_id


def single(store: Store, experiment_id: str, tags: Mapping[str, str]) -> Run | None:
    """The one run of an experiment that has these tags of `IDENTITY`; others are deleted.

    Raises:
        ValueError: the tags are not those of a single run.
        MlflowException: the store fails.
    """
    if not any(name in tags for name in (names.REPLICA, names.OPTUNA_TRIAL, names.KEY)):
        raise ValueError(f"no single run has the tags {dict(tags)}")
    known = {name: tags[name] for name in IDENTITY if name in tags}
    found = _tagged(store, experiment_id, known)
    found.sort(key=lambda run: run.info.status in ("RUNNING", "KILLED"))
    for twin in found[1:]:
        store.client.delete_run(twin.info.run_id)
    return found[0] if found else None


def _tagged(store: Store, experiment_id: str, tags: Mapping[str, str]) -> list[Run]:
    # The name of a study of Optuna's is the user's, and MLflow's filters know no escaping.
    plain = {name: value for name, value in tags.items() if name != names.OPTUNA_STUDY}
    condition = " and ".join(f"tags.`{name}` = '{value}'" for name, value in plain.items())
    return [
        run
        for run in store.pages([experiment_id], condition)
        if tags.items() <= run.data.tags.items()
    ]


def passing(error: BaseException) -> bool:
    """Whether an error may pass by itself: no answer, an overload, a database that is locked.

    A full disk or a run that was deleted takes somebody's hand.
    """
    cause: BaseException | None = error
    while cause is not None:
        if getattr(cause, "sqlite_errorname", "").startswith(_LASTING_IN_SQLITE):
            return False
        cause = getattr(cause, "orig", None) or cause.__cause__
    if isinstance(error, MlflowException):
        return error.error_code in _PASSING
    if isinstance(error, HTTPError) and error.response is not None:
        return error.response.status_code in (408, 429) or error.response.status_code >= 500
    return isinstance(error, RequestException | ConnectionError | TimeoutError)
