"""Which process has a run or a trial in hand, and the runs of those that have died."""

import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Self

import psutil
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning.errors import SparseLightningError
from sparse_lightning.tracking import names
from sparse_lightning.tracking.store import Store

RELEASED = "none"
"""The owner of a trial that its process has given up, as on Ctrl-C."""

BEAT = 60
"""In seconds: how often a process says that it is still there."""

LAST_BEAT = 5.0
"""In seconds: how long a beat is waited for at the end."""

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
    """Whether a process may still be at work on what it has in hand. On this machine that is looked
    up; on others a process counts as being at work as long as it says so: `seen` has the time of
    its last sign, as `now` notes it, by `owner`, as `this_process` names it.
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
    """A context manager inside which `beat` is called every `BEAT` seconds, beside all else. Where
    it fails with an error of this package, it is called again at its next time: what is done beside
    it will run into the same failure and raise it.
    """

    def __init__(self, beat: Callable[[], None]):
        self._beat = beat
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        # A beat that gets no answer must not keep a process from ending.
        self._thread.join(LAST_BEAT)

    def _go_on(self) -> None:
        while not self._over.wait(BEAT):
            try:
                self._beat()
            except SparseLightningError:
                continue


def end_abandoned(store: Store, experiments: Sequence[str] | None = None) -> list[str]:
    """End the running runs of this package whose process is dead, and those below them; returns
    their ids.

    A process of this machine is looked up. One of another machine counts as dead when its run has
    had no sign of life for the time of `LEASE`. Runs that name no process are left alone. Without
    ids of experiments all are looked into.
    """
    if experiments is None:
        with store.errors("cannot be searched"):
            experiments = [found.experiment_id for found in store.client.search_experiments()]
    condition = f"attributes.status = 'RUNNING' and tags.`{names.KIND}` != ''"
    running = store.search(list(experiments), condition)
    known = {run.info.run_id: run for run in running}
    dead = [run.info.run_id for run in running if _abandoned(store, run, known)]
    with store.errors("does not end a run whose process has died"):
        for run_id in dead:
            store.end(run_id, "KILLED")
    return dead


def _abandoned(store: Store, run: Run, known: dict[str, Run]) -> bool:
    """Whether the process of a run, or of the one that it is below, has died."""
    tags = run.data.tags
    while names.OWNER not in tags and MLFLOW_PARENT_RUN_ID in tags:
        parent = tags[MLFLOW_PARENT_RUN_ID]
        if parent not in known:
            known[parent] = store.run(parent)
        tags = known[parent].data.tags
    owner = tags.get(names.OWNER)
    if owner is None:
        return False
    return not at_work(owner, {owner: tags[names.SEEN]} if names.SEEN in tags else {})
