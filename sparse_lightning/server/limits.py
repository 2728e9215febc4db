"""What one request to the page may cost, and the turns in which requests are answered.

`tracking.limits` has the bounds of one comparison, `page.networks` those of one network.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from sparse_lightning.server.words import RefusedError, Words

LONGEST_ID = 256
"""Characters in the id of a run, as in MLflow."""

MOST_NAMED = 200
"""Experiments, and as many studies, in one comparison."""

MOST_OF_A_RUN = 5_000
"""Params, tags and metrics of one run; a larger one is not read."""

LARGEST_FILE = 8_000_000
"""Bytes of a file of a run: the weights of two million connections."""

LARGEST_JSON = 3_000_000
"""Bytes of a JSON file of a run, such as the encoding of a table with thirty thousand inputs."""

MOST_OF_PROJECTS = 60_000
"""Bytes of the projects of all studies of one comparison, which take half a second to read."""

LONGEST_BODY = 10_000
"""Bytes of a request that registers a model; it holds only a name."""

AT_ONCE = {True: 1, False: 2}
"""Requests for data that a worker answers at a time: each user's where there are users, else all
together."""

WAITING = {True: 5, False: 24}
"""Such requests that wait for their turn; more are refused. A browser sends six at once."""

ALL_WAITING = 24
"""Waiting requests of all users together; a worker has forty threads for these and all others."""


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
