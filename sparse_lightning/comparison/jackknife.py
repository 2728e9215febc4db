"""What the replicates settle: Student's t on the jackknife, one replicate left out at a time.

Unlike a percentile bootstrap of a few replicates it keeps its promise: of two groups that do not
differ it settles as many as the confidence says (docs/method.md has a simulation).

Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 11.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import stdtrit

from sparse_lightning.comparison.indices import all_indices
from sparse_lightning.comparison.markers import Grid

MOST_PARTS = 100
"""Of more replicates several are left out at a time, every hundredth, so that time stays short."""


@dataclass(frozen=True, eq=False)
class LeftOut:
    """The indices of a group when one part of the replicates after the other is left out.

    Attributes:
        indices: by name; NaN where nothing is left.
        present: which parts have a point of the group at all.
    """

    indices: dict[str, Float[np.ndarray, " part"]]
    present: Bool[np.ndarray, " part"]


def left_out(grid: Grid, **bounds: float) -> LeftOut:
    """The indices of one group of costs without each part of its replicates.

    Up to `MOST_PARTS` replicates each is a part; of more, those whose positions leave the same rest
    are one. The `bounds` are those of `all_indices`.
    """
    parts = min(grid.x.shape[1], MOST_PARTS)
    x, y = _means_without(grid.x, parts), _means_without(grid.y, parts)
    present = [bool(grid.survived[:, part::parts].any()) for part in range(parts)]
    return LeftOut(all_indices(x, y, **bounds), np.array(present, dtype=bool))


def difference_interval(
    first: LeftOut, second: LeftOut, index: str, difference: float, confidence: float
) -> tuple[float, float]:
    """The interval of the difference of two groups in an index; both ends NaN where it has none.

    With d₍₎ the difference without a part, of n parts that have a point of either group,

        difference ± t · √((n − 1) / n · Σ (d₍₎ − mean)²)

    and t the quantile of Student's distribution. It has as many degrees of freedom as the group
    with fewer parts has, less one.
    """
    either = first.present | second.present
    count = int(either.sum())
    freedom = int(min(first.present.sum(), second.present.sum())) - 1
    if freedom < 1:
        return np.nan, np.nan
    without = (first.indices[index] - second.indices[index])[either]
    spread = np.sqrt((count - 1) / count * np.square(without - without.mean()).sum())
    reach = float(stdtrit(freedom, (1 + confidence) / 2) * spread)
    return difference - reach, difference + reach


def _means_without(
    values: Float[np.ndarray, "marker replicate"], parts: int
) -> Float[np.ndarray, "marker part"]:
    """The mean of each marker without each part; NaN where nothing is left."""
    known = ~np.isnan(values)
    numbers = np.where(known, values, 0.0)
    sums, counts = (
        np.stack([table[:, part::parts].sum(axis=1) for part in range(parts)], axis=1)
        for table in (numbers, known)
    )
    # Added up anew for each part: a difference of large sums would lose digits.
    left = np.stack([np.delete(sums, part, axis=1).sum(axis=1) for part in range(parts)], axis=1)
    count = counts.sum(axis=1, keepdims=True) - counts
    return np.where(count > 0, left / np.maximum(count, 1), np.nan)
