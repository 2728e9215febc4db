"""Processes that work for this one, and end when it does."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, ParamSpec, TypeVar

import torch

from sparse_lightning.terminal import guarded

P = ParamSpec("P")
T = TypeVar("T")


class Processes(ProcessPoolExecutor):
    """A pool of processes with so many threads of torch each, as a context.

    Where the context ends by an exception, what has not begun never does, and what is at work gets
    a KeyboardInterrupt, once. A process whose parent dies dies too: nobody would take its result,
    and its work would be in the way of whoever begins again. Each new process calls the picklable
    `prepare` before anything else.
    """

    def __init__(
        self,
        count: int,
        threads: int,
        prepare: Callable[..., None] | None = None,
        arguments: tuple[Any, ...] = (),
    ):
        # Not forked: CUDA and the threads of torch do not survive that.
        context = multiprocessing.get_context("spawn")
        self._stopped = context.Event()
        self._others = set(multiprocessing.active_children())
        super().__init__(
            count,
            context,
            initializer=_begin,
            initargs=(self._stopped, threads, prepare, arguments),
        )

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        with _without_interrupts():  # which the processes that begin here inherit
            return super().submit(_call, fn, args, kwargs)

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
        self.shutdown(cancel_futures=True)


class _without_interrupts:  # noqa: N801
    """Ignore Ctrl-C for a moment; a new process sets its own handler when it can report it."""

    def __enter__(self) -> None:
        self._main = threading.current_thread() is threading.main_thread()
        if self._main:
            self._handler = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def __exit__(self, *_: object) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._handler)


class _Worker:
    """The state of a process that works for another."""

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


def _call(function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    _Worker.busy = True
    try:
        if _Worker.interrupted or _Worker.stopped.is_set():
            raise KeyboardInterrupt
        return function(*args, **kwargs)
    finally:
        _Worker.busy = False


def _interrupt_once(number: int, frame: FrameType | None) -> None:
    """Interrupt what is at work, but once.

    A terminal interrupts all of its processes, and a parent those that work for it: the second
    interrupt must not stop what the first has set in motion.
    """
    first, _Worker.interrupted = not _Worker.interrupted, True
    if first and _Worker.busy:
        raise KeyboardInterrupt


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
