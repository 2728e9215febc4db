"""The MLflow store: a client whose failures name the store."""

import os
import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import mlflow
from mlflow.entities import Experiment, Run, RunStatus
from mlflow.environment_variables import (
    MLFLOW_EXPERIMENT_ID,
    MLFLOW_EXPERIMENT_NAME,
    MLFLOW_RUN_ID,
)
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.utils.time import get_current_time_millis

from sparse_lightning.address import Address
from sparse_lightning.errors import InputError, TrackingError
from sparse_lightning.secrets import cleaned, first_line, keep_secret
from sparse_lightning.tracking._mlflow import backend_of, quiet_opening
from sparse_lightning.tracking.new_database import make_database, missing_file

OPENING_TRIES = 10
"""So often, a second apart, a database is tried whose tables another process may be making."""

IDS_AT_ONCE = 500
"""So many ids stand in one condition, which MLflow's parser takes apart word by word."""

NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow's stores say of the id of a run or an experiment that they do not hold."""


class Store:
    """A tracking store, `uri` as MLflow takes it, and its client. By default it is what MLflow
    resolves (`MLFLOW_TRACKING_URI`, else `sqlite:///mlflow.db` in the working folder). Without
    `new` a SQLite file that is not there is not made. A `TrackingError` says that the store cannot
    be reached.
    """

    limited = False
    """Whether files of runs are admitted by their size."""

    def __init__(self, uri: str | Address | None = None, *, new: bool = True):
        self.uri = keep_secret(Address(uri or mlflow.get_tracking_uri()))
        if not new and (path := missing_file(self.uri)) is not None:
            raise TrackingError(
                f"the tracking store {self.uri} cannot be opened: there is no file "
                f"{path.absolute()}; name another by --tracking-uri or MLFLOW_TRACKING_URI"
            )
        with self.errors("cannot be opened"), quiet_opening():
            _knock(self.uri)
            self.client = _opened(self.uri)

    @property
    def backend(self) -> Any:
        """MLflow's own tracking store behind the client."""
        return backend_of(self.client)

    @property
    def page(self) -> str | None:
        """Where MLflow's pages of this store are; None where no server is known to have them."""
        return str(self.uri) if self.uri.is_web else None

    @property
    def opening(self) -> str:
        """Where a browser finds the runs: the server's address, or the command that starts one."""
        if self.page:
            return self.page
        store = shlex.quote(str(self.uri))
        command = f"mlflow server --app-name sparse-lightning --backend-store-uri {store}"
        lacks = ", once user and password are added to the address" if self.uri.hides else ""
        return f"`{command}` shows them{lacks}"

    def experiment(self, name: str) -> Experiment:
        """The experiment of this name, made if there is none."""
        with self.errors(f"does not give the experiment {name!r}"):
            found = self.client.get_experiment_by_name(name)
            if found is None:
                found = self._create_experiment(name)
        if found.lifecycle_stage != "active":
            raise TrackingError(
                f"{self.uri}: the experiment {name!r} was deleted; restore it with "
                f"`mlflow experiments restore -x {found.experiment_id}` or name another project"
            )
        return found

    def chosen_experiment(self, name: str) -> Experiment:
        """The experiment that `MLFLOW_EXPERIMENT_NAME` or `MLFLOW_EXPERIMENT_ID` names, as for
        MLflow's own runs; else that of this name, made if there is none.

        `mlflow run` sets them too, with the run that it opens: those are that run's.
        """
        if MLFLOW_RUN_ID.get():
            return self.experiment(name)
        wanted, number = MLFLOW_EXPERIMENT_NAME.get(), MLFLOW_EXPERIMENT_ID.get()
        if not wanted and number:
            with self.errors(f"does not give the experiment {number} (MLFLOW_EXPERIMENT_ID)"):
                wanted = self.client.get_experiment(number).name
        found = self.experiment(wanted or name)
        if number and wanted and found.experiment_id != number:
            raise InputError(
                f"MLFLOW_EXPERIMENT_NAME {wanted!r} is the experiment {found.experiment_id}, and "
                f"MLFLOW_EXPERIMENT_ID is {number}: unset one of them"
            )
        return found

    def _create_experiment(self, name: str) -> Experiment:
        try:
            return self.client.get_experiment(self.client.create_experiment(name))
        except MlflowException as error:
            # Another process may have made it in the same moment.
            found = self.client.get_experiment_by_name(name)
            if error.error_code != "RESOURCE_ALREADY_EXISTS" or found is None:
                raise
            return found

    def run(self, run_id: str) -> Run:
        """A run by its id; an `InputError` where there is none."""
        with self.errors(f"does not give the run {run_id}"):
            try:
                run = self.client.get_run(run_id)
            except MlflowException as error:
                if error.error_code in NOT_THERE:
                    raise InputError(f"{self.uri} holds no run {run_id!r}") from cleaned(error)
                raise
        self._artifact_uris[run_id] = str(run.info.artifact_uri)
        return run

    def runs(self, run_ids: Sequence[str]) -> list[Run]:
        """Active runs of one experiment by their ids, in a few requests instead of one for each; an
        `InputError` where one is missing.
        """
        if not run_ids:
            return []
        experiment = self.run(run_ids[0]).info.experiment_id
        runs: dict[str, Run] = {}
        for start in range(0, len(run_ids), IDS_AT_ONCE):
            part = run_ids[start : start + IDS_AT_ONCE]
            wanted = ", ".join(f"'{run_id}'" for run_id in part)
            found = self.search([experiment], f"attributes.run_id IN ({wanted})")
            runs |= {run.info.run_id: run for run in found}
        if missing := [run_id for run_id in run_ids if run_id not in runs]:
            raise InputError(f"{self.uri} holds no run {missing[0]!r}")
        for run_id, run in runs.items():
            self._artifact_uris[run_id] = str(run.info.artifact_uri)
        return [runs[run_id] for run_id in run_ids]

    def locate(self, run_ids: Sequence[str]) -> None:
        """Learn where the files of runs of one experiment are, which `artifacts` asks singly."""
        unknown = [run_id for run_id in run_ids if run_id not in self._artifact_uris]
        if len(unknown) > 1:
            self.runs(unknown)

    def artifacts(self, run_id: str) -> tuple[ArtifactRepository, str]:
        """Where the files of a run are, and the folder of them there; an `MlflowException` where
        there is no such run, or its place is not known.
        """
        if run_id not in self._artifact_uris:
            self._artifact_uris[run_id] = str(self.client.get_run(run_id).info.artifact_uri)
        return self._repository(self._artifact_uris[run_id])

    @cached_property
    def _artifact_uris(self) -> dict[str, str]:
        """The places of the files of runs that were looked into; a run keeps its own."""
        return {}

    def _repository(self, artifact_uri: str) -> tuple[ArtifactRepository, str]:
        keep_secret(Address(artifact_uri))
        return get_artifact_repository(artifact_uri, self.uri.revealed()), ""

    def search(self, experiments: list[str], condition: str) -> list[Run]:
        """Every active run that meets a condition in MLflow's filter language."""
        with self.errors("cannot be searched"):
            return self.pages(experiments, condition)

    def pages(self, experiments: list[str], condition: str) -> list[Run]:
        """As `search`, with the errors of MLflow's client."""
        runs: list[Run] = []
        token = None
        while True:
            page = self.client.search_runs(
                experiments, condition, max_results=1000, page_token=token
            )
            runs += page
            token = page.token
            if not token:
                return runs

    def end(self, run_id: str, status: str, time: int | None = None) -> None:
        """End a run as `FINISHED`, `FAILED` or `KILLED`, at a time in milliseconds since 1970, by
        default now. MLflow's client would print its name and the whole address of the store. Raises
        an `MlflowException` or an `OSError`.
        """
        ended = get_current_time_millis() if time is None else time
        self.backend.update_run_info(run_id, RunStatus.from_string(status), ended, None)

    def placed(self, run_id: str) -> bool:
        """Whether the store itself chose where the files of a run are; here that is assumed."""
        return True

    def admit(self, run_id: str, file: str, size: int) -> None:
        """Refuse a file of a run that is too large to be read, by its bytes; here none is."""

    @contextmanager
    def errors(self, what: str) -> Iterator[None]:
        """Turn what MLflow raises into a `TrackingError` that names the store."""
        try:
            yield
        except (MlflowException, OSError) as error:
            said = f"the tracking store {self.uri} {what}: {reason(error)}"
            raise TrackingError(said) from cleaned(error)


