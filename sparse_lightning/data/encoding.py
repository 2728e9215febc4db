"""From the user's columns to the inputs of a network, and back."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
import pandas as pd
from jaxtyping import Float, Float32, Float64, Int64

from sparse_lightning._machine import machine_bytes
from sparse_lightning.data.cells.readable import without_sign
from sparse_lightning.data.columns.column_types import check_varying, typed
from sparse_lightning.data.columns.date_columns import DateColumn
from sparse_lightning.data.columns.kinds import (
    LEVELED,
    ColumnEncoding,
    column_from_dict,
    column_to_dict,
)
from sparse_lightning.data.columns.level_columns import BinaryColumn, LevelsColumn
from sparse_lightning.data.columns.number_columns import NumberColumn
from sparse_lightning.data.faults import Faults
from sparse_lightning.data.preparation import recodings
from sparse_lightning.data.raw_table import CELLS_AT_ONCE
from sparse_lightning.data.rows.gaps import check_complete
from sparse_lightning.data.scaling import Scale, Weights
from sparse_lightning.data.selection import check_frame, select
from sparse_lightning.errors import TableError
from sparse_lightning.project.preparation import Step

VERSION = 3
"""Of what `to_dict` returns. Version 1 knew columns of numbers only, version 2 numbers and levels
without missing values; both are still read."""


MOST_TEXT = 10_000_000
"""Characters of the names of all inputs. Each input of a column of levels repeats the column's
name, so that a small file could stand for any amount of text."""


@dataclass(frozen=True)
class Encoding:
    """How a table becomes the inputs of a network, input = (recoded value − offset) / factor.

    The variables are in the order of their inputs. Offsets and factors, which are greater than 0,
    are one an input, in the column's unit or that of 0 and 1. Squares and means say how much each
    input varies over the rows that were fitted (`interpret.structure.Moments`); they are empty in
    an encoding that was stored without them.
    """

    variables: tuple[ColumnEncoding, ...]
    offsets: tuple[float, ...]
    factors: tuple[float, ...]
    squares: tuple[float, ...] = ()
    means: tuple[float, ...] = ()

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        scale: Scale,
        prepare: Sequence[Step] = (),
        weights: Weights = None,
    ) -> Self:
        """Find the levels, offsets and factors of a table with one row an example.

        `minmax`: the offset is the least value and the factor the range, so that 0/1 inputs stay 0
        and 1; `standard`: the mean and the standard deviation of the population, for 0/1 inputs
        too; `none`: 0 and 1. With `weights`, which are greater than 0, means and deviations count
        each row so often. Steps that leave out rows do nothing here, and columns that the frame
        does not have, such as the target, are passed over.

        Raises `TableError` if a column holds text and is not recoded, has missing values or, if it
        is to be scaled, is constant or has a spread that 64 bits cannot hold; if a column to recode
        has one level, more levels than may become inputs, or never the value that is to become 1;
        or if two inputs would have the same name.
        """
        steps = recodings(prepare)
        values = typed(select(frame, tuple(frame.columns)), steps)
        check_complete(values)
        if values.empty and (scale != "none" or not steps.keys().isdisjoint(values.columns)):
            raise TableError("has no rows, so there is nothing to scale by")
        variables, faults = list[ColumnEncoding](), Faults()
        for name, column in named(values):
            with faults.gathered():
                variables.append(recoded(name, column, *steps.get(name, ("", None))))
        if scale != "none":
            with faults.gathered():
                check_varying(values.loc[:, [name for name in values if name not in steps]])
        faults.raise_all()
        return cls.fit_to(variables, values, scale, weights)

    @classmethod
    def fit_to(
        cls,
        variables: Sequence[ColumnEncoding],
        values: pd.DataFrame,
        scale: Scale,
        weights: Weights = None,
    ) -> Self:
        """Scale the inputs of columns whose kinds are known by a table as `typed` returns it.

        Raises `TableError` if a column cannot be scaled, or two inputs would have the same name.
        """
        _check_names(variables)
        inputs, faults = [], Faults()
        for variable, (_, column) in zip(variables, named(values), strict=True):
            with faults.gathered():
                inputs += variable.fitted(variable.coded(column), scale, weights)
        faults.raise_all()
        return cls(tuple(variables), *(zip(*inputs, strict=True) if inputs else ((), ())))

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(variable.name for variable in self.variables)

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs: `age`, `sex=Male`, `education=Bachelors`."""
        return tuple(name for variable in self.variables for name in variable.input_names)

    @property
    def groups(self) -> tuple[tuple[str, slice], ...]:
        """The columns with the places of their inputs: `("education", slice(7, 23))`."""
        widths = [len(variable.input_names) for variable in self.variables]
        ends = np.cumsum([0, *widths]).tolist()
        slices = [slice(start, stop) for start, stop in pairwise(ends)]
        return tuple(zip(self.columns, slices, strict=True))

    def transform(
        self,
        frame: pd.DataFrame,
        unseen: bool = False,
        order: Int64[np.ndarray, " row"] | slice = slice(None),
    ) -> Float32[np.ndarray, "row input"]:
        """The inputs of the network for rows of the table; columns that were not fitted are
        ignored. Where a level is not known, and `unseen` ones are allowed, the column's inputs are
        0 before scaling. The `order` of the inputs is that of all rows, by their places.

        Raises `TableError` if a column is missing, holds text where numbers were fitted or a level
        that is not known, or a value is missing, infinite or too large for 32 bits.
        """
        check_frame(frame)
        check_size(len(frame), len(self.offsets))
        scaled = np.empty((len(frame), len(self.offsets)), dtype=np.float32)
        places = np.empty(len(frame), dtype=np.int64)
        places[order] = np.arange(len(frame))
        for rows, part in self._parts(frame, unseen):
            scaled[places[rows]] = part
        return scaled

    def check(self, frame: pd.DataFrame, unseen: bool = False) -> None:
        """Check that `transform` takes these rows, without keeping their inputs."""
        check_frame(frame)
        check_size(len(frame), len(self.offsets))
        for _ in self._parts(frame, unseen):
            pass

    def _parts(
        self, frame: pd.DataFrame, unseen: bool
    ) -> Iterator[tuple[slice, Float32[np.ndarray, "row input"]]]:
        """The inputs of a few rows after the other, so that little is held twice."""
        leveled = {one.name for one in self.variables if isinstance(one, LEVELED)}
        # A text that spells a number plainly is that number, as it was where it was decided.
        given = select(frame, self.columns)
        for place, one in enumerate(self.variables):
            if isinstance(one, NumberColumn) and one.sign:
                given[one.name] = without_sign(given.iloc[:, place], one.sign, one.decimal)
        values = typed(given, leveled, spellings={}, dates=self._forms)
        strict = [one.name for one in self.variables if not one.takes_missing]
        check_complete(values.loc[:, strict])
        codes, faults = [], Faults()
        for variable, (_, column) in zip(self.variables, named(values), strict=True):
            with faults.gathered():
                codes.append(variable.coded(column, unseen))
        faults.raise_all()
        offsets, factors = self._offsets, self._factors
        size = max(1, CELLS_AT_ONCE // max(1, len(offsets)))
        for start in range(0, len(values), size) if codes else ():
            rows = slice(start, start + size)
            recoded = np.hstack(
                [
                    variable.inputs(code[rows])
                    for variable, code in zip(self.variables, codes, strict=True)
                ]
            )
            with np.errstate(over="ignore"):
                scaled = ((recoded - offsets) / factors).astype(np.float32)
            if not np.isfinite(scaled).all():
                row, place = np.argwhere(~np.isfinite(scaled))[0]
                name = next(name for name, inputs in self.groups if place < inputs.stop)
                raise TableError(
                    f"column {name!r} holds {recoded[row, place]:g} in row {start + row + 1}, "
                    "which is too large for a network"
                )
            yield rows, scaled

    def inverse(self, inputs: Float[np.ndarray, "row input"]) -> pd.DataFrame:
        """The table, in the user's columns, that inputs or a network's reconstructions stand for.

        A column of levels gets the level whose input is largest before scaling, a binarized one its
        value where the input is 0.5 or more before scaling. Raises `TableError` if the array has
        not one column for each input.
        """
        array = np.asarray(inputs, dtype=np.float64)
        if array.ndim != 2 or array.shape[1] != len(self.offsets):
            raise TableError(
                f"expected an array (row, {len(self.offsets)}), got the shape {array.shape}"
            )
        with np.errstate(over="ignore"):
            values = array * self._factors + self._offsets
        columns = {
            variable.name: variable.decode(values[:, place])
            for variable, (_, place) in zip(self.variables, self.groups, strict=True)
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(len(array)))

    def to_dict(self) -> dict[str, Any]:
        """The encoding as JSON can hold it; `from_dict` makes an equal one of it."""
        return {
            "version": VERSION,
            "variables": [
                {
                    **column_to_dict(variable),
                    "offsets": list(self.offsets[place]),
                    "factors": list(self.factors[place]),
                    "squares": list(self.squares[place]),
                    "means": list(self.means[place]),
                }
                for variable, (_, place) in zip(self.variables, self.groups, strict=True)
            ],
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """The encoding that `to_dict` described, in this version or an earlier one, else
        `TableError`.
        """
        try:
            version = stored["version"]
            if version not in range(1, VERSION + 1):
                raise TableError(f"the encoding has version {version}, expected at most {VERSION}")
            variables, offsets, factors, squares, means = [], [], [], [], []
            for one in _numbers_of(stored["columns"]) if version == 1 else stored["variables"]:
                variables.append(column_from_dict(one))
                offsets += [float(offset) for offset in one["offsets"]]
                factors += [float(factor) for factor in one["factors"]]
                squares += [float(square) for square in one.get("squares", [])]
                means += [float(mean) for mean in one.get("means", [])]
            if sum(_text_of_names(variable) for variable in variables) > MOST_TEXT:
                raise ValueError(f"the names of the inputs have more than {MOST_TEXT:,} characters")
            encoding = cls(*map(tuple, (variables, offsets, factors, squares, means)))
            if not len(encoding.input_names) == len(offsets) == len(factors):
                raise ValueError("as many offsets and factors as inputs")
            if not (np.isfinite(offsets).all() and np.isfinite(factors).all() and min(factors) > 0):
                raise ValueError("offsets are finite, and factors finite and greater than 0")
            if not len(squares) == len(means) in (0, len(offsets)):
                raise ValueError("as many squares and means as inputs, or none")
            if not (np.isfinite(means).all() and np.isfinite(squares).all()) or min([0, *squares]):
                raise ValueError("squares and means are finite, and squares at least 0")
            _check_names(encoding.variables)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise TableError(f"the encoding cannot be read: {error!r:.500}") from error
        return encoding

    @property
    def _forms(self) -> Mapping[str, str]:
        """How texts write the dates of each column of dates."""
        return {one.name: one.form for one in self.variables if isinstance(one, DateColumn)}

    @property
    def _offsets(self) -> Float64[np.ndarray, " input"]:
        return np.array(self.offsets, dtype=np.float64)

    @property
    def _factors(self) -> Float64[np.ndarray, " input"]:
        return np.array(self.factors, dtype=np.float64)


def check_size(rows: int, inputs: int) -> None:
    """Raise `TableError` if so many inputs have no room in this machine's memory."""
    size, memory = 4 * rows * inputs, machine_bytes()
    if size > memory:
        raise TableError(
            f"{rows} rows with {inputs} inputs are {size / 1e9:.1f} GB as 32-bit numbers, and this "
            f"machine has {memory / 1e9:.1f} GB of memory: name fewer columns with table.columns, "
            "or drop rare levels by table.prepare"
        )


def named(frame: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    """The columns of a frame with their names as text."""
    return [(str(name), column) for name, column in frame.items()]


def recoded(name: str, column: pd.Series, field: str, step: Step | None) -> ColumnEncoding:
    """The encoding of a complete column as a step of `table.prepare` says, or as numbers."""
    try:
        if step and step.binarize:
            return BinaryColumn.fit(column, step.binarize[name])
        if step and step.dummies:
            return LevelsColumn.fit(column, step.dummies.drop_first)
    except TableError as error:
        raise TableError(f"{field}: {error}") from None
    return NumberColumn(name)


def _text_of_names(variable: ColumnEncoding) -> int:
    levels = variable.levels if isinstance(variable, LevelsColumn) else ("",)
    return sum(map(len, levels)) + len(levels) * len(variable.name)


def _check_names(variables: Sequence[ColumnEncoding]) -> None:
    counts = Counter(name for variable in variables for name in variable.input_names)
    repeated = next((name for name, count in counts.items() if count > 1), None)
    if repeated is not None:
        raise TableError(f"two inputs would be named {repeated!r}: rename a column")


def _numbers_of(columns: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The columns of version 1 as version 2 describes them."""
    return [
        {
            "kind": NumberColumn.kind,
            "name": column["name"],
            "offsets": [column["offset"]],
            "factors": [column["factor"]],
        }
        for column in columns
    ]
