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
        return weights.double() @ rows.double() / weights.double().sum()
    if len(rows) <= ROWS_AT_ONCE:
        return rows.double().mean(0)
    return torch.stack([part.double().sum(0) for part in _parts(rows)]).sum(0) / len(rows)


def variance_of(
    rows: Float[Tensor, "row unit"], weights: Float[Tensor, " row"] | None = None
) -> Float64[Tensor, " unit"]:
    """The variance of each column, of the population: divided by the number of rows."""
    if weights is not None:
        return mean_of((rows.double() - mean_of(rows, weights)).square(), weights)
    if len(rows) <= ROWS_AT_ONCE:
        return rows.double().var(0, correction=0)
    mean = mean_of(rows)
    squares = [(part.double() - mean).square().sum(0) for part in _parts(rows)]
    return torch.stack(squares).sum(0) / len(rows)


def covariance_of(
    rows: Float[Tensor, "row unit"], weights: Float[Tensor, " row"] | None = None
) -> Float64[Tensor, "unit unit"]:
    """The covariance matrix, of the population."""
    if weights is not None:
        centred = rows.double() - mean_of(rows, weights)
        return (centred * weights.double()[:, None]).T @ centred / weights.double().sum()
    mean = mean_of(rows)
    total = torch.zeros(rows.shape[1], rows.shape[1], dtype=torch.float64)
    for part in _parts(rows):
        centred = part.double() - mean
        total += centred.T @ centred
    return total / len(rows)


def evenly(rows: int, most: int) -> Int[Tensor, " row"]:
    """The places of all rows, or of so many at even distances."""
    return torch.linspace(0, rows - 1, min(rows, most), dtype=torch.float64).round().long()


def _parts(rows: Float[Tensor, "row unit"]) -> tuple[Tensor, ...]:
    return rows.split(ROWS_AT_ONCE)
