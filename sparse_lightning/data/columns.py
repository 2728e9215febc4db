"""How one column of a table becomes inputs of a network, and back: a class a kind of column.

The classes have inputs in the column's own unit, or 0 and 1; scaled = (value − offset) / factor.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Float64, Int64

from sparse_lightning._text import did_you_mean
from sparse_lightning.data.levels import (
    code_levels,
    find_levels,
    from_levels,
    known_as,
    level_text,
    show_levels,
)
from sparse_lightning.errors import TableError

Scale = Literal["minmax", "standard", "none"]

MOST_LEVELS = 10_000
"""A column with more levels becomes no dummies: it is most likely a number, a name or a key."""


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers: its one input is the number."""

    kind: ClassVar[str] = "number"
    name: str

    @property
    def input_names(self) -> tuple[str, ...]:
        return (self.name,)

    def coded(self, column: pd.Series, unseen: bool = False) -> Float64[np.ndarray, " row"]:
        """One number a row, of which `inputs` makes the inputs: here the number itself."""
        return column.to_numpy(dtype=np.float64)

    def inputs(self, codes: Float64[np.ndarray, " row"]) -> Float64[np.ndarray, "row input"]:
        """The inputs of coded rows, unscaled."""
        return codes[:, None]

    def decode(self, inputs: Float[np.ndarray, "row input"]) -> pd.Series:
        """The column that unscaled inputs stand for."""
        return pd.Series(inputs[:, 0])


@dataclass(frozen=True)
class BinaryColumn:
    """A column of which one value counts: its one input is 1 where it is, else 0.

    `other` is the only other level there is; None: there are several, and every level is known.
    """

    kind: ClassVar[str] = "binary"
    name: str
    value: str
    other: str | None = None
    numeric: bool = False

    @classmethod
    def fit(cls, column: pd.Series, value: str | float) -> "BinaryColumn":
        """The encoding of a complete column, as `typed` returns it, by one of its values.

        `1` and `"1"` mean the same, and so do `"True"` and 1 in a column of 0 and 1, which one of
        true and false is. Raises `TableError` if the value never occurs, or nothing else
        does.
        """
        name, wanted = str(column.name), level_text(value)
        _, levels = code_levels(column)
        numeric = _is_numeric(column)
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
    def input_names(self) -> tuple[str, ...]:
        """Column and value: `sex=Male`."""
        return (f"{self.name}={self.value}",)

    def coded(self, column: pd.Series, unseen: bool = False) -> Float64[np.ndarray, " row"]:
        """One number a row, of which `inputs` makes the inputs: 1 where the value is, else 0.

        Raises `TableError` if the column has two levels, and a row holds neither, which must not be
        `unseen`.
        """
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

    def shares(self, codes: Float64[np.ndarray, " row"]) -> Float64[np.ndarray, " input"]:
        """The mean of each input over coded rows."""
        return codes.mean(keepdims=True)

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
    """

    kind: ClassVar[str] = "levels"
    name: str
    levels: tuple[str, ...]
    numeric: bool = False
    drop_first: bool = False

    @classmethod
    def fit(cls, column: pd.Series, drop_first: bool = False) -> "LevelsColumn":
        """The encoding of a complete column, as `typed` returns it, by its levels.

        Raises `TableError` if there are more than `MOST_LEVELS` levels, or only one.
        """
        name = str(column.name)
        _, levels = code_levels(column)
        if len(levels) > MOST_LEVELS:
            raise TableError(
                f"column {name!r} has {len(levels)} levels, of which at most {MOST_LEVELS} can "
                f"become inputs: {show_levels(levels)}"
            )
        _check_several(name, levels)
        return cls(name, levels, _is_numeric(column), drop_first)

    @property
    def input_names(self) -> tuple[str, ...]:
        """Column and level: `education=Bachelors`."""
        return tuple(f"{self.name}={level}" for level in self.levels[self.drop_first :])

    def coded(self, column: pd.Series, unseen: bool = False) -> Int64[np.ndarray, " row"]:
        """One number a row, of which `inputs` makes the inputs: the place of the row's level.

        Raises `TableError` if a row holds a level that is not known, or, with `unseen`, gives −1.
        """
        return find_levels(column, self.levels, f"column {self.name!r}", self.numeric, unseen)

    def inputs(self, codes: Int64[np.ndarray, " row"]) -> Float64[np.ndarray, "row input"]:
        """The inputs of coded rows, unscaled: 1 for the row's level, else 0; of −1 all are 0."""
        inputs = np.zeros((len(codes), len(self.levels)))
        known = np.flatnonzero(codes >= 0)
        inputs[known, codes[known]] = 1.0
        return inputs[:, int(self.drop_first) :]

    def shares(self, codes: Int64[np.ndarray, " row"]) -> Float64[np.ndarray, " input"]:
        counts = np.bincount(codes, minlength=len(self.levels))
        return (counts / max(len(codes), 1))[int(self.drop_first) :]

    def decode(self, inputs: Float[np.ndarray, "row input"]) -> pd.Series:
        """The column that unscaled inputs stand for: the level with the largest input.

        Where the first level has no input, it is what stands where all inputs are below 0.5.
        """
        places = inputs.argmax(axis=1)
        if self.drop_first:
            places = np.where((inputs < 0.5).all(axis=1), 0, places + 1)
        return pd.Series(from_levels(self.levels, self.numeric).take(places))


