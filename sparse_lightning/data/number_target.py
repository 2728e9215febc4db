"""The targets of a regression: columns of numbers, standardised for training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from jaxtyping import Float, Float32, Float64

from sparse_lightning.data.cells.numerals import Numerals
from sparse_lightning.data.cells.text_faults import RECODE
from sparse_lightning.data.columns.deciding import number_column
from sparse_lightning.data.faults import LEAVE_OUT, Fault, Faults, FaultyTableError
from sparse_lightning.data.raw_table import Place
from sparse_lightning.data.rows.splits import NO_SPLIT, Split
from sparse_lightning.data.scaling import Weights, fit_scaling
from sparse_lightning.errors import TableError

VERSION = 1
"""Of what `to_dict` returns."""

KIND = "numbers"
"""What `to_dict` calls it, apart from the target of a classification."""

USE_CLASSIFIER = (
    "a regressor predicts numbers: use the task classifier for classes, or choose another "
    "table.target"
)

ANOTHER = "choose another table.target"

TRAINED = "row that is trained on"
"""What messages call the rows where others judge."""


@dataclass(frozen=True)
class NumberTarget:
    """The columns that a regressor predicts, standardised = (value − mean) / standard deviation.

    Means and standard deviations (of the population) are those of the rows that were fitted, in the
    unit of each column.
    """

    names: tuple[str, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    @classmethod
    def fit(
        cls,
        columns: Mapping[str, Float64[np.ndarray, " row"]],
        rows: str = "row",
        weights: Weights = None,
    ) -> Self:
        """Find mean and standard deviation of complete columns of finite numbers.

        `rows` is what messages call the rows, each of which counts by its weight. Raises
        `TableError` if a column is the same in all of them, or 64 bits cannot hold its spread.
        """
        scalings, faults = [], Faults()
        for name, values in columns.items():
            if not len(values):
                raise TableError(f"the target {name!r} has no {rows} to learn from")
            with faults.gathered():
                if values.min() == values.max():
                    raise TableError(
                        f"the target {name!r} is {values[0]:g} in every {rows}: there is nothing "
                        f"to predict; {ANOTHER}"
                    )
                scalings.append(fit_scaling(values, "standard", name, weights))
        faults.raise_all()
        means, deviations = zip(*scalings, strict=True)
        return cls(tuple(columns), means, deviations)

    def standardised(
        self, values: Float64[np.ndarray, "row target"]
    ) -> Float32[np.ndarray, "row target"]:
        """What a network's outputs are compared with."""
        scaled = (values - np.array(self.means)) / np.array(self.deviations)
        return scaled.astype(np.float32)

    def in_units(
        self, outputs: Float[np.ndarray, "*rows target"]
    ) -> Float64[np.ndarray, "*rows target"]:
        """The targets that a network's outputs stand for, in their units."""
        return outputs.astype(np.float64) * np.array(self.deviations) + np.array(self.means)

    def restandardised(
        self, outputs: Float[np.ndarray, "*rows target"], other: Self
    ) -> Float[np.ndarray, "*rows target"]:
        """A network's outputs as those of one whose targets were standardised by other rows."""
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (self.in_units(outputs) - np.array(other.means)) / np.array(other.deviations)
            return scaled.astype(outputs.dtype)

    def frame(self, outputs: Float[np.ndarray, "row target"]) -> pd.DataFrame:
        """The same, with the names of the targets."""
        return pd.DataFrame(self.in_units(outputs), columns=list(self.names))

    def to_dict(self) -> dict[str, Any]:
        """The targets as JSON can hold them; `from_dict` makes equal ones of it."""
        return {
            "version": VERSION,
            "kind": KIND,
            "names": list(self.names),
            "means": list(self.means),
            "deviations": list(self.deviations),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """The targets that `to_dict` described; `TableError` if they are none, or later ones."""
        try:
            if stored["version"] != VERSION:
                raise TableError(f"the target has version {stored['version']}, expected {VERSION}")
            target = cls(
                tuple(str(name) for name in stored["names"]),
                tuple(float(mean) for mean in stored["means"]),
                tuple(float(deviation) for deviation in stored["deviations"]),
            )
            if not 0 < len(target.names) == len(target.means) == len(target.deviations):
                raise ValueError("as many means and deviations as names")
            if not np.isfinite([*target.means, *target.deviations]).all():
                raise ValueError("means and deviations are finite")
            if min(target.deviations) <= 0:
                raise ValueError("deviations are greater than 0")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise TableError(f"the target cannot be read: {error!r:.500}") from error
        return target


def read_target(
    name: str, column: pd.Series, place: Place, spelling: Numerals | None
) -> Float64[np.ndarray, " row"]:
    """A column to predict as 64-bit floats, as columns of numbers are read.

    What cannot be a number is no use as a target, whatever could be made of it as an input.
    """
    found = Faults()
    with found.gathered():
        _, values = number_column(name, column, place, spelling)
        return values
    raise FaultyTableError(
        [
            Fault(f"the target {fault.text.removeprefix('column ')}", _advice(fault))
            for fault in found.found
        ]
    )


def _advice(fault: Fault) -> str:
    if fault.advice.startswith(RECODE):
        return USE_CLASSIFIER + fault.advice.removeprefix(RECODE)
    return fault.advice.replace(LEAVE_OUT, ANOTHER)


def check_targets(frame: pd.DataFrame, split: Split = NO_SPLIT) -> None:
    """Raise `TableError` unless every complete column can be predicted from the rows that train."""
    NumberTarget.fit(columns_of(frame))
    if split.parts is not None:
        NumberTarget.fit(columns_of(frame.loc[split.training]), TRAINED)


def columns_of(frame: pd.DataFrame) -> dict[str, Float64[np.ndarray, " row"]]:
    """The columns of a frame of numbers by their names."""
    return {str(name): column.to_numpy(dtype=np.float64) for name, column in frame.items()}
