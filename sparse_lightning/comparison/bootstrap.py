"""Percentile bootstrap over the replicates: how far the indices would move with other ones.

Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.
"""

import numpy as np
from jaxtyping import Float, Int

from sparse_lightning.comparison.indices import all_indices
from sparse_lightning.comparison.markers import Grid

DRAW_SEED = 18114870  # any number will do, as long as it stays


def draw_replicates(replicates: int, resamples: int) -> Int[np.ndarray, "replicate sample"]:
    """Draws of replicates with replacement, the same for every group because they are paired.

    They are positions on the axis of replicates, always the same for the same arguments.
    """
    generator = np.random.default_rng(DRAW_SEED)
    return generator.integers(replicates, size=(replicates, resamples))


def sampled_indices(
    grid: Grid,
    draw: Int[np.ndarray, "replicate sample"] | None,
    **bounds: float,
) -> dict[str, Float[np.ndarray, " sample"]]:
    """All indices of one group of costs, for each draw of replicates; None: every one once.

    NaN where no drawn point survived. The `bounds`, floor and corner as `all_indices` takes them,
    are costs and held fixed.
    """
    places = None
    if draw is not None:
        # Their order does not matter, so of few replicates few resamples differ.
        draw, places = np.unique(np.sort(draw, axis=0), axis=1, return_inverse=True)
    values = all_indices(*grid.means(draw), **bounds)
    if places is None:
        return values
    return {index: samples[places.reshape(-1)] for index, samples in values.items()}


def percentile_interval(
    samples: Float[np.ndarray, " sample"], confidence: float
) -> tuple[float, float]:
    """The central interval that holds `confidence` of the samples that are not NaN.

    Both ends are NaN where there are none.
    """
    samples = samples[~np.isnan(samples)]
    if not len(samples):
        return np.nan, np.nan
    low, high = np.quantile(samples, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
