"""Columns of levels: text, or numbers that stand for kinds of things."""

from collections.abc import Container, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Int64

from sparse_lightning._text import did_you_mean
from sparse_lightning.data.numeric import numbers
from sparse_lightning.data.raw_table import Place, place_of
from sparse_lightning.data.storage import frame_of
from sparse_lightning.errors import TableError

MOST_SHOWN = 8
"""A message shows at most so many levels."""

_WHOLE = 1e15
"""Below this a whole number is written without a point; from here on floats use exponents."""


def level_text(value: str | float) -> str:
    """A level as text: text as it is, a number with the fewest digits, whole ones without `.0`."""
    if isinstance(value, str):
        return value
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < _WHOLE else repr(number)


def typed(
    frame: pd.DataFrame, leveled: Container[object], place: Place = place_of, parse: bool = False
) -> pd.DataFrame:
    """The same columns, those of levels as text or 64-bit floats, the others as 64-bit floats.

    Only columns in `leveled` may hold text. `place` names a row, counted from 0, in messages; with
    `parse` text that spells a number is one where no text is allowed. Raises `TableError` if a
    column holds dates or infinities, text where none is allowed, or both text and numbers.
    """
    text, rest = {}, {}
    for name, column in frame.items():
        column = _without_categories(column) if name in leveled else column
        if name in leveled and _is_text(str(name), column, place):
            text[name] = column.astype("str").array
        else:
            rest[name] = column
    values = {**numbers(pd.DataFrame(rest, copy=False), place, parse), **text}
    return frame_of({name: values[name] for name in frame.columns}, len(frame))


def _without_categories(column: pd.Series) -> pd.Series:
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column
    kind = column.dtype.categories.dtype
    # Whole numbers have no missing value of their own.
    return column.astype(kind if column.notna().all() else object)


def _is_text(name: str, column: pd.Series, place: Place) -> bool:
    if not pd.api.types.is_object_dtype(column.dtype):
        return pd.api.types.is_string_dtype(column.dtype)
    text = np.array([isinstance(value, str) for value in column], dtype=bool)
    other = ~text & column.notna().to_numpy()
    if text.any() and other.any():
        first, second = int(text.argmax()), int(other.argmax())
        raise TableError(
            f"column {name!r} holds both text and numbers: {column.iloc[first]!r:.80} in "
            f"{place(first)}, {column.iloc[second]!r:.80} in {place(second)}"
        )
    return bool(text.any())


def code_levels(column: pd.Series) -> tuple[Int64[np.ndarray, " row"], tuple[str, ...]]:
    """The place of each row's level, −1 where it is missing, and the levels of a column as text.

    The column is as `typed` returns it: text is sorted as text, numbers as numbers.
    """
    codes, found = pd.factorize(column)
    order = sorted(range(len(found)), key=found.__getitem__)
    places = np.full(len(found) + 1, -1, dtype=np.int64)
    places[order] = np.arange(len(found))
    return places[codes], tuple(level_text(found[place]) for place in order)


def find_levels(column: pd.Series, levels: Sequence[str], what: str) -> Int64[np.ndarray, " row"]:
    """The place of each row's level among known levels, counted from 0.

    The column is complete and as `typed` returns it, the levels as `level_text` writes them. Raises
    `TableError` for an unknown level, with `what` as its subject: `column 'sex'`.
    """
    codes, found = code_levels(column)
    known = {level: place for place, level in enumerate(levels)}
    places = np.array([known.get(level, -1) for level in found], dtype=np.int64)[codes]
    if (places < 0).any():
        row = int((places < 0).argmax())
        level = found[codes[row]]
        raise TableError(
            f"{what} holds the unknown level {level!r:.80} in row {row + 1}"
            f"{did_you_mean(level, levels)} (known: {show_levels(levels)})"
        )
    return places


def show_levels(levels: Sequence[str]) -> str:
    """The first few levels, for messages."""
    shown = ", ".join(f"{level:.40}" for level in levels[:MOST_SHOWN])
    return shown + (f", … {len(levels)} in all" if len(levels) > MOST_SHOWN else "")


def from_levels(levels: Sequence[str], numeric: bool) -> pd.Index:
    """Levels as a column holds them: 64-bit floats where they were numbers, else text."""
    if numeric:
        return pd.Index([float(level) for level in levels], dtype=np.float64)
    return pd.Index(list(levels), dtype="str")
