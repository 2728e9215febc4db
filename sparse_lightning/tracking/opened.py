"""A run that is open while a job writes to it, and ends in any case."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from mlflow.entities import DatasetInput, Metric, Param, Run, RunTag

from sparse_lightning.address import Address
from sparse_lightning.errors import TrackingError, UnfinishedError
from sparse_lightning.tracking import bulk, names
from sparse_lightning.tracking.idempotent import open_once, single, tagged, write_in_bulk
from sparse_lightning.tracking.insisting import AT_ONCE, Requests, bounded_requests
from sparse_lightning.tracking.opening import (
    children_of,
    delete_with_children,
    job_tags,
    opening_of,
)
from sparse_lightning.tracking.owners import Heartbeat, end_abandoned, now
from sparse_lightning.tracking.runs import FinishedRun, log_files, requests_to_fill
from sparse_lightning.tracking.store import Store

logger = logging.getLogger(__name__)

LONGEST_PARAM = 6000
"""MLflow's own limit, in characters."""

PATIENCE = 120.0
"""In seconds: for how long a store that takes nothing is tried."""

AFTER_AN_ERROR = 5.0
"""In seconds: the most patience with the store of a job that has failed or was interrupted."""


class OpenedRun:
    """A context manager: the run ends as finished, failed or killed, as what is done inside does.

    What is added to the run itself is tried once, and where the store does not take it, again when
    runs are added beside it or the run ends, so that training never waits. The run names this
    process and says from time to time that it is there, so that the runs of processes that have
    died can be found and ended; those of its experiment are when it is entered.

    Args:
        store: the tracking store.
        kind: what the run holds; one run holds one such thing.
        name: the name of the run, and of the experiment that a new one is opened in.
        run_id: a run that is open already, as `mlflow run` opens one; default: a new run.
        key: the name of the job; the run that an earlier process has opened for it is gone on with,
            unless there is an open run already.
        replaces: whether that takes the place of the earlier one, which is then deleted with all
            below it; otherwise it is only where it holds nothing.
        patience: the seconds for which a store that takes nothing is tried.

    Raises:
        TrackingError: the store fails, or the open run holds something of this package already.
        InputError: there is no such run.
    """

    def __init__(
        self,
        store: Store,
        kind: str,
        name: str,
        run_id: str | None = None,
        *,
        key: str | None = None,
        replaces: bool = True,
        patience: float = PATIENCE,
    ):
        self.store = store
        self.name = name
        self.requests = Requests(store, name, patience)
        self._tags = job_tags(kind, name, key)
        opening = opening_of(store, name, self._tags, run_id, replaces, patience)
        run, self.resumed = opening.run, opening.resumed
        self.run_id, self.experiment_id = run.info.run_id, run.info.experiment_id
        self._artifacts = Address(str(run.info.artifact_uri))
        # Written twice, a point of a metric is one point only at the same time.
        self._time = int(run.info.start_time)
        self._opened_elsewhere = bool(run_id)
        self._doubtful: list[Mapping[str, str]] = [run.data.tags] if opening.repeated else []
        self._last_start = 0
        self._alive = ExitStack()

    def __enter__(self) -> Self:
        try:
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
        params: Mapping[str, object] | None = None,
        metrics: Mapping[str, float] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Add params, metrics and tags to the run; long params are cut."""
        texts = [Param(name, str(value)[:LONGEST_PARAM]) for name, value in (params or {}).items()]
        points = [
            Metric(name, float(value), self._time, 0) for name, value in (metrics or {}).items()
        ]
        marks = [RunTag(name, value) for name, value in (tags or {}).items()]
        self.requests.add(
            "a part of its description",
            lambda _: self.store.client.log_batch(self.run_id, points, texts, marks),
        )

    def text(self, content: str, file: str) -> None:
        """Add a text file."""
        self._file(content.encode(), file)

    def inputs(self, datasets: Iterable[DatasetInput]) -> None:
        """Add the data sets that the job was given."""
        given = list(datasets)
        self.requests.add(
            "its data set", lambda _: self.store.client.log_inputs(self.run_id, datasets=given)
        )

    def report(self, folder: Path, files: Iterable[str]) -> None:
        """Add the files of a report, and nothing else that the user keeps in its folder.

        Args:
            folder: the folder that the report was written into.
            files: their names in it, as patterns of `Path.glob`.
        """
        for file in sorted(path for pattern in files for path in folder.glob(pattern)):
            place = Path(names.REPORT_FOLDER) / file.relative_to(folder)
            self._file(file.read_bytes(), place.as_posix())

    def forget(self, tags: Mapping[str, str]) -> None:
        """Delete the runs of the experiment that have these tags, and those below them."""

        def delete(_: bool) -> None:
            for run in tagged(self.store, self.experiment_id, tags):
                delete_with_children(self.store, run)

        self.requests.add("that halves of trials are deleted", delete)

    def runs(self, finished: Iterable[FinishedRun], total: int, what: str) -> list[str]:
        """Add runs beside this one, in the fastest way that the store has.

        Args:
            finished: the runs, taken as many at a time as a request writes.
            total: how many they are.
            what: what a message calls them.

        Returns:
            Their ids in their order.

        Raises:
            UnfinishedError: the store does not take them.
        """
        self.requests.settle()
        ids: list[str] = []
        waiting = iter(finished)
        while chunk := list(islice(waiting, bulk.RUNS_A_TRANSACTION if self._fast else 1)):
            ids += self._write(chunk, f"{total - len(ids)} of {total} {what}")
        return ids

    @contextmanager
    def completing(self, what: str) -> Iterator[None]:
        """Read, inside, what the run holds; all that was added before is written first.

        Args:
            what: what the run lacks if that fails.

        Raises:
            UnfinishedError: the store does not take everything, or cannot be read.
        """
        self.requests.settle()
        self._delete_twins()
        try:
            yield
        except UnfinishedError:
            raise
        except TrackingError as error:
            raise UnfinishedError(
                f"{self.name}: the tracking store {self.store.uri} has every network, but not "
                f"{what}: {error}"
            ) from error

    def children(self) -> list[Run]:
        """The runs below this one that the store has.

        Raises:
            MlflowException, OSError: the store fails.
        """
        return children_of(self.store, self.run_id, self.experiment_id)

    @property
    def _fast(self) -> bool:
        return bulk.takes(self.store)

    def _write(self, chunk: list[FinishedRun], what: str) -> list[str]:
        """Write some runs in one transaction, or one in several requests, each insisted on."""
        # MLflow's pages list runs by their start; no two are to share one.
        started = self._last_start = max(int(time.time() * 1000), self._last_start + 1)
        repeated = False

        def write(again: bool) -> list[str]:
            nonlocal repeated
            repeated = again
            return write_in_bulk(self.store, self.experiment_id, chunk, careful=again)

        def open_first(again: bool) -> Run:
            nonlocal repeated
            repeated = again
            careful = again or self.resumed
            return open_once(self.store, self.experiment_id, chunk[0], started, careful)

        if self._fast:
            ids = self.requests.insist(what, write)
        else:
            (run,) = chunk
            opened = self.requests.insist(what, open_first)
            # The end of a run is written last. One without it may have been ended as abandoned.
            if opened.info.status != run.status:
                for fill in requests_to_fill(self.store, opened, run):
                    self.requests.insist(what, lambda _, fill=fill: fill())
            ids = [opened.info.run_id]
        if repeated:
            self._doubtful += [run.tags for run in chunk]
        return ids

    def _delete_twins(self) -> None:
        """Delete what a request has made that was given up, and done after its repetition."""
        for tags in self._doubtful:
            what = "nothing, but may hold a run twice"
            self.requests.insist(
                what, lambda _, tags=tags: single(self.store, self.experiment_id, tags)
            )

    def _file(self, content: bytes, path: str) -> None:
        self.requests.add(
            path, lambda _: log_files(self._artifacts, {path: content}, self.store.uri)
        )

    def _begin(self) -> None:
        with self.store.errors("does not go on with the run"):
            self.store.client.log_batch(
                self.run_id, tags=[RunTag(name, value) for name, value in self._tags.items()]
            )
            if self.resumed:
                self.store.client.update_run(self.run_id, status="RUNNING")
        end_abandoned(self.store, [self.experiment_id])
        self._alive.enter_context(Heartbeat(self._say))

    def _say(self) -> None:
        with self.store.errors("does not take a sign of life"):
            self.store.client.set_tag(self.run_id, names.SEEN, now())

    def _end(self, error: BaseException | None) -> None:
        ended = int(time.time() * 1000)

        def end(_: bool) -> None:
            self.store.end(self.run_id, _status(error), ended)

        if error is None:
            # `mlflow run` ends the run that it opened by this process's exit status.
            if not self._opened_elsewhere:
                self.requests.add("how the run ended", end)
            self.requests.settle()
            self._delete_twins()
            return
        self.requests.patience = min(AFTER_AN_ERROR, self.requests.patience)
        if isinstance(error, UnfinishedError):
            self.requests.give_up()
        try:
            with bounded_requests(repeats=0, seconds=AT_ONCE):
                self.requests.settle()
                self.requests.insist("how the run ended", end)
        except UnfinishedError as lacking:
            logger.debug("%s", lacking)  # it goes on, or is ended as abandoned


def _status(error: BaseException | None) -> str:
    if error is None:
        return "FINISHED"
    return "KILLED" if isinstance(error, KeyboardInterrupt | SystemExit) else "FAILED"
