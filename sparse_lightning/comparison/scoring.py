"""The indices of many groups by themselves: what a search goes by."""

import numpy as np
import pandas as pd

from sparse_lightning.comparison.bootstrap import draw_seeds, percentile_interval, sampled_indices
from sparse_lightning.comparison.indices import INDICES, check_corner
from sparse_lightning.comparison.markers import FLOOR_GROUP, checked_networks, grids


def score(
    networks: pd.DataFrame,
    *,
    floor: float,
    null_error: float,
    connections_total: float,
    resamples: int = 0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """The indices of every group, as `compare` has them, without the pairs of groups.

    Args:
        networks: one row a network, as in `markers`.
        floor: the error that unregularized training reaches.
        null_error: the error with every weight 0.
        connections_total: the number of all connections.
        resamples: of the bootstrap over the seeds; 0: no intervals.
        confidence: of the intervals.

    Returns:
        One row a group, by its name, with each index and its ends `_low` and `_high`; NaN where
        no network of a group survived, or fewer than two seeds did.

    Raises:
        InputError: an argument is out of range, or the frame cannot be used.
    """
    check_corner("score", floor, null_error, connections_total)
    corner = {"floor": floor, "null_error": null_error, "connections_total": connections_total}
    checked = checked_networks(networks)
    rows = {}
    for group, grid in grids(checked.loc[checked["group"] != FLOOR_GROUP]).items():
        values = sampled_indices(grid, None, **corner)
        row = {index: float(values[index][0]) for index in INDICES}
        samples = {index: np.array([]) for index in INDICES}
        if resamples and grid.survived.any(axis=0).sum() >= 2:
            draw = draw_seeds(grid.survived.shape[1], resamples)
            samples = sampled_indices(grid, draw, **corner)
        for index in INDICES:
            row[f"{index}_low"], row[f"{index}_high"] = percentile_interval(
                samples[index], confidence
            )
        rows[group] = row
    return pd.DataFrame.from_dict(rows, orient="index")
