"""A run that is open while a job writes to it, and ends in any case."""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from mlflow.entities import DatasetInput, Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from sparse_lightning.errors import TrackingError, UndeliveredError
from sparse_lightning.tracking import names
from sparse_lightning.tracking.abandoned import end_abandoned
from sparse_lightning.tracking.delivery import passing, single
from sparse_lightning.tracking.origin import source_tags
from sparse_lightning.tracking.outbox import PATIENCE, PAUSES, Outbox
from sparse_lightning.tracking.owners import Heartbeat, now, this_process
from sparse_lightning.tracking.records import Attached, Described, Ended, Forgotten, Given
from sparse_lightning.tracking.runs import FinishedRun
from sparse_lightning.tracking.spool import Job, Spool, spool_folder, spools_in
from sparse_lightning.tracking.store import Store, retries

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
        earlier = _earlier(store, key) if key else []
        known = {run.info.run_id for run in earlier}
        complete_left(store, lambda job: job.run_id in known)
        if run_id:
            run = _joined(store, run_id, key)
            for other in earlier:
                if other.info.run_id != run_id:
                    _delete(store, other)
        else:
            run = earlier[0] if earlier else _opened(store, name, _tags(kind, name, key), patience)
        resumed = run.info.run_id in known
        job = Job(
            kind,
            name,
            run.info.run_id,
            store.shown,
            str(report.absolute()) if report else "",
            str(folder.absolute()) if folder else "",
        )
        try:
            return cls(store, run, job, run_id is not None, patience, key=key, resumed=resumed)
        except TrackingError:
            with suppress(MlflowException, OSError):
                store.client.set_terminated(run.info.run_id, "FAILED")
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
        return self.store.search(
            [self.experiment_id], f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{self.run_id}'"
        )

    def _begin(self) -> None:
        self.describe(tags=_tags(self._job.kind, self._job.name, self._key))
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
        if job.store != store.shown or not wanted(job):
            spool.close()
            continue
        with OpenedRun.resume(store, spool) as run:
            run.end("KILLED")


class JobWriter(ABC):
    """What writes a job into a run of its own; a context manager that ends the run in any case.

    Args:
        run: of the job.
    """

    def __init__(self, run: OpenedRun):
        self._run = run
        self._open = ExitStack()

    @property
    def run(self) -> OpenedRun:
        """The job's run."""
        return self._run

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


def _opened(store: Store, name: str, tags: Mapping[str, str], patience: float) -> Run:
    """A new run in the experiment of this name, once and no more than once."""
    experiment = store.experiment(name)
    tags = {**source_tags(), names.KEY: uuid4().hex, **tags}
    until, pause, run = time.monotonic() + patience, PAUSES[0], None
    while run is None:
        with store.errors("does not open a run"):
            try:
                # MLflow's client would make one more run each time that it does not get an answer.
                with retries(0):
                    run = store.client.create_run(
                        experiment.experiment_id, run_name=name, tags=tags
                    )
            except (MlflowException, OSError) as error:
                if not passing(error) or time.monotonic() > until:
                    raise
                time.sleep(pause)
                pause = min(2 * pause, PAUSES[1])
                with suppress(MlflowException, OSError):
                    run = single(store, experiment.experiment_id, tags)
    return run


def _joined(store: Store, run_id: str, key: str | None) -> Run:
    run = store.run(run_id)
    resumed = key is not None and run.data.tags.get(names.KEY) == key
    if names.KIND in run.data.tags and not resumed:
        raise TrackingError(
            f"the run {run_id} (MLFLOW_RUN_ID) holds a study already; unset MLFLOW_RUN_ID to "
            "start a run of its own"
        )
    return run


def _earlier(store: Store, key: str) -> list[Run]:
    """The runs that earlier processes have opened for a job: one, or none."""
    with store.errors("cannot be searched"):
        everywhere = [e.experiment_id for e in store.client.search_experiments()]
    return store.search(everywhere, f"tags.`{names.KEY}` = '{key}'")


def _delete(store: Store, run: Run) -> None:
    below = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run.info.run_id}'"
    children = store.search([run.info.experiment_id], below)
    with store.errors("does not delete the run that this one takes the place of"):
        for one in (*children, run):
            store.client.delete_run(one.info.run_id)


def _tags(kind: str, name: str, key: str | None) -> dict[str, str]:
    return {
        names.KIND: kind,
        MLFLOW_RUN_NAME: name,
        names.OWNER: this_process(),
        names.SEEN: now(),
        **({} if key is None else {names.KEY: key}),
    }


def _now() -> int:
    return int(time.time() * 1000)


def _status(error: BaseException | None) -> str:
    if error is None:
        return "FINISHED"
    return "KILLED" if isinstance(error, KeyboardInterrupt | SystemExit) else "FAILED"
