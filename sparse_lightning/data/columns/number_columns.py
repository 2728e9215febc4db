"""Columns that become one measure: numbers, and levels that have an order."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from jaxtyping import Float, Float64

from sparse_lightning.data.cells.levels import from_levels, level_places, level_text, show_levels
from sparse_lightning.data.scaling import (
    Fitted,
    Scale,
    Weights,
    fit_flags,
    fit_measure,
    shares_of,
    together,
)
from sparse_lightning.errors import TableError


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers: its first input is the number.

    Attributes:
        fill: the number that stands for a missing value; None: a missing value is refused.
        indicator: whether a second input is 1 where the value is missing, else 0.
        sign: what texts may have beside the number, such as `$` or `kg`.
        decimal: the sign before the fractions of such texts.
    """

    kind: ClassVar[str] = "number"
    name: str
    fill: float | None = None
    indicator: bool = False
    sign: str = ""
    decimal: str = "."

    @property
    def takes_missing(self) -> bool:
        return self.fill is not None

    @property
    def input_names(self) -> tuple[str, ...]:
        """The column, and `COLUMN=missing` where there is an indicator."""
        return (self.name, f"{self.name}=missing") if self.indicator else (self.name,)

    def coded(self, column: pd.Series, unseen: bool = False) -> Float64[np.ndarray, " row"]:
        """One number a row, of which `inputs` makes the inputs: here the number itself."""
        return column.to_numpy(dtype=np.float64)

    def inputs(self, codes: Float64[np.ndarray, " row"]) -> Float64[np.ndarray, "row input"]:
        """The inputs of coded rows, unscaled."""
        if self.fill is None:
            return codes[:, None]
        missing = np.isnan(codes)
        filled = np.where(missing, self.fill, codes)
        return np.column_stack([filled, missing]) if self.indicator else filled[:, None]

    def fitted(
        self, codes: Float64[np.ndarray, " row"], scale: Scale, weights: Weights = None
    ) -> list[Fitted]:
        """How each input is scaled, by the coded rows of a column."""
        inputs = self.inputs(codes)
        measure = fit_measure(inputs[:, 0], scale, self.name, weights)
        if not self.indicator:
            return [measure]
        flags = fit_flags(shares_of(inputs[:, 1:], weights), scale, self.name)
        return together([[measure], flags], scale)

    def decode(self, inputs: Float[np.ndarray, "row input"]) -> pd.Series:
        """The column that unscaled inputs stand for; missing where the indicator is 0.5 or more."""
        values = np.array(inputs[:, 0], dtype=np.float64)
        if self.indicator:
            values[inputs[:, 1] >= 0.5] = np.nan
        return pd.Series(values)


@dataclass(frozen=True)
class OrderedColumn:
    """A column of levels in an order: its input is the place of the level, counted from 0.

    Attributes:
        levels: in their order.
        fill: the place that stands for a missing value; None: a missing value is refused.
    """

    kind: ClassVar[str] = "ordered"
    name: str
    levels: tuple[str, ...]
    numeric: bool = False
    fill: float | None = None

    @property
    def takes_missing(self) -> bool:
        return self.fill is not None

    @property
    def input_names(self) -> tuple[str, ...]:
        return (self.name,)

    def coded(self, column: pd.Series, unseen: bool = False) -> Float64[np.ndarray, " row"]:
        """The place of each row's level, NaN where it is missing.

        Raises `TableError` if a row holds a level that is not known.
        """
        places = level_places(column, self.levels, self.numeric)
        unknown = (places < 0) & column.notna().to_numpy()
        if unknown.any():
            row = int(unknown.argmax())
            raise TableError(
                f"column {self.name!r} holds the unknown level "
                f"{level_text(column.iloc[row])!r:.80} in row {row + 1} (in their order: "
                f"{show_levels(self.levels)})"
            )
        return np.where(places < 0, np.nan, places)

    def inputs(self, codes: Float64[np.ndarray, " row"]) -> Float64[np.ndarray, "row input"]:
        """The inputs of coded rows, unscaled."""
        filled = codes if self.fill is None else np.where(np.isnan(codes), self.fill, codes)
        return filled[:, None]

    def fitted(
        self, codes: Float64[np.ndarray, " row"], scale: Scale, weights: Weights = None
    ) -> list[Fitted]:
        """How the input is scaled, by the coded rows of a column."""
        return [fit_measure(self.inputs(codes)[:, 0], scale, self.name, weights)]

    def decode(self, inputs: Float[np.ndarray, "row input"]) -> pd.Series:
        """The column that unscaled inputs stand for: the level whose place is nearest."""
        places = np.rint(np.clip(inputs[:, 0], 0, len(self.levels) - 1)).astype(int)
        return pd.Series(from_levels(self.levels, self.numeric).take(places))
