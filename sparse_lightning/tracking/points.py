"""From the columns of runs to the points that are compared: groups, markers, replicates."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from sparse_lightning._text import listed, shortened
from sparse_lightning.comparison import Axes, Points
from sparse_lightning.comparison.indices import LARGEST
from sparse_lightning.errors import InputError
from sparse_lightning.tracking.columns import ABSENT, RunColumns, labelled, measured

MOST_GROUPS = 60
"""More groups than these nobody can tell apart."""

ENDED_BADLY = ("FAILED", "KILLED")

ALL = "all runs"
NO_VALUE = "(none)"
EMPTY = "(empty)"


def points_of(columns: RunColumns, axes: Axes) -> tuple[Points, list[str]]:
    """The points of runs, with run_id, run_name and failure (why there is no result), and sentences
    on the runs that were left out and those without a result.

    A run that ended badly, or has not both values, counts as one without a result in its group; a
    run that still runs or has no group is left out, and so is the parent of others that has
    neither value. Of runs that have everything alike the newest
    counts. An `InputError` says that no run has both values, there are too many groups, or runs
    that differ in other params would count as one.
    """
    frame = _frame(columns, axes)
    whole = len(frame)
    left_out = []
    part_of_none = ~(frame["whole"] & frame["x"].isna() & frame["y"].isna())
    if count := int(np.count_nonzero(~part_of_none)):
        left_out.append(f"{_runs(count)} left out that only holds together other runs.")
    frame = frame.loc[part_of_none]
    running = ~frame["status"].isin(("FINISHED", *ENDED_BADLY))
    for status, count in sorted(Counter(frame.loc[running, "status"]).items()):
        left_out.append(f"{_runs(count)} with the status {status} left out.")
    without = ~running & frame["group"].isna()
    if count := int(np.count_nonzero(without)):
        left_out.append(f"{_runs(count)} without {axes.group} left out.")
    frame = frame.loc[~running & ~without]
    frame = frame.assign(failure=[_failure(row, axes) for row in frame.to_dict("records")])
    frame["failed"] = frame["failure"].notna()
    reasons = Counter(frame["failure"].dropna())
    left_out += [
        f"{_runs(count)} without a result: {reason}." for reason, count in sorted(reasons.items())
    ]
    if not (~frame["failed"]).any():
        reasons = " ".join(left_out) or "There is no run."
        raise InputError(f"of {_runs(whole)} none has both {axes.x} and {axes.y}. {reasons}")
    groups = frame["group"].nunique()
    if groups > MOST_GROUPS:
        raise InputError(
            f"--group: {axes.group} has {groups} values, and at most {MOST_GROUPS} groups can be "
            "compared; give another param or tag, or a --filter"
        )
    frame, settings = _with_markers(columns, frame, axes)
    frame, repeated = _with_replicates(columns, frame, axes)
    if repeated:
        left_out.append(
            f"{_runs(repeated)} left out because a newer one has the same "
            f"{listed([*axes.marker, str(axes.replicate)])}."
        )
    if columns.truncated:
        left_out.append(f"Only the newest {len(columns.ids)} runs were read; there are more.")
    names = ["group", "marker", "replicate", "x", "y", "failed", "run_id", "run_name", "failure"]
    return Points(frame.loc[:, names].reset_index(drop=True), tuple(settings)), left_out


def _frame(columns: RunColumns, axes: Axes) -> pd.DataFrame:
    statuses = columns.statuses
    frame = pd.DataFrame(
        {
            "place": np.arange(len(columns.ids)),
            "run_id": columns.ids,
            "run_name": columns.names,
            "status": [statuses.levels[code] for code in statuses.codes],
            "whole": columns.wholes or False,
            "x": np.array(measured(columns, axes.x), dtype=float),
            "y": np.array(measured(columns, axes.y), dtype=float),
        }
    )
    if axes.group is None:
        return frame.assign(group=ALL)
    column = labelled(columns, axes.group)
    names = _group_names(column.levels)
    return frame.assign(
        group=pd.Series(
            [None if code == ABSENT else names[code] for code in column.codes], dtype=object
        )
    )


def _group_names(levels: list[str]) -> list[str]:
    """The levels as groups are called: none has an empty name."""
    names = []
    for level in levels:
        name = level if level.strip() else EMPTY
        while name != level and name in levels:
            name = f"({name})"
        names.append(name)
    return names


def _failure(row: dict[str, Any], axes: Axes) -> str | None:
    if row["status"] in ENDED_BADLY:
        return f"status {row['status']}"
    lacking = [name for name, key in ((axes.x, "x"), (axes.y, "y")) if not abs(row[key]) <= LARGEST]
    return f"no finite {' and no finite '.join(lacking)}" if lacking else None


def _with_markers(
    columns: RunColumns, frame: pd.DataFrame, axes: Axes
) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    if axes.front:
        settings = [
            {"run": name or run_id}
            for name, run_id in zip(frame["run_name"], frame["run_id"], strict=True)
        ]
        return frame.assign(marker=np.arange(len(frame))), settings
    places = frame["place"].to_numpy()
    coded = {name: labelled(columns, name) for name in axes.marker}
    codes = np.stack([np.array(column.codes)[places] for column in coded.values()], axis=1)
    found, marker = np.unique(codes, axis=0, return_inverse=True)
    settings = [
        {
            name: NO_VALUE if code == ABSENT else column.levels[code]
            for (name, column), code in zip(coded.items(), row, strict=True)
        }
        for row in found
    ]
    return frame.assign(marker=marker.reshape(-1)), settings


def _with_replicates(
    columns: RunColumns, frame: pd.DataFrame, axes: Axes
) -> tuple[pd.DataFrame, int]:
    """The frame with the numbers of the replicates, and how many repeated runs it leaves out."""
    if axes.replicate is None:
        order = frame.groupby(["group", "marker"], sort=False).cumcount()
        return frame.assign(replicate=order), 0
    codes = np.array(labelled(columns, axes.replicate).codes)
    frame = frame.assign(replicate=codes[frame["place"].to_numpy()])
    keys = ["group", "marker", "replicate"]
    repeated = frame.duplicated(subset=keys, keep=False)
    for _, rows in frame.loc[repeated].groupby(keys, sort=False):
        _check_alike(columns, rows, axes)
    # A run without a result does not displace one that has one.
    ranked = frame.sort_values(["failed", "place"], ascending=[False, True], kind="stable")
    newest = ranked.drop_duplicates(subset=keys, keep="last").sort_values("place", kind="stable")
    return newest, len(frame) - len(newest)


def _check_alike(columns: RunColumns, rows: pd.DataFrame, axes: Axes) -> None:
    places = rows["place"].to_numpy()
    differing = [
        f"params.{name}"
        for name, column in columns.params.items()
        if len({column.codes[place] for place in places}) > 1
        and f"params.{name}" not in (axes.x, axes.y)
    ]
    if differing:
        first, second = (shortened(text, 60) for text in rows["run_id"].iloc[:2])
        raise InputError(
            f"the runs {first} and {second} would count as one: they agree in "
            f"{listed([name for name in (axes.group, *axes.marker, axes.replicate) if name])}, but "
            f"differ in {shortened(listed(differing[:5]), 200)}; add --marker "
            f"{shortened(differing[0], 80)}, or leave out those that you do not want by --filter"
        )


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
