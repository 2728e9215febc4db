"""Work that makes much and lets nothing of it go need not look for garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
