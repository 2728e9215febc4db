"""Between a job and its store: what the store does not take at once is kept and told later."""

import logging
import time
from collections.abc import Callable, Iterable
from itertools import islice
from threading import Condition, Thread

from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from sparse_lightning.errors import UndeliveredError
from sparse_lightning.tracking import bulk
from sparse_lightning.tracking.delivery import RECORD, Delivery, passing
from sparse_lightning.tracking.records import Below, Record
from sparse_lightning.tracking.runs import FinishedRun
from sparse_lightning.tracking.spool import Job, Spool, shown
from sparse_lightning.tracking.store import Store, reason

logger = logging.getLogger(__name__)

PATIENCE = 120.0
"""In seconds: how long a store that takes nothing is waited for at the end of a job."""

PAUSES = (0.5, 10.0)
"""In seconds: the first pause before a record is told again, and the longest; each doubles."""

_LETTING_GO = 5.0
"""In seconds: how long a thread that is in the midst of a request is waited for."""


class Outbox:
    """Tells a store the records of a job, in their order and each once; never waits for it.

    A store whose database this process has open is told at once. What it does not take, and all
    that a server is told, goes by way of a spool on disk: a thread delivers it while the job goes
    on, and tells again what failed. `sparse-lightning deliver` delivers what is left of it.

    Args:
        store: that takes the records.
        run: of the job.
        job: what the spool says of it.
        spool: that holds records of the job already; default: a new one where one is needed.

    Raises:
        TrackingError: a spool is needed and cannot be written.
    """

    def __init__(self, store: Store, run: Run, job: Job, spool: Spool | None = None):
        self._store = store
        self._experiment_id = run.info.experiment_id
        self._job = job
        fast = bulk.takes(store)
        self._spool = Spool.create(job) if spool is None and not fast else spool
        # What was told in bulk, or by another process, may have arrived without an answer.
        self._careful = fast or spool is not None
        self._delivery = Delivery(store, run)
        self._changed = Condition()
        self._thread: Thread | None = None
        self._stopping = self._abandoned = self._done = False
        self._failed: Exception | None = None
        self._progress = time.monotonic()
        self._doubtful: list[FinishedRun] = []
        self._started = 0

    def put(self, record: Record) -> None:
        """Tell a record, or keep it to be told.

        Raises:
            TrackingError: it can be neither told nor kept.
        """
        if self._spool is None:
            try:
                self._delivery.tell(record)
                return
            except (MlflowException, OSError) as error:
                self._fall_back(error)
        self._keep(record)

    def put_runs(self, runs: Iterable[FinishedRun]) -> list[str]:
        """Tell of runs that are over.

        Returns:
            Their ids in their order; of those that are kept, what stands for the id until they are
            delivered, in the tag of the parent of runs that are put later.

        Raises:
            TrackingError: they can be neither told nor kept.
        """
        told: list[str] = []
        waiting = iter(runs)
        while chunk := list(islice(waiting, bulk.RUNS_A_TRANSACTION)):
            if self._spool is None:
                try:
                    told += bulk.write_runs(self._store, self._experiment_id, chunk)
                    continue
                except (MlflowException, OSError) as error:
                    self._fall_back(error)
            for run in chunk:
                # MLflow's pages list runs by their start; no two are to share one.
                self._started = max(int(time.time() * 1000), self._started + 1)
                told.append(f"{RECORD}{self._keep(Below(self._started, run))}")
        return told

    def settle(self, patience: float) -> None:
        """Wait until everything is delivered.

        Args:
            patience: in seconds, how long the store may take nothing.

        Raises:
            UndeliveredError: the store did not take everything.
        """
        spool, began = self._spool, time.monotonic()
        if spool is None:
            return
        with self._changed:
            self._start()
            while spool.left and not self._done:
                left = max(began, self._progress) + patience - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            if spool.left:
                raise self.undelivered()
        while self._doubtful:
            try:
                self._delivery.single(self._doubtful[-1])
            except (MlflowException, OSError) as error:
                logger.warning("it is not known whether a run is there twice: %s", reason(error))
            self._doubtful.pop()

    def close(self, keep: bool = False) -> None:
        """Let go of the spool, and remove it unless it holds something yet.

        Args:
            keep: leave a spool in any case, for `sparse-lightning deliver` to complete the job.
        """
        if self._spool is None and keep:
            self._spool = Spool.create(self._job)
        if self._spool is None:
            return
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_LETTING_GO)
        with self._changed:
            if self._thread is not None and not self._done:
                self._abandoned = True  # the thread closes the spool after its last request
            elif self._spool.left or keep:
                self._spool.close()
            else:
                self._spool.remove()

    def undelivered(self, why: str | None = None) -> UndeliveredError:
        """The error that says what the store lacks, where it lies and how it is delivered.

        Args:
            why: the store's reason; default: why the last record was not taken.
        """
        if self._spool is None:
            self._spool = Spool.create(self._job)
        left, folder = self._spool.left, shown(self._spool.folder)
        why = why or (reason(self._failed) if self._failed else "it does not answer")
        lacks = f"lacks {left} records" if left else "has everything, but the run is not complete"
        kept = f"what it lacks lies in {folder}, and " if left else ""
        report = " and writes the report" if self._job.report else ""
        return UndeliveredError(
            f"{self._job.name}: the tracking store {self._job.store} {lacks}: {why}. Nothing is "
            f"lost: {kept}`sparse-lightning deliver {folder}` completes the run{report}"
        )

    def _fall_back(self, error: Exception) -> None:
        self._spool = Spool.create(self._job)
        logger.warning(
            "the tracking store %s does not take everything: %s; it is kept in %s and told again",
            self._job.store,
            reason(error),
            shown(self._spool.folder),
        )

    def _keep(self, record: Record) -> int:
        assert self._spool is not None
        with self._changed:
            number = self._spool.append(record)
            self._start()
            self._changed.notify_all()
        return number

    def _start(self) -> None:
        if self._thread is None:
            # A request that hangs must not keep the process from ending: the spool outlasts both.
            self._thread = Thread(target=self._work, name="delivery", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        spool, pause, again = self._spool, PAUSES[0], False
        assert spool is not None
        try:
            while self._go_on(lambda: spool.left > 0):
                try:
                    self._next(spool, again)
                    pause, again = PAUSES[0], False
                except Exception as error:  # none may vanish with the thread
                    with self._changed:
                        self._failed = error
                    if not passing(error):
                        return
                    self._go_on(lambda: False, pause)
                    pause, again = min(2 * pause, PAUSES[1]), True
        finally:
            with self._changed:
                self._done = True
                if self._abandoned:
                    spool.close()
                self._changed.notify_all()

    def _next(self, spool: Spool, again: bool) -> None:
        number, record = spool.next
        run_id = self._delivery.tell(record, spool.runs, careful=again or self._careful)
        if again and isinstance(record, Below):
            self._doubtful.append(self._delivery.resolved(record.run, spool.runs))
        with self._changed:
            spool.mark(number, run_id)
            self._failed, self._progress = None, time.monotonic()
            self._changed.notify_all()

    def _go_on(self, ready: Callable[[], bool], timeout: float | None = None) -> bool:
        """Wait for something, at most so long; returns whether the thread is to go on."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or ready(), timeout)
            return not self._stopping
