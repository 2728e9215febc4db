"""The points that are compared, under the same names whatever they were measured on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from sparse_lightning.comparison.axes import FLOOR_GROUP, NETWORKS, Axes
from sparse_lightning.comparison.indices import LARGEST
from sparse_lightning.errors import InputError

ALL = "all points"
"""The group of points that have none."""

AGREEMENT = "agreement"
"""The column of how far a network agrees with the other seeds of its marker."""


@dataclass(frozen=True, eq=False)
class Points:
    """Points with their places on the axes.

    Attributes:
        frame: one row a point: group, marker (its number), replicate, x, y, failed; perhaps run_id,
            agreement, and more about each.
        settings: what the points of each marker agree in, by the marker's number.
        replicates: replicates that count although none of their points may have a result.
    """

    frame: pd.DataFrame
    settings: tuple[Mapping[str, Any], ...]
    replicates: tuple[Any, ...] = ()

    @classmethod
    def of(cls, frame: pd.DataFrame, axes: Axes) -> "Points":
        """The points of a frame whose columns the axes name.

        Raises an InputError where a column is missing or lacks a value, or two points are one
        replicate.
        """
        named = (axes.x, axes.y, axes.group, *axes.marker, axes.replicate)
        for column in named:
            if column is not None and column not in frame.columns:
                raise InputError(f"points: the column {column!r} is missing")
        if frame.empty:
            raise InputError("points: there are none")
        names, frame = frame.index.tolist(), frame.reset_index(drop=True)
        points = pd.DataFrame(
            {
                "group": ALL if axes.group is None else frame[axes.group].astype(str),
                "marker": np.arange(len(frame)),
                "replicate": 0 if axes.front or axes.replicate is None else frame[axes.replicate],
                "x": _measure(frame[axes.x]),
                "y": _measure(frame[axes.y]),
            }
        )
        points["failed"] = frame["failed"] if "failed" in frame.columns else False
        points["failed"] = points["failed"].astype(bool) | ~usable(points)
        if "run_id" in frame.columns:
            points["run_id"] = frame["run_id"]
        for column in (axes.group, *axes.marker, axes.replicate):
            missing = np.asarray([] if column is None else frame[column].isna(), dtype=bool)
            if missing.any():
                name = names[int(missing.argmax())]
                raise InputError(f"points: the point {name!r} has no {column}")
        if not axes.marker:
            return cls(points, tuple({"point": name} for name in names))
        points["marker"], settings = _markers(frame, list(axes.marker))
        if axes.replicate is None:
            points["replicate"] = points.groupby(["group", "marker"], sort=False).cumcount()
        repeated = points.loc[points.duplicated(["group", "marker", "replicate"])]
        if len(repeated):
            row = repeated.iloc[0]
            marker = " and ".join(
                f"{name} {setting_text(at)}" for name, at in settings[row["marker"]].items()
            )
            raise InputError(
                f"points: group {row['group']!r} has two points with {marker} and "
                f"{axes.replicate} {row['replicate']}; a marker takes one point a replicate"
            )
        return cls(points, settings)

    @property
    def sound(self) -> pd.DataFrame:
        """The points that have a result."""
        return self.frame.loc[~self.frame["failed"]]


def network_points(networks: pd.DataFrame, axes: Axes = NETWORKS) -> Points:
    """The networks of a study, one row each, by the names that a project gives its groups.

    All seeds of the regularized networks count as replicates, also one of which every network
    failed: a study has as many seeds as its project says.
    """
    points = Points.of(networks, replace(axes, group="group"))
    frame = points.frame
    if AGREEMENT in networks.columns:
        frame = frame.assign(**{AGREEMENT: networks[AGREEMENT].to_numpy(float)})
    regularized = frame.loc[frame["group"] != FLOOR_GROUP, "replicate"]
    return replace(points, frame=frame, replicates=tuple(regularized.unique().tolist()))


def usable(frame: pd.DataFrame, measures: Sequence[str] = ("x", "y")) -> pd.Series:
    """Which rows have measures that are finite and not so large that a sum would overflow."""
    return pd.Series((frame[list(measures)].abs() <= LARGEST).all(axis=1))


def setting_text(setting: Any) -> str:
    """A setting as a message has it."""
    return f"{setting:g}" if isinstance(setting, float) else str(setting)


def _measure(column: Any) -> pd.Series:
    try:
        return column.astype(float)
    except (TypeError, ValueError) as error:
        raise InputError(f"points: {column.name} must be numbers ({error})") from None


def _markers(
    frame: pd.DataFrame, columns: list[str]
) -> tuple[pd.Series, tuple[dict[str, Any], ...]]:
    """The number of each row's marker, in the order of the settings, and those settings."""
    number = frame.groupby(columns, sort=True).ngroup()
    first = number.drop_duplicates().sort_values().index
    settings = frame.loc[first, columns].to_dict("records")
    return number, tuple({str(name): value for name, value in row.items()} for row in settings)