TRUTHS = {"true": "1", "false": "0"}
"""The levels of a column of true and false."""

ColumnEncoding = NumberColumn | BinaryColumn | LevelsColumn


def column_to_dict(column: ColumnEncoding) -> dict[str, Any]:
    """The encoding of a column as JSON can hold it; `column_from_dict` makes an equal one of it."""
    fields = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in vars(column).items()
    }
    return {"kind": column.kind, **fields}


def column_from_dict(stored: dict[str, Any]) -> ColumnEncoding:
    """The encoding that `column_to_dict` described; KeyError, TypeError or ValueError if it is
    none.
    """
    kind, name = stored["kind"], str(stored["name"])
    if kind == NumberColumn.kind:
        return NumberColumn(name)
    numeric = bool(stored["numeric"])
    if kind == BinaryColumn.kind:
        other = stored["other"]
        return BinaryColumn(
            name, str(stored["value"]), None if other is None else str(other), numeric
        )
    if kind == LevelsColumn.kind:
        levels = tuple(str(level) for level in stored["levels"])
        return LevelsColumn(name, levels, numeric, bool(stored["drop_first"]))
    raise ValueError(f"{kind!r} is no kind of column")


def _is_numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype)


def _as_number(text: str) -> str:
    if text.lower() in TRUTHS:
        return TRUTHS[text.lower()]
    try:
        return level_text(float(text))
    except ValueError:
        return text


def _check_several(name: str, levels: tuple[str, ...]) -> None:
    if len(levels) == 1:
        raise TableError(
            f"the same value stands in every row of column {name!r} ({levels[0]:.80}): leave it "
            "out with table.columns"
        )


def fit_scaling(
    values: Float64[np.ndarray, " row"], scale: Scale, column: str
) -> tuple[float, float]:
    """Offset and factor by which the numbers of a column are scaled.

    `minmax`: the least value and the range; `standard`: the mean and the standard deviation of the
    population; `none`: 0 and 1. Raises `TableError` if the numbers are all equal, or 64 bits cannot
    hold their spread.
    """
    if scale == "none":
        return 0.0, 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        if scale == "minmax":
            offset, factor = values.min(), values.max() - values.min()
        else:
            offset, factor = values.mean(), values.std()
    if not (np.isfinite(offset) and np.isfinite(factor) and factor > 0):
        raise TableError(
            f"column {column!r} reaches from {values.min():g} to {values.max():g}: cannot be scaled"
        )
    return float(offset), float(factor)


def variance(values: Float64[np.ndarray, " row"], offset: float, factor: float) -> float:
    """The variance of the numbers of a column as scaled; infinite where it is too large."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = float(((values - offset) / factor).var()) if len(values) else 0.0
    return found if np.isfinite(found) else np.inf


def share_scaling(
    shares: Float64[np.ndarray, " input"], scale: Scale, column: str
) -> list[tuple[float, float]]:
    """Offset and factor of 0/1 inputs, each of which is 1 in a share p of the rows.

    Their standard deviation is √(p (1 − p)); `minmax` leaves them as they are. Raises `TableError`
    if an input is the same in every row and is to be scaled by its spread.
    """
    if scale != "standard":
        return [(0.0, 1.0)] * len(shares)
    spreads = np.sqrt(shares * (1 - shares))
    if not (spreads > 0).all():
        value = shares[int((spreads == 0).argmax())]
        raise TableError(f"column {column!r} reaches from {value:g} to {value:g}: cannot be scaled")
    return list(zip(shares.tolist(), spreads.tolist(), strict=True))
