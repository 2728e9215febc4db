"""Turns: the requests of one user wait for each other, so that those of others need not."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from sparse_lightning.server.limits import ALL_WAITING
from sparse_lightning.server.words import RefusedError, Words


class Turns:
    """The requests in this worker: of each user, `at_once` are answered and `waiting` may wait."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._at_once, self._most_waiting = at_once, waiting
        self._changed = Condition()
        self._answered: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()

    @contextmanager
    def turn(self, user: str) -> Iterator[None]:
        """Answer one request of a user ("" where there are no users) once it is its turn.

        Raises a RefusedError where too many requests wait already.
        """
        with self._changed:
            if self._answered[user] >= self._at_once:
                full = self._waiting.total() >= ALL_WAITING
                if full or self._waiting[user] >= self._most_waiting:
                    raise RefusedError(Words.BUSY)
                self._waiting[user] += 1
                try:
                    self._changed.wait_for(lambda: self._answered[user] < self._at_once)
                finally:
                    self._waiting[user] -= 1
            self._answered[user] += 1
        try:
            yield
        finally:
            with self._changed:
                self._answered[user] -= 1
                for counter in (self._answered, self._waiting):
                    if not counter[user]:
                        del counter[user]
                self._changed.notify_all()
