"""The target of a classification and its classes."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from jaxtyping import Int64
from pandas.api import types

from sparse_lightning.data.cells.levels import code_levels, find_levels, show_levels
from sparse_lightning.data.cells.spellings import spelled
from sparse_lightning.data.columns.column_types import typed
from sparse_lightning.data.rows.gaps import check_complete
from sparse_lightning.errors import TableError

VERSION = 1
"""Of what `to_dict` returns."""

MOST_CLASSES = 100
"""A target with more values is most likely a measurement, not a class."""


FEW = 20
"""So many different values may always be classes."""

OFTEN = 20
"""More whole numbers may be classes if half of them stand in at least so many rows."""

_CUT = (
    "use the task regressor for numbers; or make a few classes of it (low, middle, high), or "
    "choose another table.target"
)


@dataclass(frozen=True)
class ClassTarget:
    """The column that a classifier predicts.

    The classes are its levels as text: numbers in the order of numbers, without `.0`, else sorted
    as text.
    """

    name: str
    classes: tuple[str, ...]

    @classmethod
    def fit(cls, series: pd.Series) -> Self:
        """Find the classes of a target, whose name the series has.

        Raises `TableError` if a value is missing, or there are fewer than 2 or more than
        `MOST_CLASSES` classes.
        """
        name = str(series.name)
        column = _complete(series, name)
        codes, classes = code_levels(column)
        held = f"the target {name!r} holds {len(classes)} different values ({show_levels(classes)})"
        if len(classes) > FEW and _is_continuous(column, codes):
            raise TableError(f"{held} in {len(column)} rows, so it is continuous: {_CUT}")
        if len(classes) > MOST_CLASSES:
            raise TableError(
                f"{held}, at most {MOST_CLASSES} can be classes: choose another table.target"
            )
        if len(classes) < 2:
            held = f"only {classes[0]!r:.80}" if classes else "no rows"
            raise TableError(f"the target {name!r} holds {held}: there must be at least 2 classes")
        return cls(name, classes)

    def codes(self, series: pd.Series) -> Int64[np.ndarray, " row"]:
        """The place of each row's class in `classes`, counted from 0.

        Raises `TableError` if a value is missing, or is none of the classes.
        """
        return find_levels(_complete(series, self.name), self.classes, f"the target {self.name!r}")

    def to_dict(self) -> dict[str, Any]:
        """The target as JSON can hold it; `from_dict` makes an equal one of it."""
        return {"version": VERSION, "name": self.name, "classes": list(self.classes)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """The target that `to_dict` described; `TableError` if it is none, or of a later one."""
        try:
            if stored["version"] != VERSION:
                raise TableError(f"the target has version {stored['version']}, expected {VERSION}")
            return cls(str(stored["name"]), tuple(str(name) for name in stored["classes"]))
        except (KeyError, TypeError) as error:
            raise TableError(f"the target cannot be read: {error!r}") from error


def is_measure(numbers: pd.Series) -> bool:
    """Whether complete numbers are rather measured than classes, as `ClassTarget` tells them."""
    codes, classes = code_levels(numbers)
    return len(classes) > MOST_CLASSES or (len(classes) > FEW and _is_continuous(numbers, codes))


def _is_continuous(column: pd.Series, codes: Int64[np.ndarray, " row"]) -> bool:
    """Whether many values are measures: fractions, or numbers, however written, that are rare."""
    rare = bool(np.median(np.bincount(codes)) < OFTEN)
    if types.is_numeric_dtype(column.dtype):
        return rare or bool((column % 1 != 0).any())
    return rare and spelled(column).kind in ("numbers", "dates")


def _complete(series: pd.Series, name: str) -> pd.Series:
    frame = typed(series.to_frame(name), {name})
    check_complete(frame)
    return frame.iloc[:, 0]
