"""Which process has a run or a trial in hand, and whether it is still there."""

import os
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import psutil

from sparse_lightning.errors import SparseLightningError

RELEASED = "none"
"""The owner of a trial that its process has given up, as on Ctrl-C."""

BEAT = 60
"""In seconds: how often a process says that it is still there."""

LEASE = timedelta(minutes=10)
"""A process on another machine that has said nothing for so long is taken for dead. The clocks of
the machines may differ by a few minutes."""


def this_process() -> str:
    """Names this process: host, number, and when it began, since numbers are used again."""
    return f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time():.2f}"


def now() -> str:
    """The time as a process notes it when it says that it is there."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def at_work(owner: str, seen: Mapping[str, str]) -> bool:
    """Whether a process may still be at work on what it has in hand.

    On this machine that is looked up; on others a process counts as being at work as long as it
    says so.

    Args:
        owner: as `this_process` names it.
        seen: when each process was there the last time, as `now` notes it.
    """
    if owner == RELEASED:
        return False
    host, number, began = owner.rsplit(" ", 2)
    if host != socket.gethostname():
        return owner in seen and datetime.now(UTC) - datetime.fromisoformat(seen[owner]) < LEASE
    try:
        process = psutil.Process(int(number))
        return f"{process.create_time():.2f}" == began and process.status() != "zombie"
    except psutil.NoSuchProcess:
        return False


class Heartbeat:
    """A context manager inside which something is done every `BEAT` seconds, beside all else.

    Args:
        beat: what is done. Where it fails with an error of this package, it is tried again at its
            next time: what is done beside it will run into the same failure and tell.
    """

    def __init__(self, beat: Callable[[], None]):
        self._beat = beat
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _go_on(self) -> None:
        while not self._over.wait(BEAT):
            try:
                self._beat()
            except SparseLightningError:
                continue
