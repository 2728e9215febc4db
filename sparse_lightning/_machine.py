"""What the machine has, and when Python need not look for garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where Linux tells a container what it may use."""


def machine_bytes() -> int:
    """The memory of this machine, or what a container may use of it."""
    found = psutil.virtual_memory().total
    for file in LIMITS:
        with suppress(OSError, ValueError):  # no container, or the word `max`
            found = min(found, int(Path(file).read_text(encoding="ascii")))
    return found


@contextmanager
def uncollected() -> Iterator[None]:
    """Do not look, inside, for cycles of objects that nothing refers to any more.

    Python looks through all objects there are whenever their number has grown by a quarter. What
    reads 100,000 values and keeps them spends half its time on that, to find nothing. Two threads
    may be inside at once: the first to leave lets Python look again.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
