"""Several studies at the same time, each in a process of its own.

The step of a small population is many short operations, which a second thread hardly shortens: of
wine and CTG one thread makes as many steps a second as two. Hence a study a core.
"""

import multiprocessing
import threading
import time
from collections.abc import Generator, Mapping
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any, ClassVar

import torch

from sparse_lightning.address import Address
from sparse_lightning.errors import TrainingError
from sparse_lightning.project import Project
from sparse_lightning.training.processes import Processes
from sparse_lightning.training.progress import Progress, SilentProgress
from sparse_lightning.workflows.running import run


@dataclass(frozen=True)
class Trained:
    """A finished study: its name among those that were asked for, its run, and the time it took."""

    name: str
    run_id: str
    seconds: float


def usual_jobs() -> int:
    """How many studies are trained at a time: one a thread of torch, but one where there is a GPU,
    which runs the operations of one study after the other.
    """
    return 1 if torch.accelerator.is_available() else torch.get_num_threads()


def run_all(
    projects: Mapping[str, Project],
    jobs: int,
    tracking_uri: Address,
    folder: Path,
    progress: Progress | None,
    fresh: bool,
) -> Generator[Trained]:
    """Run studies, so many at a time, and give each when it is finished; close it to stop them.

    The first begin first; one is run by this process. Each report is written into a folder of
    `folder` with the name of its project. The first study that fails ends all with its error; a
    process that dies is a TrainingError.
    """
    progress = progress or SilentProgress()
    calls = {
        name: (name, project, tracking_uri, folder / project.name, fresh)
        for name, project in projects.items()
    }
    jobs = min(jobs, len(calls))
    if jobs <= 1:
        for name, call in calls.items():
            yield _run(*call, progress.beside(_title(projects[name])))
        return
    threads = max(1, torch.get_num_threads() // jobs)
    with (
        _Events(progress) as events,
        Processes(jobs, threads, _send_to, (events.queue,)) as processes,
    ):
        futures = [processes.submit(_run_here, call) for call in calls.values()]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise TrainingError(f"a process that trained a study has died: {error}") from error


def _run(
    name: str,
    project: Project,
    tracking_uri: Address,
    folder: Path,
    fresh: bool,
    progress: Progress,
) -> Trained:
    began = time.monotonic()
    study = run(project, tracking_uri, folder, progress, open_run="", fresh=fresh)
    return Trained(name, study.run_id, time.monotonic() - began)


def _run_here(call: tuple[Any, ...]) -> Trained:
    _, project, *_ = call
    return _run(*call, progress=_Sent(_title(project)))


def _title(project: Project) -> str:
    return f"{project.name}, "


def _send_to(events: "Queue[Any]") -> None:
    _Sent.events = events


class _Sent:
    """A progress whose events go to another process."""

    events: ClassVar["Queue[Any]"]

    def __init__(self, title: str):
        self._title = title

    def say(self, line: str) -> None:
        self.events.put((self._title, "say", (line,)))

    def start(self, stage: str, epochs: int, replicas: int) -> None:
        self.events.put((self._title, "start", (stage, epochs, replicas)))

    def advance(self) -> None:
        self.events.put((self._title, "advance", ()))

    def close(self) -> None: ...

    def beside(self, title: str) -> Progress:
        return _Sent(self._title + title)


class _Events:
    """Reports to a progress what other processes send, as a context.

    Each process has a progress of its own beside the given one.
    """

    def __init__(self, progress: Progress):
        self.queue: Queue[Any] = multiprocessing.get_context("spawn").Queue()
        self._progress = progress
        self._thread = threading.Thread(target=self._report, daemon=True)

    def __enter__(self) -> "_Events":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.queue.put(None)
        self._thread.join()

    def _report(self) -> None:
        beside: dict[str, Progress] = {}
        while (event := self.queue.get()) is not None:
            title, method, arguments = event
            if title not in beside:
                beside[title] = self._progress.beside(title)
            getattr(beside[title], method)(*arguments)
