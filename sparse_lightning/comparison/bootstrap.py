"""Percentile bootstrap over the seeds: how far the indices would move with other seeds.

Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.
"""

import numpy as np
from jaxtyping import Float, Int

from sparse_lightning.comparison.indices import areas, hypervolume_gaps
from sparse_lightning.comparison.markers import Grid

DRAW_SEED = 18114870  # any number will do, as long as it stays


def draw_seeds(seeds: int, resamples: int) -> Int[np.ndarray, "seed sample"]:
    """Draws of seeds with replacement, the same for every group because the seeds are paired.

    Args:
        seeds: how many seeds there are; each resample draws as many.
        resamples: how many resamples.

    Returns:
        Positions on the seed axis, one column a resample; always the same for the same arguments.
    """
    generator = np.random.default_rng(DRAW_SEED)
    return generator.integers(seeds, size=(seeds, resamples))


def sampled_indices(
    grid: Grid,
    draw: Int[np.ndarray, "seed sample"] | None,
    *,
    floor: float,
    null_error: float,
    connections_total: float,
) -> dict[str, Float[np.ndarray, " sample"]]:
    """All indices of one group, for each draw of seeds.

    Args:
        grid: the networks of the group.
        draw: as returned by `draw_seeds`; None: every seed once, which gives the index itself.
        floor: the error that unregularized training reaches, held fixed.
        null_error: the error with every weight 0.
        connections_total: the number of all connections.

    Returns:
        The samples by index; NaN where no drawn network survived.
    """
    places = None
    if draw is not None:
        # In which order seeds are drawn does not matter, so of few seeds few resamples differ.
        draw, places = np.unique(np.sort(draw, axis=0), axis=1, return_inverse=True)
    x, y = grid.means(draw)
    values = {
        "area_marker": areas(x, y, floor=floor, closure="marker"),
        "area_axis": areas(x, y, floor=floor, closure="axis"),
        "hypervolume_gap": hypervolume_gaps(
            x, y, floor=floor, null_error=null_error, connections_total=connections_total
        ),
    }
    if places is None:
        return values
    return {index: samples[places.reshape(-1)] for index, samples in values.items()}


def percentile_interval(
    samples: Float[np.ndarray, " sample"], confidence: float
) -> tuple[float, float]:
    """The central interval that holds `confidence` of the samples.

    Args:
        samples: one value a resample; NaN for a resample that has none.
        confidence: between 0 and 1.

    Returns:
        Both ends; NaN and NaN where no resample has a value.
    """
    samples = samples[~np.isnan(samples)]
    if not len(samples):
        return np.nan, np.nan
    low, high = np.quantile(samples, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
