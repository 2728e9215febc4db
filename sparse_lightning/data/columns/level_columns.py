"""Columns of levels: one 0/1 input for one value, or one for each level."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from jaxtyping import Float, Float64, Int64
from pandas.api import types

from sparse_lightning._text import did_you_mean
from sparse_lightning.data.cells.levels import (
    code_levels,
    find_levels,
    from_levels,
    known_as,
    level_places,
    level_text,
    show_levels,
)
from sparse_lightning.data.scaling import Fitted, Scale, Weights, fit_levels, shares_of
from sparse_lightning.errors import TableError

MOST_LEVELS = 10_000
"""A column with more levels becomes no dummies: it is most likely a number, a name or a key."""

TRUTHS = {"true": "1", "false": "0"}
"""The levels of a column of true and false."""


@dataclass(frozen=True)
class BinaryColumn:
    """A column of which one value counts: its one input is 1 where it is, else 0.

    Attributes:
        other: the only other level there is; None: there are several, and every level is known.
        fill: the input that stands for a missing value; None: it is refused, and so is a level that
            is neither. With it another level is taken for `other`.
    """

    kind: ClassVar[str] = "binary"
    name: str
    value: str
    other: str | None = None
    numeric: bool = False
    fill: float | None = None

    @classmethod
    def fit(cls, column: pd.Series, value: str | float) -> "BinaryColumn":
        """The encoding of a complete column, as `typed` returns it, by one of its values.

        `1` and `"1"` mean the same, and so do `"True"` and 1 in a column of 0 and 1, which one of
        true and false is. Raises `TableError` if the value never occurs, or nothing else
        does.
        """
        name, wanted = str(column.name), level_text(value)
        _, levels = code_levels(column)
        numeric = is_numeric(column)
        if wanted not in levels and numeric:  # 1e3 in quotes, or 1.0, or True
            wanted = _as_number(wanted)
        if wanted not in levels:
            quotes = "" if numeric or isinstance(value, str) else ", which are text: use quotes"
            raise TableError(
                f"column {name!r} never holds {wanted!r}{did_you_mean(wanted, levels)} "
                f"(levels: {show_levels(levels)}{quotes})"
            )
        _check_several(name, levels)
        others = [level for level in levels if level != wanted]
        return cls(name, wanted, others[0] if len(others) == 1 else None, numeric)

    @property
    def takes_missing(self) -> bool:
        return self.fill is not None

    @property
    def input_names(self) -> tuple[str, ...]:
        """Column and value: `sex=Male`."""
        return (f"{self.name}={self.value}",)

    def coded(self, column: pd.Series, unseen: bool = False) -> Float64[np.ndarray, " row"]:
        """One number a row, of which `inputs` makes the inputs: 1 where the value is, else 0.

        Raises `TableError` if the column has two levels, and a row holds neither, which must not be
        `unseen`.
        """
        if self.fill is not None:
            places = level_places(column, (self.value,), self.numeric)
            return np.where(column.isna().to_numpy(), self.fill, (places == 0).astype(np.float64))
        if self.other is not None and not unseen:
            levels = (self.other, self.value)
            places = find_levels(column, levels, f"column {self.name!r}", self.numeric)
            return places.astype(np.float64)
        codes, found = code_levels(column)
        matches = [known_as(level, self.numeric) == self.value for level in found]
        return np.array(matches, dtype=np.float64)[codes]

    def inputs(self, codes: Float64[np.ndarray, " row"]) -> Float64[np.ndarray, "row input"]:
        """The inputs of coded rows, unscaled: 0 or 1."""
        return codes[:, None]

    def fitted(
        self, codes: Float64[np.ndarray, " row"], scale: Scale, weights: Weights = None
    ) -> list[Fitted]:
        """How the input is scaled, by the coded rows of a column."""
        return fit_levels(shares_of(self.inputs(codes), weights), scale, self.name)

    def decode(self, inputs: Float[np.ndarray, "row input"]) -> pd.Series:
        """The column that unscaled inputs stand for: the value from 0.5 on.

        Below, it is the other level; where there are several, the text `not VALUE`.
        """
        unnamed = self.other is None
        other = f"not {self.value}" if self.other is None else self.other
        levels = from_levels((other, self.value), self.numeric and not unnamed)
        return pd.Series(levels.take((inputs[:, 0] >= 0.5).astype(int)))


@dataclass(frozen=True)
class LevelsColumn:
    """A column of levels: one 0/1 input a level.

    The levels are text, sorted. With `drop_first` the first one, the reference, has no input.

    Attributes:
        open: whether other levels are taken; else they are refused.
        gaps: the same for missing values.
        other: the name of one more input, for the levels that are not listed; "": there is none,
            and such a level is 0 in all inputs.
        missing: the name of one for missing values; "": there is none, and all inputs are 0 there.
    """

    kind: ClassVar[str] = "levels"
    name: str
    levels: tuple[str, ...]
    numeric: bool = False
    drop_first: bool = False
    open: bool = False
    gaps: bool = False
    other: str = ""
    missing: str = ""

    @classmethod
    def fit(cls, column: pd.Series, drop_first: bool = False) -> "LevelsColumn":
        """The encoding of a complete column, as `typed` returns it, by its levels.

        Raises `TableError` if there are more than `MOST_LEVELS` levels, or only one.
        """
        name = str(column.name)
        _, levels = code_levels(column)
        check_count(name, levels)
        _check_several(name, levels)
        return cls(name, levels, is_numeric(column), drop_first)

    @property
    def takes_missing(self) -> bool:
        return self.gaps

    @property
    def input_names(self) -> tuple[str, ...]:
        """Column and level: `education=Bachelors`."""
        return tuple(f"{self.name}={level}" for level in self.places[self.drop_first :])

    @property
    def places(self) -> tuple[str, ...]:
        """What the codes of rows stand for."""
        return (*self.levels, *filter(None, (self.other, self.missing)))

    def coded(self, column: pd.Series, unseen: bool = False) -> Int64[np.ndarray, " row"]:
        """One number a row, of which `inputs` makes the inputs: the place of the row's level.

        It is −1 where all inputs are 0. Raises `TableError` if a row holds a level that is not
        known, unless the column is open or such levels may be `unseen`.
        """
        if not self.open and not unseen:
            return find_levels(column, self.levels, f"column {self.name!r}", self.numeric)
        places = level_places(column, self.levels, self.numeric)
        missing = column.isna().to_numpy()
        known = len(self.levels)
        if self.other:
            places[(places < 0) & ~missing] = known
        if self.missing:
            places[missing] = known + bool(self.other)
        return places

    def inputs(self, codes: Int64[np.ndarray, " row"]) -> Float64[np.ndarray, "row input"]:
        """The inputs of coded rows, unscaled: 1 for the row's level, else 0."""
        inputs = np.zeros((len(codes), len(self.places)))
        known = codes >= 0
        inputs[np.flatnonzero(known), codes[known]] = 1.0
        return inputs[:, int(self.drop_first) :]

    def fitted(
        self, codes: Int64[np.ndarray, " row"], scale: Scale, weights: Weights = None
    ) -> list[Fitted]:
        """How each input is scaled, by the coded rows of a column."""
        known = codes >= 0
        rows = len(codes) if weights is None else weights.sum()
        own = None if weights is None else weights[known]
        counts = np.bincount(codes[known], own, minlength=len(self.places))
        shares = (counts / max(rows, 1e-300))[int(self.drop_first) :]
        return fit_levels(shares, scale, self.name)

    def decode(self, inputs: Float[np.ndarray, "row input"]) -> pd.Series:
        """The column that unscaled inputs stand for: the level with the largest input.

        Where the first level has no input, it is what stands where all inputs are below 0.5.
        """
        places = inputs.argmax(axis=1)
        if self.drop_first:
            places = np.where((inputs < 0.5).all(axis=1), 0, places + 1)
        levels = from_levels(
            (*self.levels, *filter(None, (self.other,))), self.numeric and not self.other
        )
        # The place of what is missing is behind the last, where nothing is.
        return pd.Series(levels).reindex(places).reset_index(drop=True)


def is_numeric(column: pd.Series) -> bool:
    """Whether the levels of a column, as `typed` returns it, are numbers."""
    return types.is_numeric_dtype(column.dtype)


def _as_number(text: str) -> str:
    if text.lower() in TRUTHS:
        return TRUTHS[text.lower()]
    try:
        return level_text(float(text))
    except ValueError:
        return text


def check_count(name: str, levels: tuple[str, ...]) -> None:
    """Raise `TableError` if a column has more levels than may become inputs."""
    if len(levels) > MOST_LEVELS:
        raise TableError(
            f"column {name!r} has {len(levels)} levels, of which at most {MOST_LEVELS} can "
            f"become inputs: {show_levels(levels)}"
        )


def _check_several(name: str, levels: tuple[str, ...]) -> None:
    if len(levels) == 1:
        raise TableError(
            f"the same value stands in every row of column {name!r} ({levels[0]:.80}): leave it "
            "out with table.leave_out"
        )
