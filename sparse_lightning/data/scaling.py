"""Offset and factor of one input, scaled = (value − offset) / factor."""

from typing import Literal

import numpy as np
from jaxtyping import Float64

from sparse_lightning.errors import TableError

Scale = Literal["minmax", "standard", "none"]


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
