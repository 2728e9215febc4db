"""What is compared: two measures, groups, markers, replicates, and where their curves end."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Direction = Literal["min", "max"]


@dataclass(frozen=True)
class Axes:
    """The columns of the points that are compared, and what bounds their curves.

    Attributes:
        x: the measure across, such as a number of connections.
        y: the measure upwards, such as an error.
        group: what is compared, one curve a group; None: all points are one group.
        marker: the columns in which the points of a marker agree, which are averaged; empty: every
            point is a marker of its own, and a curve joins those that no other point of its group
            beats in both measures.
        replicate: the column in which the points of a marker differ, such as a seed; None: their
            order.
        x_direction: whether small (`min`) or large (`max`) values of x are good.
        y_direction: likewise of y.
        floor: the best y there can be; None: the best of `floor_group`, else of all points.
        corner: x and y at which nothing is gained; None: the worst of all points.
        floor_group: the group that reaches the floor and is not compared, such as the unregularized
            networks; None: there is none.
    """

    x: str = "x"
    y: str = "y"
    group: str | None = "group"
    marker: tuple[str, ...] = ("marker",)
    replicate: str | None = "replicate"
    x_direction: Direction = "min"
    y_direction: Direction = "min"
    floor: float | None = None
    corner: tuple[float | None, float | None] = (None, None)
    floor_group: str | None = None

    @property
    def front(self) -> bool:
        """Whether curves join only the points that no other point of the group beats in both."""
        return not self.marker


def named_columns(axes: Axes) -> dict[str, Any]:
    """The columns and directions of axes, as documents hold them."""
    return {
        "x": axes.x,
        "y": axes.y,
        "group": axes.group,
        "marker": list(axes.marker),
        "replicate": axes.replicate,
        "x_direction": axes.x_direction,
        "y_direction": axes.y_direction,
    }


FLOOR_GROUP = "none"
"""The group of the unregularized networks, whose smallest error is the floor."""

NETWORKS = Axes(
    x="connections",
    y="squared_error",
    group="regularizer",
    marker=("l1_weight",),
    replicate="seed",
    floor_group=FLOOR_GROUP,
)
"""A study by its regularizers: connections against squared error, means over the seeds."""


VALIDATION = "validation_"
"""What the names of measures of validation rows begin with."""


def network_axes(facts: Mapping[str, float]) -> Axes:
    """The axes of a study whose `connections_total` and `null_error` are known.

    With a `validation_null_error` the error is that of validation rows, which are there to choose.
    """
    rows = VALIDATION if f"{VALIDATION}null_error" in facts else ""
    return replace(NETWORKS, y=f"{rows}{NETWORKS.y}", corner=network_corner(facts))


def on_validation_rows(axes: Axes) -> bool:
    """Whether the error of a study's axes is that of validation rows."""
    return axes.y == f"{VALIDATION}{NETWORKS.y}"


def network_corner(facts: Mapping[str, float]) -> tuple[float, float]:
    """All connections, and the error with every weight 0 on the rows that choose."""
    null_error = facts.get(f"{VALIDATION}null_error", facts["null_error"])
    return facts["connections_total"], null_error
