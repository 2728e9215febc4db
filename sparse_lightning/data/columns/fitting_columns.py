"""From what a column is to how it becomes inputs: levels, what stands for missing values, and what
is said of it.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from sparse_lightning._text import counted, did_you_mean, listed
from sparse_lightning.data.cells.levels import code_levels, level_places, show_levels
from sparse_lightning.data.columns.date_columns import DateColumn
from sparse_lightning.data.columns.deciding import Decision
from sparse_lightning.data.columns.kinds import ColumnEncoding
from sparse_lightning.data.columns.level_columns import (
    BinaryColumn,
    LevelsColumn,
    check_count,
    is_numeric,
)
from sparse_lightning.data.columns.number_columns import NumberColumn, OrderedColumn
from sparse_lightning.errors import TableError

MISSING_SHARE = 0.05
"""Where more of a column is missing, an input says where."""

RARE_SHARE, RARE_ROWS = 0.01, 5
"""A level in fewer rows than this share, or this many, is rare."""

MOST_INPUTS = 20
"""Of a column with more levels the most frequent ones have inputs, the others are one."""


@dataclass(frozen=True)
class ColumnReading:
    """What was made of one column, for people to read.

    Attributes:
        kind: what it is: `number`, `text`, `ordered`, `date`, `recoded`, `left out`.
        why: how that was seen, or what was done about single values.
        inputs: how many inputs it became.
        missing: in how many rows it has no value.
        pin: what `table.columns` says to have the same again.
    """

    name: str
    kind: str
    why: str
    inputs: int
    missing: int
    pin: Any

    def to_dict(self) -> dict[str, Any]:
        return vars(self).copy()


def fit_column(decision: Decision, column: pd.Series, impute: bool) -> tuple[ColumnEncoding, str]:
    """How a column becomes inputs, and what was done about its values, in words.

    `column` holds the rows that are fitted, as `decide` gives them. With `impute` missing values,
    and levels that these rows do not have, have inputs too; without it the column is complete.
    """
    missing = int(column.isna().sum())
    often = impute and missing > MISSING_SHARE * len(column)
    if decision.kind == "number":
        fill = _median(column) if impute else None
        number = NumberColumn(decision.name, fill, often, decision.sign, decision.decimal)
        return number, _filled(missing, f"the median, {number.fill:g}" if impute else "", often)
    if decision.kind == "date":
        date = DateColumn.fit(column, decision.form, impute, often)
        parts = listed([name for name in ("month", "weekday", "hour") if getattr(date, f"{name}s")])
        since = f"days since {date.origin[:10]}{f', and {parts}' if parts else ''}"
        return date, "; ".join(filter(None, (since, _filled(missing, "the median", often))))
    if decision.kind == "ordered":
        ordered = OrderedColumn(decision.name, decision.levels, is_numeric(column))
        if impute:
            ordered = replace(ordered, fill=float(np.nanmedian(ordered.coded(column))))
        return ordered, "; ".join(
            filter(
                None,
                (" < ".join(decision.levels), _filled(missing, "the middle level", False)),
            )
        )
    return _levels(decision, column, missing, impute)


def _median(column: pd.Series) -> float:
    values = column.to_numpy(np.float64)
    present = values[~np.isnan(values)]
    if not len(present):
        raise TableError(
            f"column {column.name!r} has no value in the rows that are trained on: "
            "leave it out with table.leave_out"
        )
    return float(np.median(present))


def _filled(missing: int, value: str, often: bool) -> str:
    if not missing or not value:
        return ""
    beside = ", and an input says where" if often else ""
    return f"missing values became {value}{beside}"


def _levels(
    decision: Decision, column: pd.Series, missing: int, impute: bool
) -> tuple[BinaryColumn | LevelsColumn, str]:
    name, numeric = decision.name, is_numeric(column)
    codes, found = code_levels(column)
    check_count(name, found)
    counts = np.bincount(codes[codes >= 0], minlength=len(found))
    if absent := [level for level in decision.levels if level not in found]:
        raise TableError(
            f"column {name!r} never holds {absent[0]!r:.80}{did_you_mean(absent[0], found)} "
            f"(levels: {show_levels(found)})"
        )
    kept = decision.levels or _frequent(found, counts, len(column))
    joined = [level for level in found if level not in kept]
    if len(kept) == 2 and not joined and not missing:
        first, second = kept
        fill = float(counts[found.index(second)] > counts[found.index(first)])
        return BinaryColumn(name, second, first, numeric, fill), f"{first} or {second}"
    if len(kept) + bool(joined) + bool(missing) < 2:
        raise TableError(
            f"column {name!r} always holds {listed(list(found), 3)}: leave it out with "
            "table.leave_out"
        )
    other = _free("other", found) if joined else ""
    none = _free("missing", found) if missing else ""
    levels = LevelsColumn(name, kept, numeric, open=True, gaps=impute, other=other, missing=none)
    told = [counted(len(found), "level")]
    if joined:
        rows = int((level_places(column, joined, numeric) >= 0).sum())
        told.append(f"{counted(len(joined), 'rare one')} in {counted(rows, 'row')} became {other}")
    if missing:
        told.append("missing values became a level")
    return levels, ", ".join(told)


def _frequent(found: tuple[str, ...], counts: np.ndarray, rows: int) -> tuple[str, ...]:
    """The levels that have inputs of their own, in their order.

    One rare level alone has one, too: joined to others it would be called by another name only.
    """
    rare = counts < max(RARE_SHARE * rows, min(RARE_ROWS, rows / 10))
    most = np.argsort(-counts, kind="stable")[MOST_INPUTS:]
    if rare.all():
        rare[:] = False
    rare[most] = True
    if rare.sum() < 2 or len(found) <= 2:
        return found
    return tuple(level for level, is_rare in zip(found, rare, strict=True) if not is_rare)


def _free(name: str, levels: tuple[str, ...]) -> str:
    """A name that no level has."""
    while name in levels:
        name = f"({name})"
    return name
