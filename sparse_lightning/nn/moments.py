"""Means, variances and covariances of tables, a part of the rows at a time, in 64 bits.

Tables of at most `ROWS_AT_ONCE` rows are taken at once. With `weights` each row counts so often.
"""

import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

ROWS_AT_ONCE = 2**16


def mean_of(
    rows: Float[Tensor, "row unit"], weights: Float[Tensor, " row"] | None = None
) -> Float64[Tensor, " unit"]:
    """The mean of each column."""
    if weights is not None:
        parts = zip(weights.double().split(ROWS_AT_ONCE), _parts(rows), strict=True)
        total = sum(own @ part.double() for own, part in parts)
        return total / weights.double().sum()
    if len(rows) <= ROWS_AT_ONCE:
        return rows.double().mean(0)
    return torch.stack([part.double().sum(0) for part in _parts(rows)]).sum(0) / len(rows)


def variance_of(
    rows: Float[Tensor, "row unit"], weights: Float[Tensor, " row"] | None = None
) -> Float64[Tensor, " unit"]:
    """The variance of each column, of the population: divided by the number of rows."""
    if weights is not None:
        mean = mean_of(rows, weights)
        parts = zip(weights.double().split(ROWS_AT_ONCE), _parts(rows), strict=True)
        total = sum(own @ (part.double() - mean).square() for own, part in parts)
        return total / weights.double().sum()
    if len(rows) <= ROWS_AT_ONCE:
        return rows.double().var(0, correction=0)
    mean = mean_of(rows)
    squares = [(part.double() - mean).square().sum(0) for part in _parts(rows)]
    return torch.stack(squares).sum(0) / len(rows)


def squares_about(
    rows: Float[Tensor, "row unit"],
    centre: Float64[Tensor, " unit"],
    weights: Float[Tensor, " row"] | None = None,
) -> Float64[Tensor, " unit"]:
    """The mean of the squared distances of each column from a centre."""
    if len(rows) <= ROWS_AT_ONCE:
        return mean_of((rows.double() - centre).square(), weights)
    own = torch.ones(len(rows)) if weights is None else weights
    parts = zip(own.double().split(ROWS_AT_ONCE), _parts(rows), strict=True)
    total = sum(one @ (part.double() - centre).square() for one, part in parts)
    return total / own.double().sum()


def covariance_of(
    rows: Float[Tensor, "row unit"], weights: Float[Tensor, " row"] | None = None
) -> Float64[Tensor, "unit unit"]:
    """The covariance matrix, of the population."""
    if weights is not None:
        mean, total = mean_of(rows, weights), _square(rows)
        for own, part in zip(weights.double().split(ROWS_AT_ONCE), _parts(rows), strict=True):
            centred = part.double() - mean
            total += (centred * own[:, None]).T @ centred
        return total / weights.double().sum()
    mean, total = mean_of(rows), _square(rows)
    for part in _parts(rows):
        centred = part.double() - mean
        total += centred.T @ centred
    return total / len(rows)


def evenly(rows: int, most: int) -> Int[Tensor, " row"]:
    """The places of all rows, or of so many at even distances."""
    return torch.linspace(0, rows - 1, min(rows, most), dtype=torch.float64).round().long()


def _square(rows: Float[Tensor, "row unit"]) -> Float64[Tensor, "unit unit"]:
    return torch.zeros(rows.shape[1], rows.shape[1], dtype=torch.float64)


def _parts(rows: Float[Tensor, "row unit"]) -> tuple[Tensor, ...]:
    return rows.split(ROWS_AT_ONCE)
