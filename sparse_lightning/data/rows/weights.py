"""The weights of rows: a column of numbers of at least 0."""

import numpy as np
from jaxtyping import Float64

from sparse_lightning.data.columns.column_types import typed
from sparse_lightning.data.raw_table import RawTable
from sparse_lightning.data.selection import check_known
from sparse_lightning.errors import TableError


def row_weights(name: str, raw: RawTable) -> Float64[np.ndarray, " row"]:
    """The column `table.weight`; `TableError` if a row has no number of at least 0, or all 0."""
    check_known([name], raw.names)
    column = typed(raw.read([name], set()), set(), raw.place, raw.spellings)[name]
    weights = np.asarray(column, dtype=np.float64)
    for bad, what in ((np.isnan(weights), "has no value"), (weights < 0, "is negative")):
        if bad.any():
            row = int(bad.argmax())
            value = "" if np.isnan(weights[row]) else f" ({weights[row]:g})"
            raise TableError(
                f"table.weight {name!r} {what} in {raw.place(row)}{value}: a weight is a number of "
                "at least 0"
            )
    if not weights.any():
        raise TableError(f"table.weight {name!r} is 0 in every row: no row would count")
    return weights


def weighted_moments(
    values: Float64[np.ndarray, " row"], weights: Float64[np.ndarray, " row"]
) -> tuple[float, float]:
    """Mean and standard deviation of the population in which each row stands so often."""
    mean = np.average(values, weights=weights)
    return float(mean), float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))
