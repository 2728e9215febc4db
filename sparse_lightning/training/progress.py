"""The progress of a long job: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from typing import Protocol, runtime_checkable

from sparse_lightning.terminal import console, echo


@runtime_checkable
class Progress(Protocol):
    """An observer of training, to which it reports stages and epochs."""

    def say(self, line: str) -> None:
        """A line that has to be read before anything is trained."""
        ...

    def start(self, stage: str, epochs: int, replicas: int) -> None:
        """A stage of so many epochs with so many networks begins."""
        ...

    def advance(self) -> None:
        """An epoch is done."""
        ...

    def close(self) -> None:
        """Nothing more will be reported."""
        ...

    def beside(self, title: str) -> "Progress":
        """The progress of one of several jobs at the same time; its titles begin with `title`."""
        ...


class SilentProgress:
    """Reports nothing."""

    def say(self, line: str) -> None: ...

    def start(self, stage: str, epochs: int, replicas: int) -> None: ...

    def advance(self) -> None: ...

    def close(self) -> None: ...

    def beside(self, title: str) -> Progress:
        return self


class Titled:
    """Reports to another progress, under titles that begin with `title`."""

    def __init__(self, progress: Progress, title: str):
        self._progress = progress
        self._title = title

    def say(self, line: str) -> None:
        self._progress.say(self._title + line)

    def start(self, stage: str, epochs: int, replicas: int) -> None:
        self._progress.start(self._title + stage, epochs, replicas)

    def advance(self) -> None:
        self._progress.advance()

    def close(self) -> None:
        self._progress.close()

    def beside(self, title: str) -> Progress:
        return self._progress.beside(self._title + title)


class TerminalProgress:
    """A bar with stage, epoch, replicas and time left on standard error.

    The bars of the progress `beside` are shown as well.
    """

    def __init__(self, title: str = "", beside: "TerminalProgress | None" = None) -> None:
        self._title = title
        self._task = None
        if beside is not None:
            self._bar = beside._bar
            return
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("{task.description}", markup=False),  # it begins with a project's name
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("epochs, {task.fields[replicas]} networks,"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console(stderr=True),
        )

    def say(self, line: str) -> None:
        echo(self._title + line, err=True)

    def start(self, stage: str, epochs: int, replicas: int) -> None:
        self._bar.start()
        if self._task is not None:  # a floor has many cycles: all their bars would fill the screen
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(self._title + stage, total=epochs, replicas=replicas)

    def advance(self) -> None:
        if self._task is not None:
            self._bar.advance(self._task)

    def close(self) -> None:
        self._bar.stop()

    def beside(self, title: str) -> Progress:
        return TerminalProgress(self._title + title, beside=self)


class LineProgress:
    """A line on standard error for every tenth of a stage."""

    def __init__(self, title: str = "") -> None:
        self._title = title
        self._stage, self._epochs, self._replicas, self._done = "", 0, 0, 0
        self._began = 0.0

    def say(self, line: str) -> None:
        echo(self._title + line, err=True)

    def start(self, stage: str, epochs: int, replicas: int) -> None:
        self._stage, self._epochs, self._replicas = self._title + stage, epochs, replicas
        self._done, self._began = 0, time.monotonic()
        echo(f"{self._stage}: {replicas} networks, {epochs} epochs", err=True)

    def advance(self) -> None:
        self._done += 1
        if self._done * 10 // self._epochs > (self._done - 1) * 10 // self._epochs:
            left = (time.monotonic() - self._began) / self._done * (self._epochs - self._done)
            line = f"{self._stage}: epoch {self._done} of {self._epochs}, {left:.0f} s left"
            echo(line, err=True)

    def close(self) -> None: ...

    def beside(self, title: str) -> Progress:
        return LineProgress(self._title + title)


def terminal_progress() -> Progress:
    """The progress that standard error can show."""
    return TerminalProgress() if sys.stderr.isatty() else LineProgress()
