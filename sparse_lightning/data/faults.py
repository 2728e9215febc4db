"""All that is wrong with a table, told at once, those with the same way out together."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sparse_lightning.errors import TableError

LEAVE_OUT = "leave it out with table.leave_out"
"""The way out that there always is."""

MOST_NAMES = 100
"""A message names at most so many columns."""

MOST_LINES = 100
"""A message tells so many faults; of the rest, how many there are."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and what can be done about it."""

    text: str
    advice: str = ""


class FaultyTableError(TableError):
    """A table with faults, a line each; advice that is the same for several follows the last."""

    def __init__(self, faults: Sequence[Fault]):
        self.faults = tuple(faults)
        super().__init__("\n".join(_lines(self.faults)))


class Faults:
    """The faults that are found one after the other; `raise_all` raises where there are some."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Take up the faults that the block raises."""
        try:
            yield
        except FaultyTableError as error:
            self.add(error.faults)
        except TableError as error:
            self.add([Fault(str(error))])

    def add(self, faults: Iterable[Fault]) -> None:
        """Take up faults, each once."""
        self.found += [fault for fault in faults if fault not in self.found]

    def raise_all(self) -> None:
        """Raise a `FaultyTableError` if a fault was found."""
        if self.found:
            raise FaultyTableError(self.found)


def _lines(faults: Sequence[Fault]) -> Iterator[str]:
    shown = faults[:MOST_LINES]
    for advice in dict.fromkeys(fault.advice for fault in shown):
        texts = [fault.text for fault in shown if fault.advice == advice]
        if len(texts) == 1 and advice:
            yield f"{texts[0]}; {advice}"
        else:
            yield from texts
            if advice:
                yield f"  for each of these: {advice}"
    if len(faults) > MOST_LINES:
        yield f"… and {len(faults) - MOST_LINES} more"
