"""Writing to a store that fails: tried again with growing pauses, for as long as that helps."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any, TypeVar

from mlflow.environment_variables import (
    MLFLOW_HTTP_REQUEST_MAX_RETRIES,
    MLFLOW_HTTP_REQUEST_TIMEOUT,
)
from mlflow.exceptions import MlflowException
from requests import HTTPError, RequestException

from sparse_lightning.errors import UnfinishedError
from sparse_lightning.secrets import cleaned
from sparse_lightning.tracking.store import Store, reason

logger = logging.getLogger(__name__)

PAUSES = (0.5, 10.0)
"""In seconds: the first pause before a store is tried again, and the longest; each doubles."""

AT_ONCE = 10
"""In seconds: how long an answer is waited for where what is written can be written later."""

_PASSING = {
    "ABORTED",
    "DEADLINE_EXCEEDED",
    "INTERNAL_ERROR",
    "REQUEST_LIMIT_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "TEMPORARILY_UNAVAILABLE",
}

_LASTING_IN_SQLITE = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CORRUPT")

_SETTINGS = RLock()

T = TypeVar("T")


class Requests:
    """What a job writes to its store: what can be written later waits, the rest is insisted on for
    `patience` seconds.
    """

    def __init__(self, store: Store, name: str, patience: float):
        self.patience = patience
        self._store = store
        self._name = name
        self._waiting: deque[tuple[str, Callable[[bool], object]]] = deque()

    def add(self, what: str, write: Callable[[bool], object]) -> None:
        """Write something now or, where the store does not take it, when all is settled; an
        `UnfinishedError` is raised at once where that will not pass by itself.
        """
        self._waiting.append((what, write))
        if len(self._waiting) > 1:
            return
        try:
            with bounded_requests(repeats=0, seconds=AT_ONCE):
                write(False)
            self._waiting.popleft()
        except Exception as error:
            if not passing(error):
                raise self._lacks(what, error) from cleaned(error)
            logger.warning("%s; it is tried again later", self._lacks(what, error))

    def settle(self) -> None:
        """Write what waits, or raise an `UnfinishedError`."""
        while self._waiting:
            self.insist(*self._waiting[0])
            self._waiting.popleft()

    def insist(self, what: str, write: Callable[[bool], T]) -> T:
        """Do a request until the store takes it, or raise an `UnfinishedError` that the store lacks
        `what`. `write` gets whether it may have reached the store before.
        """
        try:
            return insist(write, self.patience)
        except Exception as error:  # what libraries of object stores raise has no base in common
            raise self._lacks(what, error) from cleaned(error)

    def give_up(self) -> None:
        """Forget what waits, and try nothing twice: the same command again writes it."""
        self._waiting.clear()
        self.patience = 0

    def _lacks(self, what: str, error: Exception) -> UnfinishedError:
        said = f"{self._name}: the tracking store {self._store.uri} lacks {what}: {reason(error)}"
        return UnfinishedError(said)


def insist(write: Callable[[bool], T], patience: float) -> T:
    """Write until the store takes it, for `patience` seconds; what will not pass by itself is not
    tried again. `write` gets whether it may have reached the store before.
    """
    until, pause, again = time.monotonic() + patience, PAUSES[0], False
    while True:
        try:
            # MLflow's client would repeat requests unseen, and make a run each time.
            with bounded_requests(repeats=0):
                return write(again)
        except (MlflowException, OSError) as error:
            left = until - time.monotonic()
            if left <= 0 or not passing(error):
                raise
        time.sleep(min(pause, left))
        pause, again = min(2 * pause, PAUSES[1]), True


@contextmanager
def bounded_requests(repeats: int, seconds: int | None = None) -> Iterator[None]:
    """Bound how often MLflow's client repeats a request (by default for four minutes), and for how
    many seconds it waits for an answer. The settings are the whole process's; one thread at a time
    has them.
    """
    repeated, timeout = MLFLOW_HTTP_REQUEST_MAX_RETRIES, MLFLOW_HTTP_REQUEST_TIMEOUT
    with _SETTINGS:
        longest = timeout.get() if seconds is None else min(timeout.get(), seconds)
        with set_to(repeated, min(repeated.get(), repeats)), set_to(timeout, longest):
            yield


def passing(error: BaseException) -> bool:
    """Whether an error may pass by itself: no answer, an overload, a database that is locked.

    A full disk or a run that was deleted takes somebody's hand.
    """
    cause: BaseException | None = error
    while cause is not None:
        if getattr(cause, "sqlite_errorname", "").startswith(_LASTING_IN_SQLITE):
            return False
        cause = getattr(cause, "orig", None) or cause.__cause__
    if isinstance(error, MlflowException):
        return error.error_code in _PASSING
    if isinstance(error, HTTPError) and error.response is not None:
        return error.response.status_code in (408, 429) or error.response.status_code >= 500
    return isinstance(error, RequestException | ConnectionError | TimeoutError)


@contextmanager
def set_to(setting: Any, value: Any) -> Iterator[None]:
    """Give one of `mlflow.environment_variables` a value, for the whole process, until the block
    ends.
    """
    before = setting.get_raw()
    setting.set(value)
    try:
        yield
    finally:
        if before is None:
            setting.unset()
        else:
            setting.set(before)
