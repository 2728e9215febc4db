"""Work done by a second process beside this one, on the other core."""

import multiprocessing
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess

PATIENCE = 30.0
"""In seconds: so long the second process may be at work after this one has done its own part."""


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[None]:
    """Have work done while the block runs; it is done when the block has ended.

    A copy of this process does it, where that is safe and saves time. Where it is not, and where
    the copy fails or takes too long, this process does it after the block, and has its errors. The
    work must leave nothing but files, and bear being done twice. If the block raises, it is
    stopped.
    """
    process = _begun(work) if _can_fork() else None
    try:
        yield
    except BaseException:
        if process is not None:
            process.kill()
            process.join()
        raise
    if process is None or not _succeeded(process):
        work()


def _can_fork() -> bool:
    """Whether a copy of this process can work: another thread could hold a lock for ever there.

    The threads of numerical libraries are not Python's; they know of forks. On macOS the system's
    own libraries do not.
    """
    return (
        sys.platform == "linux"
        and threading.active_count() == 1
        and not multiprocessing.current_process().daemon
        and len(os.sched_getaffinity(0)) > 1
    )


def _begun(work: Callable[[], object]) -> BaseProcess:
    process = multiprocessing.get_context("fork").Process(target=_do, args=(work,), daemon=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).*multi-threaded.*fork", DeprecationWarning)
        process.start()
    return process


def _do(work: Callable[[], object]) -> None:
    try:
        work()
    except BaseException:
        # Whoever waits for this does it again, and tells the user of the error.
        sys.exit(1)


def _succeeded(process: BaseProcess) -> bool:
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode == 0
