"""The comparison of groups of points: curves, indices, intervals, what the replicates settle."""

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from moocore import is_nondominated

from sparse_lightning.comparison.axes import Axes
from sparse_lightning.comparison.bootstrap import (
    draw_replicates,
    percentile_interval,
    sampled_indices,
)
from sparse_lightning.comparison.indices import INDICES, LARGEST_AREA
from sparse_lightning.comparison.jackknife import LeftOut, difference_interval, left_out
from sparse_lightning.comparison.markers import grids, marker_frame
from sparse_lightning.comparison.mirrored import Mirrored
from sparse_lightning.comparison.points import Points
from sparse_lightning.errors import InputError

ROUNDING = 1e-4
"""Indices that differ by no more than this part of the larger are level: where training in 32 bits
and another order of sums lead elsewhere, all replicates may say so."""

_Samples = dict[str, dict[str, Float[np.ndarray, " sample"]]]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What points say about their groups, in the units of the data.

    Attributes:
        axes: what is compared.
        points: the points.
        axis: the x from which costs are counted: 0, or the best x of the points where large x are
            good or some are negative.
        floor: the best y.
        corner: the x and y at which nothing is gained.
        order_by: the index that orders `indices`.
        confidence: the share of the samples that an interval holds.
        groups: the groups that are compared, in the order of the points; the group of the floor is
            not among them.
        replicates: how many replicates were resampled.
        markers: one row a marker: group, marker (its number in `points.settings`), x, y, replicates
            (that have a result), failed; with those of the group of the floor. Of a study also
            agreement (of the seeds) and medoid (the run of the one that agrees most).
        indices: one row a group, best first: group, each index with its ends `_low` and `_high`,
            failed, points (how many there are, with those that failed); of a study also agreement,
            that of the seeds at the knee. NaN where there is no value.
        pairs: one row a pair of groups and index: index, first, second, difference (first minus
            second), low, high (of the jackknife's interval), settled (the interval leaves out 0,
            and the difference is more than rounding, see `ROUNDING`).
        missing: group and number of the markers without a point that has a result.
    """

    axes: Axes
    points: Points
    axis: float
    floor: float
    corner: tuple[float, float]
    order_by: str
    confidence: float
    groups: tuple[str, ...]
    replicates: int
    markers: pd.DataFrame
    indices: pd.DataFrame
    pairs: pd.DataFrame
    missing: tuple[tuple[str, int], ...]

    def ordered_by(self, index: str) -> "Comparison":
        """The same comparison with the groups in the order of another index."""
        indices = self.indices.sort_values(index, kind="stable", ignore_index=True)
        return replace(self, order_by=index, indices=indices)


def compare(
    points: pd.DataFrame | Points,
    axes: Axes | None = None,
    *,
    order_by: str = "hypervolume_gap",
    resamples: int = 2000,
    confidence: float = 0.95,
) -> Comparison:
    """Compare groups of points by all three indices, with intervals over the replicates.

    Those of indices are percentiles of a bootstrap, for which the same resampled replicates serve
    all groups; those of differences are Student's with the jackknife's standard error. Floor and
    corner are held fixed. An interval needs two replicates that have a result. The result depends
    neither on the order of the points of a group nor on chance. Where larger is better, values are
    mirrored for the indices and shown as they are. Where the floor is not better than the corner,
    there is no hypervolume_gap.

    Args:
        points: one row a point, with the columns that the axes name, and `failed` if some did; a
            point without finite measures counts as failed.
        axes: the columns that are compared, floor and corner; default: those of the general names.
        order_by: the index that orders the groups.
        resamples: the number of bootstrap samples.
        confidence: the share of the samples that an interval holds, between 0 and 1.

    Raises:
        InputError: an argument is out of range, a column is missing, or there is nothing to
            compare.
    """
    axes = axes or Axes()
    if order_by not in INDICES:
        raise InputError(f"compare: order_by must be one of {', '.join(INDICES)}, got {order_by!r}")
    if not 0 < confidence < 1:
        raise InputError(f"compare: confidence must be between 0 and 1, got {confidence}")
    if resamples < 1:
        raise InputError(f"compare: resamples must be at least 1, got {resamples}")
    if not isinstance(points, Points):
        points = Points.of(points, axes)
    mirrored = Mirrored.of(points, axes)
    _check_reach(points, axes, mirrored)

    costs = points.frame.assign(
        x=mirrored.cost_x(points.frame["x"]), y=mirrored.cost_y(points.frame["y"])
    )
    replicates = _replicates(points, axes)
    curves = _on_curves(costs, axes, replicates)
    compared = curves.loc[curves["group"] != axes.floor_group]
    if compared.empty:
        raise InputError(f"compare: there is no group besides {axes.floor_group!r}")
    ranked = grids(compared, replicates)
    everything = {**grids(curves.loc[curves["group"] == axes.floor_group]), **ranked}
    order = [str(group) for group in curves["group"].unique()]
    draw = draw_replicates(len(replicates), resamples)
    bounds = mirrored.bounds
    values = {group: sampled_indices(grid, None, **bounds) for group, grid in ranked.items()}
    samples = {
        group: sampled_indices(grid, draw, **bounds)
        for group, grid in ranked.items()
        if grid.survived.any(axis=0).sum() >= 2
    }
    without = {group: left_out(grid, **bounds) for group, grid in ranked.items()}
    markers = pd.concat([marker_frame(everything[group]) for group in order], ignore_index=True)
    return Comparison(
        axes=axes,
        points=points,
        axis=mirrored.axis,
        floor=mirrored.floor,
        corner=mirrored.corner,
        order_by=order_by,
        confidence=float(confidence),
        groups=tuple(ranked),
        replicates=len(replicates),
        markers=markers.assign(x=mirrored.data_x(markers["x"]), y=mirrored.data_y(markers["y"])),
        indices=_index_frame(points.frame, values, samples, order_by, confidence),
        pairs=_pair_frame(values, without, confidence),
        missing=tuple(
            (group, int(grid.markers[place]))
            for group, grid in everything.items()
            for place in np.flatnonzero(~grid.survived.any(axis=1))
        ),
    )


def _replicates(points: Points, axes: Axes) -> np.ndarray:
    """Replicates of the compared groups that have a result, or count anyway."""
    found = points.sound.loc[points.sound["group"] != axes.floor_group, "replicate"].unique()
    replicates: list[Any] = [*found.tolist(), *points.replicates]
    return np.unique(replicates)


def _on_curves(costs: pd.DataFrame, axes: Axes, replicates: np.ndarray) -> pd.DataFrame:
    """The points that curves are made of, and those that failed.

    Groups are in the order of their points that can be drawn: those of a replicate without any
    result come after all others, unless the whole group has none.
    """
    if axes.front:
        counts = costs["failed"].to_numpy(bool).copy()
        for _, rows in costs.loc[~counts].groupby("group", sort=False):
            places = costs.index.get_indexer(rows.index)
            counts[places] = is_nondominated(rows[["x", "y"]].to_numpy(float))
        costs = costs.loc[counts]
    with_results = costs.loc[~costs["failed"], "group"].unique()
    drawn = costs["replicate"].isin(replicates.tolist()) | ~costs["group"].isin(with_results)
    drawn |= costs["group"] == axes.floor_group
    return pd.concat([costs.loc[drawn], costs.loc[~drawn]])


def _check_reach(points: Points, axes: Axes, mirrored: Mirrored) -> None:
    total = mirrored.bounds["connections_total"]
    if total <= 0:
        raise InputError(
            f"compare: the corner's {axes.x}, {mirrored.corner[0]:g}, must be worse than "
            f"{mirrored.axis:g}, the best there is"
        )
    sound = points.sound
    x = np.append(sound["x"].to_numpy(), mirrored.corner[0])
    y = np.append(sound["y"].to_numpy(), [mirrored.floor, mirrored.corner[1]])
    highest = float(np.abs(y).max())
    if highest and float(np.abs(mirrored.cost_x(x)).max()) > LARGEST_AREA / highest:
        raise InputError(
            f"compare: {axes.x} reaches from {x.min():g} to {x.max():g} and {axes.y} from "
            f"{y.min():g} to {y.max():g}, and no number holds the area between them"
        )


def _index_frame(
    points: pd.DataFrame,
    values: _Samples,
    samples: _Samples,
    order_by: str,
    confidence: float,
) -> pd.DataFrame:
    rows = []
    for group, found in values.items():
        row: dict[str, str | float | int] = {"group": group}
        for index in INDICES:
            row[index] = float(found[index][0])
            low, high = _interval(samples, group, index, confidence)
            row |= {f"{index}_low": low, f"{index}_high": high}
        failed = points.loc[points["group"] == group, "failed"].to_numpy(bool)
        row |= {"failed": int(failed.sum()), "points": len(failed)}
        rows.append(row)
    frame = pd.DataFrame(rows).astype({"group": "str"})
    return frame.sort_values(order_by, kind="stable", ignore_index=True)


def _interval(samples: _Samples, group: str, index: str, confidence: float) -> tuple[float, float]:
    if group not in samples:
        return np.nan, np.nan
    return percentile_interval(samples[group][index], confidence)


def _pair_frame(values: _Samples, without: dict[str, LeftOut], confidence: float) -> pd.DataFrame:
    rows = []
    for index in INDICES:
        for first, second in combinations(values, 2):
            one, other = float(values[first][index][0]), float(values[second][index][0])
            low, high = difference_interval(
                without[first], without[second], index, one - other, confidence
            )
            differ = abs(one - other) > ROUNDING * max(abs(one), abs(other))
            rows.append(
                {
                    "index": index,
                    "first": first,
                    "second": second,
                    "difference": one - other,
                    "low": low,
                    "high": high,
                    "settled": bool(differ and (low > 0 or high < 0)),
                }
            )
    columns = ["index", "first", "second", "difference", "low", "high", "settled"]
    return pd.DataFrame(rows, columns=columns)
