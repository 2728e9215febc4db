"""Runs as `pareto.compare` takes them: costs, of which small is good."""

from dataclasses import replace

import pandas as pd
from moocore import is_nondominated

from sparse_lightning.comparison import Comparison
from sparse_lightning.report.runs import Axes
from sparse_lightning.report.runs.view import signs


def costs(runs: pd.DataFrame, axes: Axes, best_x: float) -> pd.DataFrame:
    """The frame that is compared; where every run is a marker, only the runs of the fronts.

    A replicate without any result is no replicate that could be drawn: its runs are left out here
    and counted by `with_failures`. A group without any result stays, to be seen in the table.

    Args:
        runs: as `RunsView.runs`.
        axes: what is compared.
        best_x: from which x is counted.
    """
    x_sign, y_sign = signs(axes)
    frame = pd.DataFrame(
        {
            "group": runs["group"].astype(str),
            "l1_weight": runs["marker"].astype(float),
            "seed": runs["replicate"].astype(int),
            "connections": x_sign * (runs["x"] - best_x),
            "squared_error": y_sign * runs["y"],
            "failed": runs["failed"].astype(bool),
        }
    )
    survived = frame.loc[~frame["failed"]]
    hopeless = ~frame["group"].isin(survived["group"])
    kept = frame["seed"].isin(survived["seed"]) & ~hopeless
    if axes.front:
        kept &= frame.index.isin(_fronts(survived)) | frame["failed"]
    stand_in = frame.loc[hopeless].drop_duplicates(["group", "l1_weight"])
    stand_in = stand_in.assign(seed=survived["seed"].min())
    return pd.concat([frame.loc[kept], stand_in]).sort_index()


def with_failures(comparison: Comparison, runs: pd.DataFrame) -> Comparison:
    """The comparison with all runs without a result counted, and all markers without any.

    Args:
        comparison: of what `costs` gave.
        runs: what `costs` was given.
    """
    failed = runs.loc[runs["failed"].astype(bool)]
    by_group = failed.groupby("group").size()
    in_all = runs["group"].value_counts().to_dict()
    by_marker = failed.groupby(["group", "marker"]).size()
    marks = comparison.markers
    survived = set(zip(marks["group"], marks["l1_weight"], strict=True))
    keys = zip(marks["group"], marks["l1_weight"].astype(int), strict=True)
    indices = comparison.indices
    return replace(
        comparison,
        indices=indices.assign(
            failed_replicas=[int(by_group.get(group, 0)) for group in indices["group"]],
            replicas=[int(in_all[group]) for group in indices["group"]],
        ),
        markers=marks.assign(failed=[int(by_marker.get(key, 0)) for key in keys]),
        missing=tuple(
            (str(group), float(marker))
            for group, marker in by_marker.index
            if (group, float(marker)) not in survived
        ),
    )


def _fronts(survived: pd.DataFrame) -> list[int]:
    """The rows that no other row of their group beats in both costs."""
    found: list[int] = []
    for _, rows in survived.groupby("group", sort=False):
        front = is_nondominated(rows[["connections", "squared_error"]].to_numpy(float))
        found += rows.index[front].tolist()
    return found
