"""From the user's columns to the inputs of a network, and back."""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from jaxtyping import Float, Float32

from sparse_lightning.data.numeric import check_complete, check_varying, numbers, select
from sparse_lightning.errors import TableError

VERSION = 1
"""Of what `to_dict` returns."""

Scale = Literal["minmax", "standard", "none"]


@dataclass(frozen=True)
class ColumnEncoding:
    """How one column becomes one input, input = (value − offset) / factor.

    Attributes:
        name: of the column and of the input.
        offset: in the user's unit.
        factor: in the user's unit, greater than 0.
    """

    name: str
    offset: float = 0.0
    factor: float = 1.0


@dataclass(frozen=True)
class Encoding:
    """How a table becomes the inputs of a network.

    Attributes:
        inputs: the columns, in the order of the network's inputs.
    """

    inputs: tuple[ColumnEncoding, ...]

    @classmethod
    def fit(cls, frame: pd.DataFrame, scale: Scale) -> Self:
        """Find the offsets and factors of a table.

        Args:
            frame: the columns to use, one row an example.
            scale: `minmax`: offset is the least value and factor the range; `standard`: the mean
                and the standard deviation of the population; `none`: 0 and 1.

        Raises:
            TableError: a column holds no numbers, has missing values or, if it is to be scaled, is
                constant or has a spread that 64 bits cannot hold.
        """
        values = _complete(frame, tuple(frame.columns))
        if scale == "none":
            return cls(tuple(ColumnEncoding(str(name)) for name in values.columns))
        if values.empty:
            raise TableError("has no rows, so there is nothing to scale by")
        check_varying(values)
        return cls(
            tuple(_fit(str(name), values[name].to_numpy(), scale) for name in values.columns)
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return tuple(column.name for column in self.inputs)

    def transform(self, frame: pd.DataFrame) -> Float32[np.ndarray, "row input"]:
        """The inputs of the network for rows of the table.

        Args:
            frame: has at least the columns that were fitted; others are ignored.

        Raises:
            TableError: a column is missing or holds text, or a value is missing, infinite or too
                large for 32 bits.
        """
        values = _complete(frame, self.columns).to_numpy()
        with np.errstate(over="ignore"):
            scaled = ((values - self._offsets) / self._factors).astype(np.float32)
        if not np.isfinite(scaled).all():
            row, column = np.argwhere(~np.isfinite(scaled))[0]
            raise TableError(
                f"column {self.columns[column]!r} holds {values[row, column]:g} in row {row + 1}, "
                "which is too large for a network"
            )
        return scaled

    def inverse(self, inputs: Float[np.ndarray, "row input"]) -> pd.DataFrame:
        """The table, in the user's units, that inputs or a network's reconstructions stand for.

        Args:
            inputs: as `transform` returns them.

        Raises:
            TableError: the array has not one column for each input.
        """
        array = np.asarray(inputs, dtype=np.float64)
        if array.ndim != 2 or array.shape[1] != len(self.inputs):
            raise TableError(
                f"expected an array (row, {len(self.inputs)}), got the shape {array.shape}"
            )
        with np.errstate(over="ignore"):
            values = array * self._factors + self._offsets
        return pd.DataFrame(values, columns=list(self.columns))

    def to_dict(self) -> dict[str, Any]:
        """The encoding as JSON can hold it; `from_dict` makes an equal one of it."""
        columns = [
            {"name": column.name, "offset": column.offset, "factor": column.factor}
            for column in self.inputs
        ]
        return {"version": VERSION, "columns": columns}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """The encoding that `to_dict` described.

        Raises:
            TableError: it is none, or of a later version.
        """
        try:
            if stored["version"] != VERSION:
                raise TableError(
                    f"the encoding has version {stored['version']}, expected {VERSION}"
                )
            return cls(
                tuple(
                    ColumnEncoding(
                        str(column["name"]), float(column["offset"]), float(column["factor"])
                    )
                    for column in stored["columns"]
                )
            )
        except (KeyError, TypeError, ValueError) as error:
            raise TableError(f"the encoding cannot be read: {error!r}") from error

    @property
    def _offsets(self) -> Float[np.ndarray, " input"]:
        return np.array([column.offset for column in self.inputs])

    @property
    def _factors(self) -> Float[np.ndarray, " input"]:
        return np.array([column.factor for column in self.inputs])


def _complete(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    values = numbers(select(frame, columns))
    check_complete(values)
    return values


def _fit(name: str, values: np.ndarray, scale: Scale) -> ColumnEncoding:
    with np.errstate(over="ignore", invalid="ignore"):
        if scale == "minmax":
            offset, factor = values.min(), values.max() - values.min()
        else:
            offset, factor = values.mean(), values.std()
    if not (np.isfinite(offset) and np.isfinite(factor) and factor > 0):
        raise TableError(
            f"column {name!r} reaches from {values.min():g} to {values.max():g}: cannot be scaled"
        )
    return ColumnEncoding(name, float(offset), float(factor))
