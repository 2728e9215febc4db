"""What a reader must know before trusting the order of the groups, in plain English."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from sparse_lightning.comparison.frames import of_group, records
from sparse_lightning.comparison.indices import INDICES
from sparse_lightning.comparison.markers import FLOOR_GROUP

if TYPE_CHECKING:
    from sparse_lightning.comparison.comparison import Comparison

# A curve over less than this share of the widest curve's range is called narrow.
NARROW = 0.5

# Pairs named in one sentence; the rest is counted.
_NAMED_PAIRS = 5


def findings(comparison: Comparison) -> list[str]:
    """Everything worth saying about a comparison, one sentence each, the weightiest first.

    Where the indices order groups differently, what the seeds leave open, markers below the floor,
    curves whose range makes `area_marker` misleading, and what failed.
    """
    return [
        *_nothing_learned(comparison),
        *disagreements(comparison),
        *unsettled(comparison),
        *_below_the_floor(comparison),
        *_ranges(comparison),
        *_failures(comparison),
    ]


def _nothing_learned(comparison: Comparison) -> list[str]:
    if comparison.floor < comparison.null_error:
        ranked = comparison.markers.loc[comparison.markers["group"] != FLOOR_GROUP, "squared_error"]
        if ranked.empty or ranked.min() < comparison.null_error:
            return []
        return [
            f"No regularized network has learned anything: the smallest error of a marker, "
            f"{ranked.min():.4g}, is not below {comparison.null_error:.4g}, the error of a network "
            "without weights. The order of the groups says nothing. Try more training.epochs or "
            "smaller regularizers.l1_weights."
        ]
    return [
        f"Unregularized training has learned nothing: its smallest error, the floor "
        f"{comparison.floor:.4g}, is not below {comparison.null_error:.4g}, the error of a network "
        "without weights. There is no hypervolume_gap, and the areas above such a floor say "
        "nothing about the groups. Try another training.learning_rate or more training.epochs."
    ]


def disagreements(comparison: Comparison, replicates: str = "seeds") -> list[str]:
    """Where the indices order the groups differently; `replicates` are what intervals are over."""
    pairs = comparison.pairs.dropna(subset="difference")
    if pairs.empty:
        return []
    settled: dict[tuple[str, str, str], list[str]] = {}
    left_open: list[str] = []
    for _, rows in pairs.groupby(["first", "second"], sort=False):
        sides = _sides(rows)
        if sides is None:
            continue
        (group, better), (other, worse) = sides
        if any(better["settled"]) and any(worse["settled"]):
            settled.setdefault((group, _by(better), _by(worse)), []).append(other)
        else:
            left_open.append(f"{group} (better by {_by(better)}) and {other} (by {_by(worse)})")
    if not settled and not left_open:
        if 0 in pairs["difference"].to_numpy(float):
            return ["No index contradicts another, but some of them tell some groups not apart."]
        return ["All three indices put the groups in the same order."]
    sentences = [_winners(comparison)]
    sentences += [
        f"{group} is better than {listed(others)} by {better}, and worse by {worse}; the "
        f"{replicates} settle both, so the answer depends on the index."
        for (group, better, worse), others in settled.items()
    ]
    if left_open:
        sentences.append(
            f"The indices differ on {named(left_open)}, where the {replicates} do not settle both "
            "directions."
        )
    return sentences


def _sides(rows: pd.DataFrame) -> tuple[tuple[str, pd.DataFrame], tuple[str, pd.DataFrame]] | None:
    """Both groups of a pair with the indices that favour them; None where the indices agree."""
    first = str(rows["first"].iloc[0]), rows.loc[rows["difference"] < 0]
    second = str(rows["second"].iloc[0]), rows.loc[rows["difference"] > 0]
    if first[1].empty or second[1].empty:
        return None
    # The group that the fair index favours comes first, so that like sentences can be merged.
    return (second, first) if INDICES[-1] in set(second[1]["index"]) else (first, second)


def _winners(comparison: Comparison) -> str:
    winners: dict[str, list[str]] = {}
    for index in INDICES:
        ranked = comparison.indices.dropna(subset=index).sort_values(index, kind="stable")
        if len(ranked):
            winners.setdefault(str(ranked["group"].iloc[0]), []).append(index)
    if len(winners) == 1:
        return (
            f"The three indices put the groups in different orders; {next(iter(winners))} comes "
            "first in all of them."
        )
    firsts = "; ".join(f"{group} by {listed(indices)}" for group, indices in winners.items())
    return f"The three indices do not agree on the best group: {firsts}."


def unsettled(comparison: Comparison, replicates: str = "seeds") -> list[str]:
    """What the intervals leave open; `replicates` are what they are over."""
    pairs = comparison.pairs
    if pairs.empty:
        return []
    if comparison.seeds < 2:
        return [
            f"There is a single {replicates.removesuffix('s')}, so there are no intervals and no "
            "order is settled."
        ]
    by_index = pairs.loc[pairs["index"] == comparison.order_by]
    left_open = by_index.loc[~by_index["settled"]]
    if left_open.empty:
        return [
            f"The {comparison.seeds} {replicates} settle the order of every pair of groups by "
            f"{comparison.order_by}."
        ]
    names = [f"{row['first']} and {row['second']}" for row in records(left_open)]
    return [
        f"The {comparison.seeds} {replicates} do not settle {len(names)} of {len(by_index)} pairs "
        f"by {comparison.order_by}: {named(names)}."
    ]


def _below_the_floor(comparison: Comparison) -> list[str]:
    markers = comparison.markers
    below = markers.loc[
        (markers["squared_error"] < comparison.floor) & (markers["group"] != FLOOR_GROUP)
    ]
    if below.empty:
        return []
    names = [
        f"{group} at λ = {listed([f'{weight:g}' for weight in rows['l1_weight']])}"
        for group, rows in below.groupby("group", sort=False)
    ]
    return [
        f"Markers lie below the floor of {comparison.floor:.4g} and count negatively: "
        f"{'; '.join(names)}. The floor was not trained long enough."
    ]


def _ranges(comparison: Comparison) -> list[str]:
    ranked = comparison.markers.loc[comparison.markers["group"] != FLOOR_GROUP]
    if ranked.empty:
        return []
    ends = ranked.groupby("group", sort=False)["connections"].agg(["min", "max"])
    width = ends.loc[:, "max"] - ends.loc[:, "min"]
    points = [str(group) for group in ends.index[width == 0]]
    sentences = []
    if points:
        sentences.append(
            f"The curve of {' and that of '.join(points)} collapsed to one number of "
            "connections: area_marker is 0 there and says nothing; compare by hypervolume_gap."
        )
    widest = str(width.idxmax())
    narrow = [
        f"{group} ({_span(ends.loc[group])})"
        for group in ends.index[(width > 0) & (width < NARROW * width.max())]
    ]
    if narrow:
        sentences.append(
            f"The curves do not cover the same range of connections: {listed(narrow)} less than "
            f"half of what {widest} ({_span(ends.loc[widest])}) covers. A short curve has a small "
            "area_marker whatever it is worth; compare by hypervolume_gap."
        )
    return sentences


def _failures(comparison: Comparison) -> list[str]:
    sentences = lost_replicas(comparison.indices, "networks", "failed")
    unregularized = of_group(comparison.markers, FLOOR_GROUP)
    if lost := sum(unregularized["failed"].tolist()):
        total = lost + sum(unregularized["seeds"].tolist())
        sentences.append(
            f"{lost} of {total} unregularized networks failed; the floor is that of the others."
        )
    if comparison.missing:
        names = [f"{group} at λ = {weight:g}" for group, weight in comparison.missing]
        sentences.append(f"No network survived for {listed(names)}: the marker is missing.")
    return sentences


def lost_replicas(indices: pd.DataFrame, kind: str, fault: str) -> list[str]:
    """How many replicas of which group are in no mean, and which groups have no index at all.

    Args:
        indices: of a `Comparison`.
        kind: what the replicas are called.
        fault: what they have done, as in `failed`.
    """
    lost = indices.loc[indices["failed_replicas"] > 0]
    whole = lost["failed_replicas"] == lost["replicas"]
    sentences = []
    if len(partly := lost.loc[~whole]):
        counts = [
            f"{row['failed_replicas']} of {row['replicas']} of {row['group']}"
            for row in records(partly)
        ]
        sentences.append(
            f"Some {kind} {fault}: {named(counts)}. The indices of these groups are of markers "
            f"that miss them, and so of the {kind} that are easier to train."
        )
    sentences += [
        f"{row['group']} has no index: all of its {row['replicas']} {kind} {fault}."
        for row in records(lost.loc[whole])
    ]
    return sentences


def _by(rows: pd.DataFrame) -> str:
    return listed(
        [f"{row['index']}{'' if row['settled'] else ' (not settled)'}" for row in records(rows)]
    )


def _span(ends: pd.Series) -> str:
    return f"{ends['min']:.4g} to {ends['max']:.4g}"


def named(names: list[str]) -> str:
    """The first of these names, and how many more there are."""
    if len(names) <= _NAMED_PAIRS:
        return "; ".join(names)
    return f"{'; '.join(names[:_NAMED_PAIRS])}; and {len(names) - _NAMED_PAIRS} more"


def listed(names: Iterable[str]) -> str:
    """Names as a sentence lists them."""
    names = list(names)
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
