"""The knee of each group's curve, and how far the replicates of a marker agree.

All of this is of networks, whose x and y are costs: small ones are good, and the floor and the
corner are those of the study.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sparse_lightning.comparison.comparison import Comparison
from sparse_lightning.comparison.markers import records
from sparse_lightning.comparison.points import AGREEMENT

ENOUGH = 0.9
"""The part of a group's best explained variance that is enough."""

LEVEL = 1e-9
"""Agreements, and sums of shares, that differ by less are level: that much is rounding."""


def curves(comparison: Comparison) -> pd.DataFrame:
    """The markers of the compared groups with what they use, lose and explain.

    One row a marker: those of `Comparison.markers`, and

        used       x / n, the share of all connections
        lost       (y − floor) / (e − floor), the share of what there is to explain
        explained  1 − y / e, the share of the error without weights that is explained
        agreement  the mean over its replicates' agreement with the others; NaN where none is known
        usable     some network of it has connections and explains something, and so does the mean

    with n and e the corner. Where the floor is not below e, `lost` is NaN and nothing is usable.
    """
    markers = comparison.markers.loc[comparison.markers["group"].isin(comparison.groups)]
    total, null_error = comparison.corner
    span = null_error - comparison.floor
    networks = dict(iter(_points(comparison).groupby(["group", "marker"])))
    own = [networks[row["group"], row["marker"]] for row in records(markers)]
    x, y = markers["x"].to_numpy(float), markers["y"].to_numpy(float)
    some = np.array([bool(points["usable"].any()) for points in own], dtype=bool)
    return markers.assign(
        used=x / total,
        lost=(y - comparison.floor) / span if span > 0 else np.nan,
        explained=1 - y / null_error if null_error > 0 else np.nan,
        agreement=[points[AGREEMENT].mean() for points in own],
        usable=some & (x > 0) & (y < null_error) & (span > 0),
    )


def knees(curves: pd.DataFrame) -> pd.DataFrame:
    """The knee of every group that has one, one row a group: of its usable markers the one with
    the least used + lost, of equals the one that uses less.
    """
    usable = curves.loc[curves["usable"]]
    ranked = usable.assign(sum=(usable["used"] + usable["lost"]).round(9))
    ranked = ranked.sort_values(["sum", "used"], kind="stable")
    order = {group: place for place, group in enumerate(curves["group"].unique())}
    first = ranked.drop_duplicates("group").drop(columns="sum")
    return first.sort_values("group", key=lambda names: names.map(order), kind="stable")


def sparse_enough(curve: pd.DataFrame) -> dict[str, Any] | None:
    """Of a group's usable markers the one with the fewest connections that explains `ENOUGH` of
    what its best one explains; None where there is none.
    """
    usable = curve.loc[curve["usable"]]
    enough = usable.loc[usable["explained"] >= ENOUGH * usable["explained"].max()]
    if enough.empty:
        return None
    return records(enough.sort_values(["x", "y"], kind="stable"))[0]


def medoid(comparison: Comparison, group: str, marker: int) -> dict[str, Any] | None:
    """The network of a marker that agrees most with the others, a row of the points.

    Of equals, or where no agreement is known, it is the one with the smaller error, then the lower
    replicate. Networks without connections, or that explain nothing, are passed over; None where
    there are only such.
    """
    points = _points(comparison)
    of_marker = (points["group"] == group) & (points["marker"] == marker) & points["usable"]
    found = points.loc[of_marker]
    if found.empty:
        return None
    ranked = found.assign(disagreement=-(found[AGREEMENT] / LEVEL).round() * LEVEL)
    order = ["disagreement", "y", "replicate"]
    return records(ranked.sort_values(order, na_position="last", kind="stable"))[0]


def with_agreement(comparison: Comparison) -> Comparison:
    """The comparison of a study's networks whose markers and groups have their agreement.

    `markers` have `agreement` and `medoid` (the run of the network that agrees most; None without
    one), `indices` have `agreement`, that of the knee of each group.
    """
    found = curves(comparison)
    agreement = {(row["group"], row["marker"]): row["agreement"] for row in records(found)}
    at_knee = {row["group"]: row["agreement"] for row in records(knees(found))}
    runs = list[str | None]()
    for row in records(comparison.markers):
        network = medoid(comparison, row["group"], row["marker"])
        runs.append(None if network is None else network.get("run_id"))
    return replace(
        comparison,
        markers=comparison.markers.assign(
            agreement=[
                agreement.get((row["group"], row["marker"]), np.nan)
                for row in records(comparison.markers)
            ],
            medoid=pd.Series(runs, index=comparison.markers.index, dtype=object),
        ),
        indices=comparison.indices.assign(
            agreement=[at_knee.get(group, np.nan) for group in comparison.indices["group"]]
        ),
    )


def _points(comparison: Comparison) -> pd.DataFrame:
    """The networks that have a result, with their agreement and whether they are `usable`."""
    points = comparison.points.sound
    if AGREEMENT not in points.columns:
        points = points.assign(**{AGREEMENT: np.nan})
    usable = (points["x"] > 0) & (points["y"] < comparison.corner[1])
    return points.assign(usable=usable)
