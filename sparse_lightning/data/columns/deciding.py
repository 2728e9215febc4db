"""What each column of a table is, decided by its values, or as the project says."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float64
from pandas.api import types

from sparse_lightning._text import did_you_mean
from sparse_lightning.data.cells.dates import formats_of, is_dates
from sparse_lightning.data.cells.levels import level_places, level_text, show_levels
from sparse_lightning.data.cells.numerals import PLAIN, Numerals
from sparse_lightning.data.cells.readable import read_numbers
from sparse_lightning.data.cells.spellings import Spelled, spelled
from sparse_lightning.data.columns.column_types import dates_of, levels_of, numbers_of
from sparse_lightning.data.faults import LEAVE_OUT, Fault, FaultyTableError
from sparse_lightning.data.raw_table import Place
from sparse_lightning.data.suspicions import is_coded, is_counting
from sparse_lightning.errors import TableError
from sparse_lightning.project.columns import ColumnKind

NEARLY_EMPTY = 0.05
"""A column in which less than this share of the rows has a value is left out."""

MANY_LEVELS = 20
"""More different texts than this are names of rows if most rows have one of their own."""

FEW_NUMBERS = 10
"""So many different whole numbers may be codes of kinds of things."""

Kind = Literal["number", "text", "ordered", "date", "left out", "recoded"]


@dataclass(frozen=True)
class Decision:
    """What a column is, and why.

    Attributes:
        kind: `text` stands for levels without an order; `recoded` columns are those of
            `table.prepare`.
        why: in a few words, after the kind.
        pinned: whether the project says so, or names the column.
        levels: in their order, of an ordered column; those that have an input, where the project
            names them.
        form: how texts write dates.
        sign: what texts of numbers have beside each number, such as `$` or `kg`.
        decimal: the sign before the fractions of such texts.
    """

    name: str
    kind: Kind
    why: str = ""
    pinned: bool = False
    levels: tuple[str, ...] = ()
    form: str = ""
    sign: str = ""
    decimal: str = "."

    @property
    def is_leveled(self) -> bool:
        return self.kind in ("text", "ordered", "recoded")

    @property
    def pin(self) -> str | dict[str, Any]:
        """What `table.columns` says to have the same again."""
        if self.kind == "left out":
            return "leave_out"
        if self.kind == "ordered":
            return {"ordered": list(self.levels)}
        if self.kind == "date":
            return {"date": self.form} if self.form else "date"
        if self.kind == "text" and self.levels:
            return {"levels": list(self.levels)}
        return self.kind


def decide(
    name: str,
    column: pd.Series,
    pinned: ColumnKind | None,
    place: Place,
    spelling: Numerals | None,
    keep: bool,
) -> tuple[Decision, Any]:
    """What a column is, and its values: 64-bit floats, text, dates, or None if it is left out.

    Args:
        name: what messages call the column.
        column: as the file has it; with its exact texts where levels are pinned.
        pinned: what the project says of it; None: nothing.
        place: names a row, counted from 0, in messages.
        spelling: how the file spells the column's numbers; None: its texts are no numbers.
        keep: whether it must not be left out, because the project names it.

    Raises:
        TableError: the column can be no input, and is not to be left out, or has values that do not
            fit what it is.
    """
    if (pinned is not None or keep) and not column.count():
        raise FaultyTableError([Fault(f"no row holds a value of column {name!r}", LEAVE_OUT)])
    if pinned is not None:
        decision, values = _as_pinned(name, column, pinned, place, spelling)
        return replace(decision, pinned=True), values
    decision, values = _by_values(name, column, place, spelling)
    if keep and decision.kind == "left out":
        kept, values = _kept(name, column, place, spelling)
        why = "; ".join(filter(None, (kept.why, decision.why)))
        return replace(kept, why=why, pinned=True), values
    return replace(decision, pinned=keep), values


def _as_pinned(
    name: str, column: pd.Series, pinned: ColumnKind, place: Place, spelling: Numerals | None
) -> tuple[Decision, Any]:
    if pinned.kind == "number":
        return number_column(name, column, place, spelling)
    if pinned.kind == "date" or pinned.date:
        form = pinned.date or one_form(name, column, place, _forms(column))
        return Decision(name, "date", form=form), dates_of(name, column, place, form)
    levels = pinned.ordered or pinned.levels or ()
    kind: Kind = "ordered" if pinned.ordered else "text"
    values = levels_of(name, column, place)
    if pinned.ordered:
        _check_levels(name, pd.Series(values), levels, place)
    return Decision(name, kind, levels=levels), values


def _check_levels(name: str, column: pd.Series, levels: tuple[str, ...], place: Place) -> None:
    """Raise a `TableError` if a value is none of the levels of an ordered column."""
    known = level_places(column, levels, types.is_numeric_dtype(column.dtype))
    bad = (known < 0) & column.notna().to_numpy()
    if bad.any():
        row = int(bad.argmax())
        level = level_text(column.iloc[row])
        raise TableError(
            f"column {name!r} holds {level!r:.80} in {place(row)}, which is none of the levels "
            f"that table.columns orders{did_you_mean(level, levels)}: {show_levels(levels)}"
        )


def _by_values(
    name: str, column: pd.Series, place: Place, spelling: Numerals | None
) -> tuple[Decision, Any]:
    rows, present = len(column), int(column.notna().sum())
    if not present:
        return Decision(name, "left out", "no row has a value"), None
    if present < NEARLY_EMPTY * rows:
        return Decision(name, "left out", f"only {present} of {rows} rows have a value"), None
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype) and kind.ordered:
        levels = tuple(level_text(level) for level in kind.categories)
        if len(levels) > 1:
            values = levels_of(name, column, place)
            return Decision(name, "ordered", "in the order of the file", levels=levels), values
    if is_dates(kind) or _holds_dates(column):
        return _dates(name, column, place, "")
    if isinstance(kind, pd.CategoricalDtype):
        return _levels(name, column, place)
    if not _is_text(column):
        decision, values = _measure(name, numbers_of(name, column, place, spelling))
        return _signed(decision, spelling), values
    found = spelled(column)
    if all(one.spelling.name == "mark" for one in found.found):
        why = f"no row has a value, only {found.found[0].text!r:.40}"
        return Decision(name, "left out", why), None
    if found.kind == "numbers":
        read, values = number_column(name, column, place, spelling, found)
        decision, values = _measure(name, values)
        why = "; ".join(filter(None, (read.why, decision.why)))
        return replace(decision, why=why, sign=read.sign, decimal=read.decimal), values
    if found.kind != "codes" and (forms := _forms(column)):
        return _dates(name, column, place, one_form(name, column, place, forms))
    if found.names_rows or found.different == found.present > 5:
        what = "names made of digits" if found.kind == "codes" else "names of rows or free text"
        return Decision(name, "left out", f"{found.different} different texts, {what}"), None
    return _levels(name, column, place, "codes made of digits" if found.kind == "codes" else "")


def _kept(
    name: str, column: pd.Series, place: Place, spelling: Numerals | None
) -> tuple[Decision, Any]:
    """What a column is that is used although it would be left out."""
    if is_dates(column.dtype) or _holds_dates(column):
        return Decision(name, "date"), dates_of(name, column, place, "")
    found = spelled(column) if _is_text(column) else None
    if found is not None and found.kind != "numbers":
        return Decision(name, "text"), levels_of(name, column, place)
    return number_column(name, column, place, spelling, found)


def _measure(name: str, values: Float64[np.ndarray, " row"]) -> tuple[Decision, Any]:
    present = values[~np.isnan(values)]
    if (present == present[0]).all():
        return Decision(name, "left out", f"always {present[0]:g}"), None
    if is_counting(present):
        return Decision(name, "left out", "numbers the rows, as an id does"), None
    if is_coded(present):
        why = "another whole number of the same length in every row, as an id has"
        return Decision(name, "left out", why), None
    few = _few_whole(present)
    if len(few) == 2:
        return Decision(name, "number", f"{few[0]:g} or {few[1]:g}"), values
    note = f"{len(few)} different whole numbers; if they are codes, call it text" if few else ""
    return Decision(name, "number", note), values


def _few_whole(values: Float64[np.ndarray, " row"]) -> list[float]:
    """The values of a column of few whole numbers; of others none."""
    if len(np.unique(values[:1000])) > FEW_NUMBERS or np.abs(values).max() > 1000:
        return []
    if (values % 1 != 0).any():
        return []
    counts = np.bincount((values - values.min()).astype(np.int64))
    found = np.flatnonzero(counts) + values.min()
    return found.tolist() if len(found) <= FEW_NUMBERS else []


def _levels(name: str, column: pd.Series, place: Place, why: str = "") -> tuple[Decision, Any]:
    values = levels_of(name, column, place)
    found = pd.Series(values).dropna().unique()
    if len(found) == 1 and column.notna().mean() > 1 - NEARLY_EMPTY:
        return Decision(name, "left out", f"always {level_text(found[0])!r:.40}"), None
    return Decision(name, "text", why), values


def _forms(column: pd.Series) -> list[str]:
    """The formats in which all texts of a column are dates; none of what is no text."""
    return formats_of(list(column.dropna().unique())) if _is_text(column) else []


def one_form(name: str, column: pd.Series, place: Place, forms: list[str]) -> str:
    """The one of the formats of a column's dates, "" without any; `TableError` if there are two."""
    if len(forms) > 1:
        row = int(column.notna().to_numpy().argmax())
        text = (
            f"column {name!r} holds dates that can be read in two ways: "
            f"{column.iloc[row]!r:.40} in {place(row)} as {forms[0]} or as {forms[1]}"
        )
        advice = f"say which, table.columns: {{{name}: {{date: {forms[0]!r}}}}}"
        raise FaultyTableError([Fault(text, advice)])
    return forms[0] if forms else ""