def reason(error: Exception) -> str:
    """The first line of what an error of MLflow, a database or the network says, without passwords;
    for a database the words of its driver.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(said := getattr(cause, "orig", None), Exception):
            error = said
            break
        cause = cause.__cause__
    return first_line(error)


def _opened(uri: Address) -> mlflow.MlflowClient:
    """A client of a store that answers.

    Where several processes find a new database, each lets MLflow make its tables, and all but one
    run into the other's work; once that is done, a second try finds them made.
    """
    for left in range(OPENING_TRIES - 1, -1, -1):
        try:
            make_database(uri)
            client = mlflow.MlflowClient(uri.revealed())
            client.search_experiments(max_results=1)
            return client
        except Exception as error:
            # Alembic is a part of MLflow's SQL stores only.
            databases = type(error).__module__.startswith(("alembic", "sqlalchemy"))
            # What is no address they say with parts of it, as of a port that is no number.
            if not databases and not isinstance(error, ValueError | ImportError):
                raise
            if not left or not databases:
                raise TrackingError(
                    f"the tracking store {uri} cannot be opened: {reason(error)}"
                ) from cleaned(error)
            time.sleep(1)
    raise AssertionError


def _knock(uri: Address) -> None:
    """Fail at once where no server listens; MLflow's client would retry for minutes."""
    if uri.is_web:
        import requests

        verify = os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() not in ("true", "1")
        requests.head(uri.revealed(), timeout=20, verify=verify, allow_redirects=False)
