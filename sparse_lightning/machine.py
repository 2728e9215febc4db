"""What the machine has."""

from contextlib import suppress
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
