"""The comparison of regularizer groups: curves, indices, intervals, what the seeds settle."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from jaxtyping import Float

from sparse_lightning.comparison.bootstrap import draw_seeds, percentile_interval, sampled_indices
from sparse_lightning.comparison.findings import findings
from sparse_lightning.comparison.frames import of_group
from sparse_lightning.comparison.indices import INDICES, check_reach, check_total
from sparse_lightning.comparison.markers import (
    FLOOR_GROUP,
    Grid,
    checked_networks,
    grids,
    marker_frame,
)
from sparse_lightning.errors import InputError

_Samples = dict[str, dict[str, Float[np.ndarray, " sample"]]]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What the networks of a study say about its groups.

    Attributes:
        floor: the error that unregularized training reaches (mean squared error per element).
        null_error: the error with every weight 0.
        connections_total: the number of all connections.
        connection_threshold: a weight counts as a connection if it is larger than this.
        order_by: the index that orders `indices`.
        confidence: of all intervals, between 0 and 1.
        groups: the groups that are compared, in the order of the study; `none` is not among them.
        seeds: how many seeds the groups have.
        markers: one row a marker: group, l1_weight, connections, squared_error, seeds, failed;
            with those of the group `none`.
        indices: one row a group, best first by `order_by`: group, each index with its ends
            `_low` and `_high`, failed_replicas, replicas (how many there are, with those that
            failed). NaN where there is no value.
        pairs: one row a pair of groups and index: index, first, second, difference (first minus
            second), low, high, settled (the interval leaves out 0).
        missing: group and l1_weight of the markers without a surviving network.
    """

    floor: float
    null_error: float
    connections_total: float
    connection_threshold: float
    order_by: str
    confidence: float
    groups: tuple[str, ...]
    seeds: int
    markers: pd.DataFrame
    indices: pd.DataFrame
    pairs: pd.DataFrame
    missing: tuple[tuple[str, float], ...]

    def findings(self) -> list[str]:
        """What a reader must know before trusting the order, one sentence each."""
        return findings(self)


def compare(
    networks: pd.DataFrame,
    *,
    floor: float,
    null_error: float,
    connections_total: float,
    connection_threshold: float,
    order_by: str = "area_marker",
    resamples: int = 2000,
    confidence: float = 0.95,
) -> Comparison:
    """Compare the groups by all three indices, with bootstrap intervals over the seeds.

    The same resampled seeds serve all groups, since networks of one seed share their data order
    and first weights; the floor is held fixed. An interval needs two surviving seeds. The result
    depends neither on the order of the rows nor on chance. Where the floor is not below the null
    error, unregularized training has learned nothing: there is no hypervolume_gap, and `findings`
    says so first.

    Args:
        networks: one row a network, as in `markers`.
        floor: the error that unregularized training reaches.
        null_error: the error with every weight 0.
        connections_total: the number of all connections.
        connection_threshold: what `connections` was counted with; kept for the record.
        order_by: the index that orders the groups.
        resamples: how many bootstrap resamples.
        confidence: of the intervals, between 0 and 1.

    Returns:
        The comparison.

    Raises:
        InputError: an argument is out of range, or the frame cannot be used.
    """
    check_total("compare", floor, null_error, connections_total)
    if order_by not in INDICES:
        raise InputError(f"compare: order_by must be one of {', '.join(INDICES)}, got {order_by!r}")
    if not 0 < confidence < 1:
        raise InputError(f"compare: confidence must be between 0 and 1, got {confidence}")
    if resamples < 1:
        raise InputError(f"compare: resamples must be at least 1, got {resamples}")
    checked = checked_networks(networks)
    ranked_rows = checked.loc[checked["group"] != FLOOR_GROUP]
    if ranked_rows.empty:
        raise InputError(f"compare: there is no group besides {FLOOR_GROUP!r}")

    sound = checked.loc[~checked["failed"]]
    check_reach(
        "compare",
        np.append(sound["connections"].to_numpy(float), connections_total),
        np.append(sound["squared_error"].to_numpy(float), [floor, null_error]),
    )
    ranked = grids(ranked_rows)
    everything = {**grids(of_group(checked, FLOOR_GROUP)), **ranked}
    order = [str(group) for group in checked["group"].unique()]
    corner = {"floor": floor, "null_error": null_error, "connections_total": connections_total}
    seeds = len(np.unique(ranked_rows["seed"]))
    draw = draw_seeds(seeds, resamples)
    values = {group: sampled_indices(grid, None, **corner) for group, grid in ranked.items()}
    samples = {
        group: sampled_indices(grid, draw, **corner)
        for group, grid in ranked.items()
        if _surviving_seeds(grid) >= 2
    }
    return Comparison(
        floor=float(floor),
        null_error=float(null_error),
        connections_total=float(connections_total),
        connection_threshold=float(connection_threshold),
        order_by=order_by,
        confidence=float(confidence),
        groups=tuple(ranked),
        seeds=seeds,
        markers=pd.concat([marker_frame(everything[group]) for group in order], ignore_index=True),
        indices=_index_frame(ranked, values, samples, order_by, confidence),
        pairs=_pair_frame(values, samples, confidence),
        missing=tuple(
            (group, float(grid.l1_weights[marker]))
            for group, grid in everything.items()
            for marker in np.flatnonzero(~grid.survived.any(axis=1))
        ),
    )


def _surviving_seeds(grid: Grid) -> int:
    return int(grid.survived.any(axis=0).sum())


def _index_frame(
    ranked: dict[str, Grid],
    values: _Samples,
    samples: _Samples,
    order_by: str,
    confidence: float,
) -> pd.DataFrame:
    rows = []
    for group, grid in ranked.items():
        row: dict[str, str | float | int] = {"group": group}
        for index in INDICES:
            row[index] = float(values[group][index][0])
            low, high = _interval(samples, group, index, confidence)
            row |= {f"{index}_low": low, f"{index}_high": high}
        row["failed_replicas"] = int(grid.failed.sum())
        row["replicas"] = int(grid.failed.sum() + grid.survived.sum())
        rows.append(row)
    frame = pd.DataFrame(rows).astype({"group": "str"})
    return frame.sort_values(order_by, kind="stable", ignore_index=True)


def _interval(samples: _Samples, group: str, index: str, confidence: float) -> tuple[float, float]:
    if group not in samples:
        return np.nan, np.nan
    return percentile_interval(samples[group][index], confidence)


def _pair_frame(values: _Samples, samples: _Samples, confidence: float) -> pd.DataFrame:
    rows = []
    for index in INDICES:
        for first, second in combinations(values, 2):
            low = high = np.nan
            if first in samples and second in samples:
                difference = samples[first][index] - samples[second][index]
                low, high = percentile_interval(difference, confidence)
            rows.append(
                {
                    "index": index,
                    "first": first,
                    "second": second,
                    "difference": float(values[first][index][0] - values[second][index][0]),
                    "low": low,
                    "high": high,
                    "settled": bool(low > 0 or high < 0),
                }
            )
    columns = ["index", "first", "second", "difference", "low", "high", "settled"]
    return pd.DataFrame(rows, columns=columns)
