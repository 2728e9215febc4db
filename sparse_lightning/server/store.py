"""The server's store as one user sees it: what the user may not read does not exist."""

import re
from collections.abc import Sequence
from typing import Any

from mlflow.entities import LifecycleStage, Run
from mlflow.store.artifact.artifact_repo import ArtifactRepository

from sparse_lightning.errors import InputError
from sparse_lightning.server.limits import (
    LARGEST_FILE,
    LARGEST_JSON,
    LONGEST_ID,
    MOST_OF_A_RUN,
    MOST_OF_PROJECTS,
)
from sparse_lightning.server.permissions import Permissions
from sparse_lightning.tracking.limits import TooMuchError
from sparse_lightning.tracking.listing import parts_of_run
from sparse_lightning.tracking.names import PROJECT_FILE
from sparse_lightning.tracking.servers import ServedStore, is_place_of_server

RUN_ID = re.compile(rf"[0-9A-Za-z][0-9A-Za-z_-]{{0,{LONGEST_ID - 1}}}", re.ASCII)
"""An id of a run, as MLflow writes them."""


class HiddenError(InputError):
    """There is no run of this id that the user may read."""


class UserStore(ServedStore):
    """The store for the answer to one request.

    Whichever way leads to a run (its id in the request, the parent that another run names, the
    study of a network), MLflow is asked whether this user may read it before any of it is read.
    """

    limited = True

    def __init__(self, permissions: Permissions):
        super().__init__()
        self._permissions = permissions
        self._known: dict[str, Run] = {}
        self._projects = 0

    def run(self, run_id: str) -> Run:
        """A run that the user may read.

        Raises:
            HiddenError: there is none of that id, or it is deleted, or another's.
            TooMuchError: it holds too many params, tags and metrics.
        """
        if run_id not in self._known:
            self._known[run_id] = self._allowed(run_id)
        return self._known[run_id]

    def runs(self, run_ids: Sequence[str]) -> list[Run]:
        return [self.run(run_id) for run_id in run_ids]

    def artifacts(self, run_id: str) -> tuple[ArtifactRepository, str]:
        self.run(run_id)
        return super().artifacts(run_id)

    def placed(self, run_id: str) -> bool:
        """Whether the files are on the server's disk, behind it or in its default place.

        They are elsewhere if somebody has chosen the place of an experiment.
        """
        place = str(self.run(run_id).info.artifact_uri)
        return is_place_of_server(place)

    def search(self, experiments: list[str], condition: str) -> list[Run]:
        return super().search(self._permissions.readable(experiments), condition)

    def admit(self, run_id: str, file: str, size: int) -> None:
        """Refuse a file that would take too long to read.

        Raises:
            TooMuchError: it, or all projects of this request together, are too large.
        """
        most = LARGEST_JSON if file.endswith(".json") else LARGEST_FILE
        if file == PROJECT_FILE:
            most = MOST_OF_PROJECTS - self._projects
            self._projects += size if size <= most else 0
        if size > most:
            raise TooMuchError(
                f"{file} of run {run_id} has {size:,} bytes, at most {most:,} are read"
            )

    def _allowed(self, run_id: str) -> Run:
        if not RUN_ID.fullmatch(run_id):
            raise HiddenError(f"{run_id!r:.300} is no id of a run")
        with self.errors("cannot be searched"):
            found = parts_of_run(self.sql, run_id)
        # A run that is not there takes the same questions as one that is another's.
        experiment, size = found or ("0", 0)
        hidden = HiddenError(f"there is no run {run_id!r} that the user may read")
        if not self._permissions.readable([experiment]) or found is None:
            raise hidden
        if size > MOST_OF_A_RUN:
            raise TooMuchError(f"the run {run_id} holds {size:,} params, tags and metrics")
        if not self._permissions.may_read(run_id):
            raise hidden
        run: Any = super().run(run_id)
        if run.info.lifecycle_stage != LifecycleStage.ACTIVE or run.info.run_id != run_id:
            raise HiddenError(f"the run {run_id!r} is deleted")
        return run