def _dates(name: str, column: pd.Series, place: Place, form: str) -> tuple[Decision, Any]:
    values = dates_of(name, column, place, form)
    found = pd.Series(values).dropna()
    if (found == found.iloc[0]).all():
        return Decision(name, "left out", f"always {found.iloc[0]}"), None
    return Decision(name, "date", form=form), values


def number_column(
    name: str,
    column: pd.Series,
    place: Place,
    spelling: Numerals | None,
    found: Spelled | None = None,
) -> tuple[Decision, Float64[np.ndarray, " row"]]:
    """The numbers of a column, and how they are written where that is not plain.

    `found` is what `spelled` says of a column of texts, where that is known.
    """
    if not _is_text(column):
        values = numbers_of(name, column, place, spelling)
        return _signed(Decision(name, "number"), spelling), values
    is_numbers = (found or spelled(column)).kind == "numbers"
    read = read_numbers(column, spelling or PLAIN) if is_numbers else None
    if read is None:
        return Decision(name, "number"), numbers_of(name, column, place, spelling or PLAIN)
    values = numbers_of(name, read.plain, place, PLAIN)
    decision = Decision(name, "number", read.words, sign=read.sign, decimal=read.decimal)
    return decision, values


def _signed(decision: Decision, spelling: Numerals | None) -> Decision:
    """The decision on numbers that a file was read with, which new rows may write as it does."""
    if spelling is None or not spelling.percent:
        return decision
    return replace(decision, sign="%", decimal=spelling.decimal)


def _is_text(column: pd.Series) -> bool:
    """Whether every value of a column is text."""
    if not types.is_object_dtype(column.dtype):
        return types.is_string_dtype(column.dtype)
    there = column.dropna()
    return len(there) > 0 and all(isinstance(value, str) for value in there)


def _holds_dates(column: pd.Series) -> bool:
    """Whether a column of Python objects holds dates, as pyarrow's days come."""
    if not types.is_object_dtype(column.dtype):
        return False
    first = column.dropna().iloc[0]
    return hasattr(first, "isoformat") and not isinstance(first, str) and hasattr(first, "year")
