"""Columns as 64-bit floats or as levels, or a message that names the column and the row.

Levels are text, or numbers that stand for kinds of things.
"""

from collections.abc import Container, Mapping
from decimal import Decimal
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from jaxtyping import Bool, Float64
from pandas.api import types

from sparse_lightning._text import listed
from sparse_lightning.data.cells.dates import as_dates
from sparse_lightning.data.cells.levels import EXACT, exact_levels, is_exact
from sparse_lightning.data.cells.numerals import PLAIN, Numerals
from sparse_lightning.data.cells.spellings import spelled, too_large
from sparse_lightning.data.cells.text_faults import (
    RECODE,
    shown,
    spelling_fault,
    text_fault,
    value_of,
)
from sparse_lightning.data.faults import LEAVE_OUT, MOST_NAMES, Fault, Faults, FaultyTableError
from sparse_lightning.data.raw_table import Place, as_floats, frame_of, is_number, place_of
from sparse_lightning.errors import TableError

TRUTHS = {
    **dict.fromkeys(("True", "TRUE", "true"), 1.0),
    **dict.fromkeys(("False", "FALSE", "false"), 0.0),
}
"""Texts that are true and false."""

Spellings = Mapping[str, Numerals] | None
"""How text spells the numbers of each column; None: no text is a number."""


def typed(
    frame: pd.DataFrame,
    leveled: Container[object],
    place: Place = place_of,
    spellings: Spellings = None,
    dates: Mapping[str, str] = MappingProxyType({}),
) -> pd.DataFrame:
    """The same columns, those of levels as text or 64-bit floats, the others as 64-bit floats.

    As `judged`; raises a `TableError` with all faults if there is one.
    """
    columns, faults = judged(frame, leveled, place, spellings, dates)
    faults.raise_all()
    return columns


def judged(
    frame: pd.DataFrame,
    leveled: Container[object],
    place: Place = place_of,
    spellings: Spellings = None,
    dates: Mapping[str, str] = MappingProxyType({}),
) -> tuple[pd.DataFrame, Faults]:
    """The columns that can be used, and what is wrong with the others.

    Columns in `leveled` are text or 64-bit floats, the others 64-bit floats, with missing values as
    NaN and booleans as 0 and 1. Numbers in `leveled` of which 64-bit floats do not hold one become
    text. `place` names a row, counted from 0, in messages; with `spellings` text that spells a
    number in the way of its column is one where no levels are expected, as in CSV files. Columns
    in `dates` are dates, which texts write in the format that stands there.

    A column is at fault that holds dates, infinities or both text and numbers, or, but for levels,
    text or whole numbers that 64-bit floats do not hold. What is a 64-bit float already is not
    copied.
    """
    columns, faults = {}, Faults()
    for name, column in frame.items():
        with faults.gathered():
            if name in leveled:
                columns[name] = levels_of(str(name), column, place)
            elif name in dates:
                columns[name] = dates_of(str(name), column, place, dates[str(name)])
            else:
                spelling = None if spellings is None else spellings.get(str(name), PLAIN)
                columns[name] = numbers_of(str(name), column, place, spelling)
    return frame_of(columns, len(frame)), faults


def levels_of(name: str, column: pd.Series, place: Place) -> Any:
    """A column of levels, as text or 64-bit floats; a `TableError` as of `judged`."""
    column = _without_categories(column)
    if not _is_text(name, column, place):
        column = exact_levels(column)
        if not types.is_string_dtype(column.dtype) or types.is_object_dtype(column.dtype):
            return numbers_of(name, column, place)
    return column.astype("str").array


def _without_categories(column: pd.Series) -> pd.Series:
    kind = column.dtype
    if isinstance(kind, pd.ArrowDtype) and pa.types.is_dictionary(kind.pyarrow_dtype):
        return column.astype(object)
    if not isinstance(kind, pd.CategoricalDtype):
        return column
    # Whole numbers have no missing value of their own.
    return column.astype(kind.categories.dtype if column.notna().all() else object)


def _is_text(name: str, column: pd.Series, place: Place) -> bool:
    if not types.is_object_dtype(column.dtype):
        return types.is_string_dtype(column.dtype)
    text = np.array([isinstance(value, str) for value in column], dtype=bool)
    other = ~text & column.notna().to_numpy()
    if text.any() and other.any():
        first, second = int(text.argmax()), int(other.argmax())
        raise TableError(
            f"column {name!r} holds both text and numbers: {column.iloc[first]!r:.80} in "
            f"{place(first)}, {column.iloc[second]!r:.80} in {place(second)}"
        )
    return bool(text.any())


def dates_of(name: str, column: pd.Series, place: Place, form: str) -> Any:
    """A column of dates; a `TableError` if a value is none."""
    dates, bad = as_dates(column, form or None)
    if bad.any():
        text = f"column {name!r} holds what is no date: {shown(column, bad, place)}"
        if form:
            text += f", where dates are written as {form}"
        raise FaultyTableError([Fault(text, LEAVE_OUT)])
    return dates.array


