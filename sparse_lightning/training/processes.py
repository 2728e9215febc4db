"""Processes that work for this one, and end when it does."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, TypeVar

import torch

from sparse_lightning.terminal import guarded

T = TypeVar("T")


class Processes:
    """A pool of processes with so many threads of torch each, as a context.

    Where the context ends by an exception, what has not begun never does, and what is at work gets
    a KeyboardInterrupt, once. A process whose parent dies dies too: nobody would take its result,
    and its work would be in the way of whoever begins again.

    Args:
        count: how many processes.
        threads: of torch in each.
        prepare: is called in each new process before anything else; picklable.
        arguments: of `prepare`.
    """

    def __init__(
        self,
        count: int,
        threads: int,
        prepare: Callable[..., None] | None = None,
        arguments: tuple[Any, ...] = (),
    ):
        # Not forked: CUDA and the threads of torch do not survive that.
        self.context = multiprocessing.get_context("spawn")
        self._stopped = self.context.Event()
        self._others = set(multiprocessing.active_children())
        self._pool = ProcessPoolExecutor(
            count,
            self.context,
            initializer=_begin,
            initargs=(self._stopped, threads, prepare, arguments),
        )

    def submit(self, function: Callable[..., T], *arguments: Any) -> "Future[T]":
        """Have a function called that a new process can import."""
        with _without_interrupts():  # which the processes that begin here inherit
            return self._pool.submit(_called, function, arguments)

    def __enter__(self) -> "Processes":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._stopped.set()
            for process in set(multiprocessing.active_children()) - self._others:
                if process.pid is not None:
                    with suppress(ProcessLookupError):  # one that has just died
                        os.kill(process.pid, signal.SIGINT)
        self._pool.shutdown(cancel_futures=True)


class _without_interrupts:  # noqa: N801
    """Ctrl-C is ignored for a moment; the new process asks for it when it can tell of it."""

    def __enter__(self) -> None:
        self._main = threading.current_thread() is threading.main_thread()
        if self._main:
            self._handler = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def __exit__(self, *_: object) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._handler)


class _Worker:
    """What a process that works for another knows of itself."""

    stopped: Any = None
    interrupted = False
    busy = False


def _begin(
    stopped: Any,
    threads: int,
    prepare: Callable[..., None] | None,
    arguments: tuple[Any, ...],
) -> None:
    _Worker.stopped = stopped
    signal.signal(signal.SIGINT, _interrupt_once)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    guarded().__enter__()  # for as long as the process lives
    if prepare is not None:
        prepare(*arguments)
    torch.set_num_threads(threads)


def _called(function: Callable[..., T], arguments: tuple[Any, ...]) -> T:
    _Worker.busy = True
    try:
        if _Worker.interrupted or _Worker.stopped.is_set():
            raise KeyboardInterrupt
        return function(*arguments)
    finally:
        _Worker.busy = False


def _interrupt_once(number: int, frame: FrameType | None) -> None:
    """Interrupt what is at work, but once.

    A terminal interrupts all of its processes, and the parent those that work for it: the second
    must not interrupt what the first has set in motion.
    """
    first, _Worker.interrupted = not _Worker.interrupted, True
    if first and _Worker.busy:
        raise KeyboardInterrupt


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
