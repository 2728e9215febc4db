"""Offset and factor of one input, scaled = (value − offset) / factor."""

from typing import Literal

import numpy as np
from jaxtyping import Float64

from sparse_lightning.errors import TableError

Scale = Literal["minmax", "standard", "none"]


def fit_scaling(
    values: Float64[np.ndarray, " row"], scale: Scale, column: str, number: bool
) -> tuple[float, float]:
    """Offset and factor by which an input is scaled.

    Args:
        values: of the input, not all equal unless `scale` is `none`.
        scale: `minmax`: the least value and the range; `standard`: the mean and the standard
            deviation of the population; `none`: 0 and 1.
        column: that the input comes from, for messages.
        number: whether the input is the column's number; a 0/1 input reaches from 0 to 1 already.

    Raises:
        TableError: 64 bits cannot hold the spread.
    """
    if scale == "none" or (scale == "minmax" and not number):
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
