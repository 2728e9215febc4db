"""Which process has a trial in hand, and whether it is still there."""

import os
import socket

import psutil

RELEASED = "none"
"""The owner of a trial that its process has given up, as on Ctrl-C."""


def this_process() -> str:
    """Names this process: host, number, and when it began, since numbers are used again."""
    return f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time():.2f}"


def at_work(owner: str) -> bool:
    """Whether a process may still be at work on its trials.

    Of a process on another machine nothing is known, so that it counts as being at work.

    Args:
        owner: as `this_process` names it.
    """
    if owner == RELEASED:
        return False
    host, number, began = owner.rsplit(" ", 2)
    if host != socket.gethostname():
        return True
    try:
        process = psutil.Process(int(number))
        return f"{process.create_time():.2f}" == began and process.status() != "zombie"
    except psutil.NoSuchProcess:
        return False
