"""The run of a job: open while the job writes to it, and ended in any case."""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Self

from mlflow.entities import DatasetInput, Metric, Param, Run, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME

from sparse_lightning.address import Address
from sparse_lightning.errors import TrackingError, UnfinishedError
from sparse_lightning.tracking import finished_runs, names
from sparse_lightning.tracking._mlflow import is_drawn_name
from sparse_lightning.tracking.finished_runs import FinishedRun, log_files, requests_to_fill
from sparse_lightning.tracking.once import (
    children_of,
    delete_with_children,
    job_tags,
    open_once,
    opening_of,
    single,
    tagged,
    write_in_bulk,
)
from sparse_lightning.tracking.owners import Heartbeat, end_abandoned, now
from sparse_lightning.tracking.retrying import AT_ONCE, Requests, bounded_requests
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
    process and gives a sign of life every minute, so that the runs of dead processes can be found
    and ended; those of its experiment are when it is entered.

    `kind` says what the run holds: one run holds one such thing. `run_id` is a run that is open
    already, as `mlflow run` opens one. Else `key` names the job: the run that an earlier process
    has opened for it is gone on with. An earlier run that is not gone on with is deleted with all
    below it where this one `replaces` it, otherwise only if it holds nothing. `patience` is in
    seconds. A `TrackingError` says that the store fails or the open run holds a job already, an
    `InputError` that there is no such run.
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
        given = run.info.run_name or ""
        if run_id and given and not is_drawn_name(given):
            del self._tags[MLFLOW_RUN_NAME]  # of `mlflow run --run-name`
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

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
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

    def mark(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Add tags to a run below this one."""
        marks = [RunTag(name, value) for name, value in tags.items()]
        self.requests.add(
            "a tag of one of its networks",
            lambda _: self.store.client.log_batch(run_id, tags=marks),
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
        """Add the files of a report by patterns of `Path.glob`, and nothing else that the user has
        in its folder.
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
        """Add `total` runs, which messages call `what`, beside this one in the fastest way that the
        store has, and return their ids. They are taken one by one, or as many at a time as a
        transaction writes. An `UnfinishedError` says how many of them the store lacks.
        """
        self.requests.settle()
        ids: list[str] = []
        waiting = iter(finished)
        while chunk := list(islice(waiting, finished_runs.RUNS_A_TRANSACTION if self._fast else 1)):
            ids += self._write(chunk, f"{total - len(ids)} of {total} {what}")
        return ids

    @contextmanager
    def completing(self, what: str) -> Iterator[None]:
        """Read, inside, what the run holds; all that was added before is written first. An
        `UnfinishedError` says that the store does not take it, or that the run lacks `what`.
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
        """The runs below this one that the store has; with the errors of MLflow's client."""
        return children_of(self.store, self.run_id, self.experiment_id)

    @property
    def _fast(self) -> bool:
        return finished_runs.takes(self.store)

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


class JobWriter(ABC):
    """What writes a job into a run of its own; a context manager that ends the run in any case."""

    def __init__(self, run: OpenedRun):
        self._run = run
        self._open = ExitStack()

    @property
    def run(self) -> OpenedRun:
        return self._run

    @property
    def run_id(self) -> str:
        return self._run.run_id

    def __enter__(self) -> Self:
        # Python calls __exit__ only for what has been entered: a failure in here ends the run too.
        with ExitStack() as stack:
            stack.enter_context(self._run)
            self._begin(stack)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._open.__exit__(*error)

    @abstractmethod
    def _begin(self, stack: ExitStack) -> None:
        """Describe the job; what is entered into the stack ends before the run does."""
