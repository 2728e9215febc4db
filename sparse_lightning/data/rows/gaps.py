"""Missing values: which columns lack some, what is told of them, and which rows have all."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from jaxtyping import Bool

from sparse_lightning._text import counted, listed
from sparse_lightning.data.faults import LEAVE_OUT, MOST_NAMES, Fault
from sparse_lightning.data.raw_table import Place, place_of
from sparse_lightning.errors import TableError

MOST_COLUMNS = 5
"""Of so many columns with missing values a message gives the first row, too."""


def has_values(frame: pd.DataFrame) -> Bool[np.ndarray, " row"]:
    """The rows in which no value is missing."""
    found = np.ones(len(frame), dtype=bool)
    for name in frame:
        column = frame[name]
        found &= column.notna().to_numpy()
    return found


def gap_faults(
    frame: pd.DataFrame, place: Place, dropped: bool, fills: bool = True
) -> Iterator[Fault]:
    """Columns without any value, rows without any, and, where rows are not `dropped`, all gaps.

    `fills` says whether `table.missing: impute` is a way out.
    """
    counts = {name: int(column.notna().sum()) for name, column in frame.items()}
    empty = [name for name, count in counts.items() if not count]
    if empty:
        named = listed([repr(name) for name in empty], MOST_NAMES)
        yield Fault(f"no row holds a value of column {named}", LEAVE_OUT)
    others = frame.loc[:, [name for name in frame if name not in empty]]
    if dropped or not others.shape[1]:
        return
    if text := missing_text(others, place):
        rows = np.flatnonzero(others.isna().all(axis=1)) if others.shape[1] > 1 else []
        if len(rows):
            more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
            text += f"; none of them has a value in {place(int(rows[0]))}{more}"
        yield Fault(
            text, f"table.missing {'impute fills them, ' if fills else ''}drop leaves such rows out"
        )


def most_dropped(frame: pd.DataFrame) -> bool:
    """Whether more than half of the rows lack a value."""
    return 2 * int(has_values(frame).sum()) < len(frame)


def dropped_text(frame: pd.DataFrame) -> str:
    """Which columns make how many rows go, those with the fewest values first; "" without any."""
    counts = {str(name): int(column.isna().sum()) for name, column in frame.items()}
    lacking = sorted((name for name in counts if counts[name]), key=lambda name: -counts[name])
    if not lacking:
        return ""
    named = [f"{name!r} has no value in {counts[name]} of {len(frame)} rows" for name in lacking]
    return (
        f"table.missing drop left out {counted(int((~has_values(frame)).sum()), 'row')}: column "
        f"{listed(named, MOST_COLUMNS)}; {LEAVE_OUT}"
    )


def check_complete(frame: pd.DataFrame, place: Place = place_of) -> None:
    """Raise `TableError` if a value is missing; the message counts them for each column."""
    if text := missing_text(frame, place):
        raise TableError(text)


def missing_text(frame: pd.DataFrame, place: Place = place_of) -> str:
    """How many values are missing in each column that lacks some; "" where none is."""
    counts, firsts = {}, {}
    for name, column in frame.items():
        missing = column.isna().to_numpy()
        if missing.any():
            counts[name], firsts[name] = int(np.count_nonzero(missing)), int(missing.argmax())
    first = list(counts)[:MOST_COLUMNS]
    parts = [
        f"column {name!r} has {counted(counts[name], 'missing value')}, "
        f"first in {place(firsts[name])}"
        for name in first
    ]
    rest = [f"{name!r} ({counts[name]})" for name in list(counts)[MOST_COLUMNS:]]
    if rest:
        parts.append(f"and so have {listed(rest, MOST_NAMES)}")
    return "; ".join(parts)
