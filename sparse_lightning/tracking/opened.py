"""A run that is open while a job writes to it, and ends in any case."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mlflow.entities import DatasetInput, Run
from mlflow.exceptions import MlflowException

from sparse_lightning.errors import TrackingError, UndeliveredError
from sparse_lightning.tracking import names
from sparse_lightning.tracking.abandoned import end_abandoned
from sparse_lightning.tracking.opening import (
    children_of,
    delete_with_children,
    earlier_runs,
    job_tags,
    joined_run,
    new_run,
)
from sparse_lightning.tracking.outbox import PATIENCE, Outbox
from sparse_lightning.tracking.owners import Heartbeat, now
from sparse_lightning.tracking.records import Attached, Described, Ended, Forgotten, Given
from sparse_lightning.tracking.runs import FinishedRun
from sparse_lightning.tracking.spool import Job, Spool, spool_folder, spools_in
from sparse_lightning.tracking.store import Store

logger = logging.getLogger(__name__)

LONGEST_PARAM = 6000
"""MLflow's own limit, in characters."""

AFTER_AN_ERROR = 5.0
"""In seconds: the most patience with the store of a job that has failed or was interrupted."""


class OpenedRun:
    """A context manager: the run ends as finished, failed or killed, as what is done inside does.

    What is added to the run goes by way of an `Outbox`: a store that fails keeps no job waiting.
    The run names this process and says from time to time that it is there, so that the runs of
    processes that have died can be told and ended; those of its experiment are when it is entered.

    Args:
        store: where to write.
        run: that is open.
        job: what a spool says of it.
        opened_elsewhere: whether another program ends it.
        patience: with a store that takes nothing, in seconds.
        spool: of a job that was broken off; default: the job begins, or goes on.
        key: by which a later process finds the run of the job.
        resumed: whether an earlier process has worked on the run.

    Raises:
        TrackingError: what the store cannot take at once can be kept nowhere.

    Attributes:
        resumed: whether an earlier process has worked on the run.
    """

    def __init__(
        self,
        store: Store,
        run: Run,
        job: Job,
        opened_elsewhere: bool = False,
        patience: float = PATIENCE,
        spool: Spool | None = None,
        key: str | None = None,
        resumed: bool = False,
    ):
        self.store = store
        self.resumed = resumed
        self._key = key
        self.run_id, self.experiment_id = run.info.run_id, run.info.experiment_id
        self._job = job
        self._begins = spool is None
        self._opened_elsewhere = opened_elsewhere
        self._patience = patience
        # Of a job that was broken off, the spool may hold the end.
        self._ended = spool is not None and spool.ended
        self._outbox = Outbox(store, run, job, spool)
        self._alive = ExitStack()

    @classmethod
    def open(
        cls,
        store: Store,
        kind: str,
        name: str,
        run_id: str | None = None,
        *,
        key: str | None = None,
        report: Path | None = None,
        folder: Path | None = None,
        patience: float = PATIENCE,
    ) -> Self:
        """The run of a job that begins, or that an earlier process has begun.

        Args:
            store: where to write.
            kind: what the run holds; one run holds one such thing.
            name: of the run, and of the experiment that a new one is opened in.
            run_id: a run that is open already, as `mlflow run` opens one; default: a new run.
            key: of the job; the run that an earlier process has opened for it is gone on with, or,
                if there is an open run already, deleted with all below it.
            report: the folder of the report, for `sparse-lightning deliver` to write it.
            folder: that the paths in the project file start at.
            patience: with a store that takes nothing, in seconds.

        Raises:
            TrackingError: the store fails, or the open run holds something of this package already.
            InputError: there is no such run.
        """
        earlier = earlier_runs(store, key) if key else []
        known = {run.info.run_id for run in earlier}
        if known:  # else there is nothing to look through the spools for
            complete_left(store, lambda job: job.run_id in known)
        if run_id:
            run = joined_run(store, run_id, key)
            for other in earlier:
                if other.info.run_id != run_id:
                    delete_with_children(store, other)
        else:
            tags = job_tags(kind, name, key)
            run = earlier[0] if earlier else new_run(store, name, tags, patience)
        resumed = run.info.run_id in known
        job = Job(
            kind,
            name,
            run.info.run_id,
            store.uri,
            str(report.absolute()) if report else "",
            str(folder.absolute()) if folder else "",
        )
        try:
            return cls(store, run, job, run_id is not None, patience, key=key, resumed=resumed)
        except TrackingError:
            with suppress(MlflowException, OSError):
                store.end(run.info.run_id, "FAILED")
            raise

    @classmethod
    def resume(cls, store: Store, spool: Spool, patience: float = PATIENCE) -> Self:
        """The run of a job that was broken off, with what its store has not taken.

        Raises:
            InputError: the store has no such run.
            TrackingError: the store fails.
        """
        run = store.run(spool.job.run_id)
        return cls(store, run, spool.job, patience=patience, spool=spool)

    def __enter__(self) -> Self:
        try:
            if self._begins:
                self._begin()
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
        self._outbox.put(
            Described(
                _now(),
                {name: str(value)[:LONGEST_PARAM] for name, value in (params or {}).items()},
                {name: float(value) for name, value in (metrics or {}).items()},
                dict(tags or {}),
            )
        )

    def text(self, content: str, file: str) -> None:
        """Add a text file."""
        self._outbox.put(Attached(file, content.encode()))

    def inputs(self, datasets: Iterable[DatasetInput]) -> None:
        """Add the data sets that the job was given."""
        self._outbox.put(Given([dict(given.dataset) for given in datasets]))

    def runs(self, finished: Iterable[FinishedRun]) -> list[str]:
        """Add runs beside this one, in the fastest way that the store has.

        Returns:
            Their ids in their order, or what stands for them as the parents of later ones.
        """
        return self._outbox.put_runs(finished)

    def forget(self, tags: Mapping[str, str]) -> None:
        """Delete the runs of the experiment that have these tags, and those below them."""
        self._outbox.put(Forgotten(dict(tags)))

    def report(self, folder: Path, files: Iterable[str]) -> None:
        """Add the files of a report, and nothing else that the user keeps in its folder.

        Args:
            folder: that the report was written into.
            files: their names in it, as patterns of `Path.glob`.
        """
        for file in sorted(path for pattern in files for path in folder.glob(pattern)):
            place = Path(names.REPORT_FOLDER) / file.relative_to(folder)
            self._outbox.put(Attached(place.as_posix(), file.read_bytes()))

    def end(self, status: str) -> None:
        """End the run as `FINISHED`, `FAILED` or `KILLED`; else what is done inside decides."""
        self._outbox.put(Ended(_now(), status))
        self._ended = True

    @contextmanager
    def completing(self) -> Iterator[None]:
        """Read, inside, what the run holds: everything is delivered before.

        Raises:
            UndeliveredError: the store does not take everything, or cannot be read.
        """
        self._outbox.settle(self._patience)
        try:
            yield
        except UndeliveredError:
            raise
        except TrackingError as error:
            raise self._outbox.undelivered(str(error)) from error

    def children(self) -> list[Run]:
        """The runs below this one that the store has."""
        return children_of(self.store, self.run_id, self.experiment_id)

    def _begin(self) -> None:
        self.describe(tags=job_tags(self._job.kind, self._job.name, self._key))
        if self.resumed:
            with self.store.errors("does not go on with the run"):
                self.store.client.update_run(self.run_id, status="RUNNING")
        end_abandoned(self.store, [self.experiment_id])
        self._alive.enter_context(Heartbeat(self._say))

    def _say(self) -> None:
        # Not by way of the outbox: a store that cannot be reached need not hear of it later.
        with self.store.errors("does not take a sign of life"):
            self.store.client.set_tag(self.run_id, names.SEEN, now())

    def _end(self, error: BaseException | None) -> None:
        keep = True
        try:
            if isinstance(error, UndeliveredError):
                return
            # `mlflow run` ends the run that it opened by this process's exit status.
            if error is not None or not (self._ended or self._opened_elsewhere):
                self.end(_status(error))
            patience = self._patience if error is None else min(AFTER_AN_ERROR, self._patience)
            self._outbox.settle(patience)
            keep = False
        except TrackingError as undelivered:
            if error is None:
                raise
            logger.warning("%s", undelivered)
        finally:
            self._outbox.close(keep)


def complete_left(store: Store, wanted: Callable[[Job], bool]) -> None:
    """Deliver what jobs of a store have left, as a job does that takes their place.

    Their runs end as killed. What another process has in hand, and what is damaged, stays; the
    user is told.

    Args:
        store: that lacks it.
        wanted: which jobs.

    Raises:
        UndeliveredError: the store does not take it.
        TrackingError: the store fails.
    """
    for folder in spools_in(spool_folder()):
        try:
            spool = Spool(folder)
        except TrackingError as error:
            logger.warning("%s", error)
            continue
        job = spool.job
        if str(job.store) != str(store.uri) or not wanted(job):
            spool.close()
            continue
        with OpenedRun.resume(store, spool) as run:
            run.end("KILLED")


def _now() -> int:
    return int(time.time() * 1000)


def _status(error: BaseException | None) -> str:
    if error is None:
        return "FINISHED"
    return "KILLED" if isinstance(error, KeyboardInterrupt | SystemExit) else "FAILED"
