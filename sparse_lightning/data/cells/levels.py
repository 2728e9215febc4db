"""Levels: the kinds of things in a column, as text, exactly as the table names them.

Two values are one level only where they are the same number or the same text.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int64
from pandas.api import types

from sparse_lightning._text import did_you_mean
from sparse_lightning.errors import TableError

MOST_SHOWN = 8
"""A message shows at most so many levels."""

EXACT = 2**53
"""Up to here every whole number has a 64-bit float of its own."""


def level_text(value: str | int | float | Integral | Decimal) -> str:
    """A level as text: text as it is, a number with the fewest digits, whole ones without `.0`."""
    if isinstance(value, str):
        return value
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value()
        return str(int(value)) if whole else f"{value.normalize():f}"
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) <= EXACT else repr(number)


def spelled_number(text: str) -> float | None:
    """The number whose own spelling a text is, as `7`, `2.5` and `1e+20` are; else None.

    `007`, `2.50` and whole numbers beyond `EXACT` are none: other texts spell the same number.
    """
    try:
        number = float(text)
    except ValueError:
        return None
    own = np.isfinite(number) and text.strip() in (level_text(number), repr(number))
    return number if own else None


def spelled_numbers(texts: Iterable[str]) -> dict[str, float] | None:
    """The numbers of different texts, where each is a number's own spelling and no two are one."""
    numbers = {text: spelled_number(text) for text in texts}
    found = {text: number for text, number in numbers.items() if number is not None}
    return found if len(found) == len(numbers) == len(set(found.values())) else None


def is_exact(value: object) -> bool:
    """Whether a number has a 64-bit float of its own; what is no number counts as one."""
    if isinstance(value, Integral):
        return abs(int(value)) <= EXACT
    if isinstance(value, Decimal) and value.is_finite():
        whole = value == value.to_integral_value()
        return abs(value) <= EXACT if whole else Decimal(repr(float(value))) == value
    return True


def exact_levels(column: pd.Series) -> pd.Series:
    """A column of numbers as it is, or as text where 64-bit floats would merge some of them."""
    kind = column.dtype
    if types.is_integer_dtype(kind) and not isinstance(kind, pd.ArrowDtype):
        present = column.dropna()
        if present.empty or (int(present.max()) <= EXACT and int(present.min()) >= -EXACT):
            return column
    elif not (types.is_object_dtype(kind) or isinstance(kind, pd.ArrowDtype)):
        return column
    values = column.astype(object)
    present = values[values.notna()]
    if all(map(is_exact, present)):
        return column
    return values.map(_as_text, na_action="ignore").astype("str")


def _as_text(value: Any) -> Any:
    return level_text(value) if isinstance(value, Integral | Decimal | float) else value


def code_levels(column: pd.Series) -> tuple[Int64[np.ndarray, " row"], tuple[str, ...]]:
    """The place of each row's level, −1 where it is missing, and the levels of a column as text.

    The column is as `typed` returns it: text is sorted as text, numbers as numbers.
    """
    codes, found = pd.factorize(column)
    order = sorted(range(len(found)), key=found.__getitem__)
    places = np.full(len(found) + 1, -1, dtype=np.int64)
    places[order] = np.arange(len(found))
    return places[codes], tuple(level_text(found[place]) for place in order)


def known_as(level: str, numeric: bool) -> str:
    """What a level is called among known ones: `250.0` is 250 where they are numbers."""
    number = spelled_number(level) if numeric else None
    return level if number is None else level_text(number)


def level_places(
    column: pd.Series, levels: Sequence[str], numeric: bool = False
) -> Int64[np.ndarray, " row"]:
    """The place of each row's level among known ones, −1 where it is none of them.

    The column is as `typed` returns it, the levels as `level_text` writes them; of `numeric` ones a
    text may spell the number.
    """
    codes, found = code_levels(column)
    known = {level: place for place, level in enumerate(levels)}
    places = [known.get(known_as(level, numeric), -1) for level in found]
    return np.array([*places, -1], dtype=np.int64)[codes]


def find_levels(
    column: pd.Series, levels: Sequence[str], what: str, numeric: bool = False
) -> Int64[np.ndarray, " row"]:
    """The place of each row's level among known ones, as `level_places`, of a complete column.

    Raises `TableError` for an unknown level, with `what` as its subject: `column 'sex'`.
    """
    places = level_places(column, levels, numeric)
    if (places < 0).any():
        row = int((places < 0).argmax())
        level = level_text(column.iloc[row])
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
