"""A run that is open while a job writes to it, and ends in any case."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from sparse_lightning.errors import TrackingError
from sparse_lightning.tracking import names
from sparse_lightning.tracking.abandoned import end_abandoned
from sparse_lightning.tracking.origin import source_tags
from sparse_lightning.tracking.owners import Heartbeat, now, this_process
from sparse_lightning.tracking.store import Store

LONGEST_PARAM = 6000
"""MLflow's own limit, in characters."""


class OpenedRun:
    """A context manager: the run ends as finished, failed or killed, as what is done inside does.

    It names this process and says from time to time that it is there, so that the runs of processes
    that have died can be told and ended; those of its experiment are when it is entered.

    Args:
        store: where to write.
        kind: what the run holds; one run holds one such thing.
        name: of the run, and of the experiment that a new one is opened in.
        run_id: a run that is open already, as `mlflow run` opens one; default: a new run.
        key: of the job; the run that an earlier process has opened for it is gone on with, or, if
            there is an open run already, deleted with all below it.

    Raises:
        TrackingError: the store fails, or the open run holds something of this package already.
        InputError: there is no such run.

    Attributes:
        resumed: whether an earlier process has worked on the run.
    """

    def __init__(
        self,
        store: Store,
        kind: str,
        name: str,
        run_id: str | None = None,
        key: str | None = None,
    ):
        self.store = store
        self._kind = kind
        self._name = name
        self._key = key
        self._opened_elsewhere = run_id is not None
        self._alive = ExitStack()
        self.resumed = False
        earlier = self._earlier()
        if run_id:
            self.run_id, self.experiment_id = self._join(run_id)
            for run in earlier:
                if run.info.run_id != run_id:
                    self._delete(run)
        elif earlier:
            self.resumed = True
            info = earlier[0].info
            self.run_id, self.experiment_id = info.run_id, info.experiment_id
        else:
            self.run_id, self.experiment_id = self._open()

    def __enter__(self) -> Self:
        try:
            self.describe(tags=self._tags())
            if self.resumed:
                with self.store.errors("does not go on with the run"):
                    self.store.client.update_run(self.run_id, status="RUNNING")
            end_abandoned(self.store, [self.experiment_id])
            self._alive.enter_context(Heartbeat(lambda: self.describe(tags={names.SEEN: now()})))
        except BaseException as error:  # Python calls __exit__ only for what has been entered
            self._end(error)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._alive.close()
        self._end(error)

    def describe(
        self,
        params: Mapping[str, Any] | None = None,
        metrics: Mapping[str, float] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Add params, metrics and tags to the run; long params are cut."""
        now = int(time.time() * 1000)
        with self.store.errors("does not take the run"):
            self.store.client.log_batch(
                self.run_id,
                metrics=[
                    Metric(name, float(value), now, 0) for name, value in (metrics or {}).items()
                ],
                params=[
                    Param(name, str(value)[:LONGEST_PARAM])
                    for name, value in (params or {}).items()
                ],
                tags=[RunTag(name, value) for name, value in (tags or {}).items()],
            )

    def text(self, content: str, file: str) -> None:
        """Add a text file."""
        with self.store.errors(f"does not take {file}"):
            self.store.client.log_text(self.run_id, content, file)

    def report(self, folder: Path, files: Iterable[str]) -> None:
        """Add the files of a report, and nothing else that the user keeps in its folder.

        Args:
            folder: that the report was written into.
            files: their names in it, as patterns of `Path.glob`.
        """
        with self.store.errors("does not take the report"):
            for file in sorted(path for pattern in files for path in folder.glob(pattern)):
                place = Path(names.REPORT_FOLDER) / file.parent.relative_to(folder)
                self.store.client.log_artifact(self.run_id, str(file), place.as_posix())

    def children(self) -> list[Run]:
        """The runs below this one."""
        return self.store.search(
            [self.experiment_id], f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{self.run_id}'"
        )

    def _end(self, error: BaseException | None) -> None:
        with self.store.errors("does not end the run"):
            if error is not None:
                unfinished = (
                    f"tags.mlflow.parentRunId = '{self.run_id}' and attributes.status = 'RUNNING'"
                )
                for run in self.store.search([self.experiment_id], unfinished):
                    self.store.client.set_terminated(run.info.run_id, _status(error))
            # `mlflow run` ends the run that it opened by this process's exit status.
            if not self._opened_elsewhere or error is not None:
                self.store.client.set_terminated(self.run_id, _status(error))

    def _open(self) -> tuple[str, str]:
        experiment = self.store.experiment(self._name)
        with self.store.errors("does not open a run"):
            run = self.store.client.create_run(
                experiment.experiment_id,
                run_name=self._name,
                tags={**source_tags(), **self._tags()},
            )
        return run.info.run_id, run.info.experiment_id

    def _join(self, run_id: str) -> tuple[str, str]:
        run = self.store.run(run_id)
        self.resumed = self._key is not None and run.data.tags.get(names.KEY) == self._key
        if names.KIND in run.data.tags and not self.resumed:
            raise TrackingError(
                f"the run {run_id} (MLFLOW_RUN_ID) holds a study already; unset MLFLOW_RUN_ID to "
                "start a run of its own"
            )
        return run_id, run.info.experiment_id

    def _tags(self) -> dict[str, str]:
        return {
            names.KIND: self._kind,
            MLFLOW_RUN_NAME: self._name,
            names.OWNER: this_process(),
            names.SEEN: now(),
            **({} if self._key is None else {names.KEY: self._key}),
        }

    def _earlier(self) -> list[Run]:
        """The runs that earlier processes have opened for this job: one, or none."""
        if self._key is None:
            return []
        with self.store.errors("cannot be searched"):
            everywhere = [e.experiment_id for e in self.store.client.search_experiments()]
        return self.store.search(everywhere, f"tags.`{names.KEY}` = '{self._key}'")

    def _delete(self, run: Run) -> None:
        below = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run.info.run_id}'"
        children = self.store.search([run.info.experiment_id], below)
        with self.store.errors("does not delete the run that this one takes the place of"):
            for one in (*children, run):
                self.store.client.delete_run(one.info.run_id)


class JobWriter(ABC):
    """What writes a job into a run of its own; a context manager that ends the run in any case.

    Args:
        run: of the job.
    """

    def __init__(self, run: OpenedRun):
        self._run = run
        self._open = ExitStack()

    @property
    def run_id(self) -> str:
        """Of the job's run."""
        return self._run.run_id

    def __enter__(self) -> Self:
        # Python calls __exit__ only for what has been entered: a failure in here ends the run too.
        with ExitStack() as stack:
            stack.enter_context(self._run)
            self._begin(stack)
            self._open = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.__exit__(kind, error, trace)

    @abstractmethod
    def _begin(self, stack: ExitStack) -> None:
        """Describe the job; what is entered into the stack ends before the run does."""


def _status(error: BaseException | None) -> str:
    if error is None:
        return "FINISHED"
    return "KILLED" if isinstance(error, KeyboardInterrupt | SystemExit) else "FAILED"
