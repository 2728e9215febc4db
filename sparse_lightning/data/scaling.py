"""Offsets and factors of the inputs of one column: scaled = (value − offset) / factor."""

from typing import Literal

import numpy as np
from jaxtyping import Float64

from sparse_lightning.data.rows.weights import weighted_moments
from sparse_lightning.errors import TableError

Scale = Literal["minmax", "standard", "equal", "none"]

Weights = Float64[np.ndarray, " row"] | None
"""How much each row counts; None: all count the same."""

Scaling = tuple[float, float]
"""The offset and the factor of one input."""


def fit_scaling(
    values: Float64[np.ndarray, " row"], scale: Scale, column: str, weights: Weights = None
) -> Scaling:
    """Offset and factor by which the numbers of a column are scaled.

    `minmax`: the least value and the range; `standard` and `equal`: the mean and the standard
    deviation of the population, in which each row stands as often as its weight says; `none`: 0 and
    1. Raises `TableError` if the numbers are all equal, or 64 bits cannot hold their spread.
    """
    if scale == "none":
        return 0.0, 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        if scale == "minmax":
            offset, factor = values.min(), values.max() - values.min()
        elif weights is None:
            offset, factor = values.mean(), values.std()
        else:
            offset, factor = weighted_moments(values, weights)
    if not (np.isfinite(offset) and np.isfinite(factor) and factor > 0):
        raise TableError(
            f"column {column!r} reaches from {values.min():g} to {values.max():g}: cannot be scaled"
        )
    return float(offset), float(factor)


def variance(
    values: Float64[np.ndarray, " row"], offset: float, factor: float, weights: Weights = None
) -> float:
    """The variance of the numbers of a column as scaled; infinite where it is too large."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = (values - offset) / factor
        if weights is None:
            found = float(scaled.var()) if len(values) else 0.0
        else:
            found = weighted_moments(scaled, weights)[1] ** 2
    return found if np.isfinite(found) else np.inf


def share_scaling(
    shares: Float64[np.ndarray, " input"], scale: Scale, column: str
) -> list[Scaling]:
    """Offset and factor of 0/1 inputs, each of which is 1 in a share p of the rows.

    Their variance is p (1 − p). `minmax` and `none` leave them as they are; `standard` gives each
    the variance 1; `equal` all of them together. Raises `TableError` if an input is the same in
    every row and is to be scaled by its spread.
    """
    if scale in ("minmax", "none"):
        return [(0.0, 1.0)] * len(shares)
    spreads = np.sqrt(shares * (1 - shares))
    if scale == "equal":
        spreads = np.full(len(shares), np.sqrt(np.square(spreads).sum()))
    if not (spreads > 0).all():
        value = shares[int((spreads == 0).argmax())]
        raise TableError(f"column {column!r} reaches from {value:g} to {value:g}: cannot be scaled")
    return list(zip(shares.tolist(), spreads.tolist(), strict=True))


Fitted = tuple[float, float, float, float]
"""Of one input: offset, factor, and the square and mean of `interpret.structure.Moments`."""


def fit_measure(
    values: Float64[np.ndarray, " row"], scale: Scale, column: str, weights: Weights
) -> Fitted:
    """How an input that measures something is scaled; it is counted from its mean."""
    offset, factor = fit_scaling(values, scale, column, weights)
    return offset, factor, variance(values, offset, factor, weights), 0.0


def fit_flags(shares: Float64[np.ndarray, " input"], scale: Scale, column: str) -> list[Fitted]:
    """How 0/1 inputs are scaled that are 1 in a share of the rows; counted from their means."""
    return [
        (offset, factor, share * (1 - share) / factor**2, 0.0)
        for share, (offset, factor) in zip(
            shares.tolist(), share_scaling(shares, scale, column), strict=True
        )
    ]


def fit_levels(shares: Float64[np.ndarray, " input"], scale: Scale, column: str) -> list[Fitted]:
    """How the 0/1 inputs of levels are scaled, of which each row has at most one."""
    return [
        (offset, factor, share / factor**2, share / factor)
        for share, (offset, factor) in zip(
            shares.tolist(), share_scaling(shares, scale, column), strict=True
        )
    ]


def together(parts: list[list[Fitted]], scale: Scale) -> list[Fitted]:
    """The inputs of several parts of one column, which with `equal` share one variance."""
    wider = np.sqrt(len(parts)) if scale == "equal" else 1.0
    return [
        (offset, factor * wider, square / wider**2, mean / wider)
        for part in parts
        for offset, factor, square, mean in part
    ]


def shares_of(
    flags: Float64[np.ndarray, "row input"], weights: Weights
) -> Float64[np.ndarray, " input"]:
    """The share of the rows in which each 0/1 input is 1."""
    return np.average(flags, axis=0, weights=weights)
