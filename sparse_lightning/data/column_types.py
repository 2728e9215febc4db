"""Columns as 64-bit floats or as levels, or a message that names the column and the row.

Levels are text, or numbers that stand for kinds of things.
"""

from collections import Counter
from collections.abc import Container, Sequence
from decimal import Decimal
from numbers import Real

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64
from pandas.api import types

from sparse_lightning._text import counted, did_you_mean
from sparse_lightning.data.raw_table import Place, as_floats, frame_of, is_number, place_of
from sparse_lightning.errors import TableError, kind_of

MOST_COLUMNS = 5
"""A message names at most so many columns; the rest is counted."""

MOST_SHOWN = 8
"""A message shows at most so many levels."""

_WHOLE = 1e15
"""Below this a whole number is written without a point; from here on floats use exponents."""

_LEAVE_OUT = "name the columns to use with table.columns"
_RECODE = f"{_LEAVE_OUT}, or recode this one by table.prepare (dummies or binarize)"


def select(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The named columns in that order; `TableError` if it is no frame with each of them once."""
    check_frame(frame)
    check_known(names, list(frame.columns))
    return frame.loc[:, list(names)]


def check_frame(frame: object) -> None:
    """Raise `TableError` if a value is no frame."""
    if not isinstance(frame, pd.DataFrame):
        raise TableError(f"expected a pandas DataFrame with named columns, got {kind_of(frame)}")


def check_known(names: Sequence[object], columns: Sequence[object]) -> None:
    """Raise `TableError` if a table does not have these columns, each once."""
    known, counts = [str(name) for name in columns], Counter(columns)
    for name in names:
        if not isinstance(name, str):
            raise TableError(f"the name {name!r} of a column must be text")
        if name not in counts:
            shown = ", ".join(known[:40]) + (", …" if len(known) > 40 else "")
            raise TableError(
                f"there is no column {name!r}{did_you_mean(name, known)} (columns: {shown})"
            )
        if counts[name] > 1:
            raise TableError(f"several columns are named {name!r}")


def numbers(
    frame: pd.DataFrame, place: Place = place_of, parse: bool = False
) -> dict[str, Float64[np.ndarray, " row"]]:
    """The same columns as 64-bit floats, missing values as NaN; booleans become 0 and 1.

    What is a 64-bit float already is not copied. `place` names a row, counted from 0, in messages;
    with `parse` text that spells a number is one, as in CSV files. Raises `TableError` if a column
    holds text, dates, categories or infinities.
    """
    return {str(name): _column(str(name), column, place, parse) for name, column in frame.items()}


def _column(name: str, column: pd.Series, place: Place, parse: bool) -> np.ndarray:
    kind = column.dtype
    if types.is_bool_dtype(kind) or is_number(kind):
        values = as_floats(column)
    elif types.is_object_dtype(kind) or types.is_string_dtype(kind):
        values = _parsed(column) if parse else np.array([_number(value) for value in column])
        _refuse(name, column, column.notna().to_numpy() & np.isnan(values), place)
    else:
        advice = _RECODE if isinstance(kind, pd.CategoricalDtype) else _LEAVE_OUT
        raise TableError(f"column {name!r} holds {kind}, not numbers: {advice}")
    _refuse(name, column, np.isinf(values), place)
    return values


def _parsed(column: pd.Series) -> np.ndarray:
    return np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)


def _number(value: object) -> float:
    if not isinstance(value, Real | Decimal | np.bool_):
        return np.nan
    try:
        return float(value)
    except (OverflowError, ValueError):  # an integer beyond 64 bits' floats, a signalling NaN
        return np.inf


def _refuse(name: str, column: pd.Series, bad: np.ndarray, place: Place) -> None:
    if not bad.any():
        return
    rows = np.flatnonzero(bad)
    value = column.iloc[rows[0]]
    value = value.item() if isinstance(value, np.generic) else value
    kind = "text" if isinstance(value, str) else type(value).__name__
    what = "infinite values" if isinstance(value, Real | Decimal) else f"{kind}, not numbers"
    rest = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
    advice = _RECODE if isinstance(value, str) else _LEAVE_OUT
    raise TableError(
        f"column {name!r} holds {what}: {value!r:.80} in {place(int(rows[0]))}{rest}; {advice}"
    )


def check_complete(frame: pd.DataFrame, place: Place = place_of) -> None:
    """Raise `TableError` if a value is missing; the message counts them for each column."""
    found = []
    for name, column in frame.items():
        missing = column.isna().to_numpy()
        if count := int(np.count_nonzero(missing)):
            found.append(
                f"column {name!r} has {counted(count, 'missing value')}, "
                f"first in {place(int(missing.argmax()))}"
            )
    if found:
        more = [f"{len(found) - MOST_COLUMNS} more columns"] if len(found) > MOST_COLUMNS else []
        raise TableError("; ".join(found[:MOST_COLUMNS] + more))


def check_varying(frame: pd.DataFrame) -> None:
    """Raise `TableError` if a column is constant, which cannot be scaled."""
    constant = [name for name in frame.columns if (frame[name] == frame[name].iloc[0]).all()]
    if constant:
        named = ", ".join(f"{name!r} ({frame[name].iloc[0]:g})" for name in constant[:MOST_COLUMNS])
        more = f" and {len(constant) - MOST_COLUMNS} more" if len(constant) > MOST_COLUMNS else ""
        raise TableError(
            f"the same value stands in every row of column {named}{more}, which cannot be scaled: "
            "leave it out with table.columns, or choose table.scale none"
        )


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
