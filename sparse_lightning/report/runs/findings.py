"""What a reader must know before trusting the order of groups of runs, in plain English."""

from sparse_lightning._text import number
from sparse_lightning.comparison.findings import (
    NARROW,
    disagreements,
    listed,
    lost_replicas,
    named,
    unsettled,
)
from sparse_lightning.comparison.frames import records
from sparse_lightning.report.runs.view import RunsView


def findings(view: RunsView) -> list[str]:
    """Everything worth saying, one sentence each, the weightiest first.

    Where the indices order groups differently, what the replicates leave open, values beyond the
    floor, curves whose range makes `area_marker` misleading, and what has no result.
    """
    comparison = view.comparison
    return [
        *disagreements(comparison, view.replicates),
        *unsettled(comparison, view.replicates),
        *_beyond_the_floor(view),
        *_ranges(view),
        *_failures(view),
    ]


def _beyond_the_floor(view: RunsView) -> list[str]:
    beyond = view.comparison.markers
    beyond = beyond.loc[beyond["squared_error"] < view.comparison.floor]
    if beyond.empty:
        return []
    names = [f"{row['group']} at {view.marker_name(row['l1_weight'])}" for row in records(beyond)]
    better = "below" if view.axes.y_direction == "min" else "above"
    return [
        f"Markers lie {better} the floor of {number(view.floor)} and count negatively: "
        f"{named(names)}. The floor that was given is not the best there can be."
    ]


def _ranges(view: RunsView) -> list[str]:
    reached: dict[str, list[float]] = {}
    for row in records(view.markers):
        reached.setdefault(row["group"], []).append(row["connections"])
    ends = {group: (min(values), max(values)) for group, values in reached.items()}
    width = {group: high - low for group, (low, high) in ends.items()}
    spans = {group: f"{number(low)} to {number(high)}" for group, (low, high) in ends.items()}
    widest = max(width, key=width.__getitem__)
    points = [group for group in ends if width[group] == 0]
    sentences = []
    if points:
        sentences.append(
            f"The curve of {' and that of '.join(points)} has one value of {view.axes.x}: "
            "area_marker is 0 there and says nothing; compare by hypervolume_gap."
        )
    narrow = [
        f"{group} ({spans[group]})" for group in ends if 0 < width[group] < NARROW * width[widest]
    ]
    if narrow:
        sentences.append(
            f"The curves do not cover the same range of {view.axes.x}: {listed(narrow)} less than "
            f"half of what {widest} ({spans[widest]}) covers. A short curve has a small "
            "area_marker whatever it is worth; compare by hypervolume_gap."
        )
    return sentences


def _failures(view: RunsView) -> list[str]:
    sentences = lost_replicas(view.comparison.indices, "runs", "have no result")
    if view.comparison.missing and not view.axes.front:
        names = [f"{group} at {view.marker_name(mark)}" for group, mark in view.comparison.missing]
        sentences.append(f"No run has a result for {named(names)}: the marker is missing.")
    return sentences