def numbers_of(
    name: str, column: pd.Series, place: Place, spelling: Numerals | None = None
) -> Float64[np.ndarray, " row"]:
    """A column of numbers as 64-bit floats; a `TableError` as of `judged`."""
    if isinstance(column.dtype, pd.ArrowDtype) and pa.types.is_decimal(column.dtype.pyarrow_dtype):
        column = column.astype(object)
    kind = column.dtype
    if types.is_timedelta64_dtype(kind):
        values, merged = (column / pd.Timedelta(days=1)).to_numpy(np.float64), np.array([False])
    elif types.is_bool_dtype(kind) or is_number(kind):
        values = as_floats(column)
        merged = _merged(column, values)
    elif types.is_object_dtype(kind) or types.is_string_dtype(kind):
        text = np.array([isinstance(value, str) for value in column], dtype=bool)
        if text.any() and (text | column.isna().to_numpy()).all():
            return _of_text(name, column, place, spelling)
        if text.any() and spelling is not None:
            others = numbers_of(name, column.mask(text), place)
            return np.where(text, _of_text(name, column.where(text), place, spelling), others)
        values = np.array([_number(value) for value in column], dtype=np.float64)
        _refuse(name, column, column.notna().to_numpy() & np.isnan(values), place)
        merged = np.array([_is_whole(one) and not is_exact(one) for one in column], dtype=bool)
    else:
        advice = RECODE if isinstance(kind, pd.CategoricalDtype) else LEAVE_OUT
        raise FaultyTableError([Fault(f"column {name!r} holds {kind}, not numbers", advice)])
    _refuse(name, column, np.isinf(values), place, infinite=True)
    _refuse_merged(name, column, merged, place)
    return values


def _merged(column: pd.Series, values: Float64[np.ndarray, " row"]) -> Bool[np.ndarray, " row"]:
    """Where a column of whole numbers holds one that its 64-bit floats do not."""
    merged = np.zeros(len(values), dtype=bool)
    if not types.is_integer_dtype(column.dtype):
        return merged
    large = np.flatnonzero(np.abs(values) >= EXACT)
    merged[large] = [int(column.iloc[row]) != int(values[row]) for row in large]
    return merged


def _is_whole(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite() and value == value.to_integral_value()
    return isinstance(value, Integral)


def _of_text(
    name: str, column: pd.Series, place: Place, spelling: Numerals | None
) -> Float64[np.ndarray, " row"]:
    """The numbers that texts spell, if `spelling` says how."""
    present = column.notna().to_numpy()
    values = np.full(len(column), np.nan)
    plain = column
    if spelling is not None and set(column.dropna()) <= TRUTHS.keys():
        return column.map(TRUTHS).to_numpy(np.float64)
    if spelling is not None:
        plain, fits = (column, present) if spelling.is_plain else spelling.respelled(column)
        values = np.asarray(pd.to_numeric(plain, errors="coerce"), dtype=np.float64)
        if not spelling.keeps_plain:
            values = np.where(fits, values, np.nan)
    bad = present & np.isnan(values)
    found = spelled(plain)
    if bad.any() or any(one.spelling.name == "code" for one in found.found):
        fault = spelling and spelling_fault(name, column, bad, place, spelling)
        raise FaultyTableError([fault or text_fault(name, column, found, bad, place)])
    _refuse(name, plain, np.isinf(values), place, infinite=True)
    merged = [bool(there) and too_large(text) for there, text in zip(present, plain, strict=True)]
    _refuse_merged(name, plain, np.array(merged, dtype=bool), place)
    return values


def _number(value: object) -> float:
    if not isinstance(value, Real | Decimal | np.bool_):
        return np.nan
    try:
        return float(value)
    except (OverflowError, ValueError):  # an integer beyond 64 bits' floats, a signalling NaN
        return np.inf


def _refuse(
    name: str,
    column: pd.Series,
    bad: Bool[np.ndarray, " row"],
    place: Place,
    infinite: bool = False,
) -> None:
    if bad.any():
        value = value_of(column, int(bad.argmax()))
        text = isinstance(value, str)
        kind = "text" if text else type(value).__name__
        what = "infinite values" if infinite else f"{kind}, not numbers"
        fault = Fault(
            f"column {name!r} holds {what}: {shown(column, bad, place)}",
            RECODE if text and not infinite else LEAVE_OUT,
        )
        raise FaultyTableError([fault])


def _refuse_merged(
    name: str, column: pd.Series, merged: Bool[np.ndarray, " row"], place: Place
) -> None:
    if merged.any():
        text = (
            f"column {name!r} holds whole numbers that 64-bit floats do not tell from others: "
            f"{shown(column, merged, place)}, most likely names"
        )
        raise FaultyTableError([Fault(text, RECODE)])


def check_varying(frame: pd.DataFrame) -> None:
    """Raise `TableError` if a column of numbers is constant, missing ones aside: it has no scale.

    Where there is no number at all, nothing is said.
    """
    constant = {}
    for name, column in frame.items():
        values = as_floats(column)
        present = values[~np.isnan(values)]
        if len(present) and (present == present[0]).all():
            constant[name] = present[0]
    if constant:
        named = [f"{name!r} ({value:g})" for name, value in constant.items()]
        text = (
            f"the same value stands in every row of column {listed(named, MOST_NAMES)}, which "
            "cannot be scaled"
        )
        advice = f"{LEAVE_OUT}, or choose table.scale none"
        raise FaultyTableError([Fault(text, advice)])
