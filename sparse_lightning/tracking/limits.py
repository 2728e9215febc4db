"""How much one comparison may ask of a store: what is beyond is refused, not attempted."""

from sparse_lightning.errors import TrackingError

MOST_RUNS = 50_000
"""So many runs are compared at most, the newest; a browser can draw no more with ease."""

MOST_VALUES = 10_000_000
"""Metrics, params and tags of all compared runs together."""

MOST_TEXT = 100_000_000
"""Characters of all params and tags of the compared runs together."""

MOST_EMPTY = 2_000_000
"""Empty cells of all columns. Of ten thousand names that a run each has, a table has a hundred
million; the columns that most runs have come first.
"""

MOST_COLUMNS = 15_000
"""Metrics, params and tags that are given as columns, those that most runs have."""

MOST_NAMES = 50_000
"""Names of metrics, params and tags that are told apart at all."""

MOST_POINTS = 50_000
"""Points of the history of one run; of more, every so many steps are read."""

LONGEST_CONDITION = 2_000
"""Characters of a condition; what splits it takes time quadratic in them."""

MOST_COMPARISONS = 20
"""Comparisons in a condition; each joins a table, and SQLite joins 64 at most."""

CONDITION_SECONDS = 2.0
"""So long a database may look for the runs that meet a condition."""


class TooMuchError(TrackingError):
    """More was asked for than one answer may hold; the message says of what."""


class Meter:
    """Counts what is read of the compared runs, and refuses what is too much."""

    def __init__(self) -> None:
        self.values = self.text = self.names = 0

    def name(self) -> None:
        """Count a new name; a `TooMuchError` where there are too many."""
        self.names += 1
        if self.names > MOST_NAMES:
            raise TooMuchError(
                f"these runs have more than {MOST_NAMES:,} metrics, params and tags; compare fewer "
                "of them"
            )

    def count(self, values: int, text: int = 0) -> None:
        """Count values and the characters in them; a `TooMuchError` where there are too many."""
        self.values += values
        self.text += text
        if self.values > MOST_VALUES or self.text > MOST_TEXT:
            raise TooMuchError(
                f"these runs hold more than {MOST_VALUES:,} values or {MOST_TEXT:,} characters of "
                "text; compare fewer of them"
            )
