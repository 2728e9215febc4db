"""What is compared: two measures, groups, markers, replicates, and where their curves end."""

from dataclasses import dataclass
from typing import Literal

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
