"""A table as a file holds it, before anything is chosen, typed or left out."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from sparse_lightning.errors import TableError

Place = Callable[[int], str]


def place_of(row: int) -> str:
    """What messages call a row, counted from 0, where no line is known."""
    return f"row {row + 1}"


@dataclass(frozen=True, eq=False)
class RawTable:
    """A table as a file holds it; its columns are read when they are asked for.

    Attributes:
        digest: the SHA-256 of the file's bytes, uncompressed.
        read: reads columns by their names, one row a row of the file: numbers as 64-bit floats,
            other types as pandas has them.
        place: the name of a row, counted from 0, in messages: `row 3 (line 4)`.
        is_text: whether the file holds numbers as text that spells them.
    """

    names: tuple[str, ...]
    rows: int
    digest: str
    read: Callable[[Sequence[str]], pd.DataFrame]
    place: Place = place_of
    is_text: bool = False


def check_names(names: Sequence[str]) -> None:
    """Raise `TableError` if there are no columns, or a name is empty or repeated."""
    if not names:
        raise TableError("has no columns")
    for place, name in enumerate(names, start=1):
        if not name.strip():
            raise TableError(
                f"column {place} has no name: name it, or leave it out of the file "
                "(pandas writes such a column for the index: to_csv(index=False))"
            )
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        places = ", ".join(str(place) for place, name in enumerate(names, 1) if name == repeated[0])
        raise TableError(
            f"several columns are named {repeated[0]!r} (columns {places}): rename them"
        )
