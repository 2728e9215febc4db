"""The groups in their order, each held against the best."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from sparse_lightning.comparison import Comparison
from sparse_lightning.comparison.markers import records
from sparse_lightning.comparison.points import AGREEMENT

NARROW = 0.5
"""A curve over less than this share of the widest curve's range is called narrow."""

FAIR = "hypervolume_gap"
"""The index that curves over different ranges can be compared by."""

Against = Literal["best", "worse", "level", "–"]


@dataclass(frozen=True)
class Ranked:
    """A group in the order of the groups.

    Attributes:
        row: its indices with the ends of their intervals, failed, points, agreement, as
            `Comparison.indices` has them; a curve of one value of x has no `area_marker`.
        against: whether the replicates tell it from the best group; a dash where they cannot, as
            there is one only, or it has no value.
    """

    group: str
    row: dict[str, Any]
    against: Against


def spans(comparison: Comparison) -> pd.DataFrame:
    """Over which x the curve of each group reaches: one row a group with markers, low and high."""
    markers = comparison.markers
    compared = markers.loc[markers["group"].isin(comparison.groups)]
    x = compared.groupby("group", sort=False)["x"]
    return pd.DataFrame({"low": x.min(), "high": x.max()})


def points(comparison: Comparison) -> list[str]:
    """The groups whose curve has one value of x, so that no area lies under it."""
    ends = spans(comparison)
    return [str(group) for group in ends.index[(ends["low"] == ends["high"]).to_numpy()]]


def narrow(comparison: Comparison) -> list[str]:
    """The groups whose curve covers less than half of the range of the widest one."""
    ends = spans(comparison)
    width = (ends["high"] - ends["low"]).to_numpy()
    short = (width > 0) & (width < NARROW * width.max(initial=0))
    return [str(group) for group in ends.index[short]]


def ranked_by(comparison: Comparison) -> str:
    """The index that orders the groups: the one asked for, but the fair one where ranges differ."""
    fair = bool(comparison.indices[FAIR].notna().any())
    differ = bool(points(comparison) or narrow(comparison))
    return FAIR if fair and differ else comparison.order_by


def has_agreement(comparison: Comparison) -> bool:
    """Whether it is known of any group how far its seeds agree at the knee."""
    indices = comparison.indices
    return AGREEMENT in indices.columns and bool(indices[AGREEMENT].notna().any())


def ranking(comparison: Comparison) -> list[Ranked]:
    """The groups, best first, each against the best.

    A curve of one value of x comes after all others: it is never the best. Groups are level where
    the replicates do not settle which is better, or they differ by rounding.
    """
    index, flat = ranked_by(comparison), points(comparison)
    order = comparison.indices.assign(flat=comparison.indices["group"].isin(flat))
    order = order.sort_values(["flat", index], kind="stable", na_position="last")
    rows = records(order.drop(columns="flat"))
    worse = _worse_than(comparison, index, str(rows[0]["group"]))
    ranked = []
    for place, row in enumerate(rows):
        group = str(row["group"])
        known = bool(np.isfinite(row[index]))
        against: Against = "worse" if group in worse else "level"
        if place == 0:
            against = "best" if len(rows) > 1 and known and group not in flat else "–"
        elif not known or comparison.replicates < 2:
            against = "–"
        area = np.nan if group in flat else row["area_marker"]
        ranked.append(Ranked(group, {**row, "area_marker": area}, against))
    return ranked


def _worse_than(comparison: Comparison, index: str, best: str) -> set[str]:
    """The groups that are settled to be worse than another by an index."""
    pairs = comparison.pairs
    worse = set()
    for row in records(pairs.loc[(pairs["index"] == index) & pairs["settled"]]):
        if row["first"] == best and row["difference"] < 0:
            worse.add(str(row["second"]))
        if row["second"] == best and row["difference"] > 0:
            worse.add(str(row["first"]))
    return worse
