"""Axes on which larger is better, turned so that less is better; and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sparse_lightning.comparison.axes import Axes
from sparse_lightning.comparison.indices import check_finite
from sparse_lightning.comparison.points import Points
from sparse_lightning.errors import InputError


@dataclass(frozen=True)
class Mirrored:
    """Floor and corner of some points, and the way from values to costs, of which less is better.

    A cost across is the distance of x from `axis`, a cost upwards is y, or −y where larger is
    better. What is not known is taken from the points that have a result.

    Attributes:
        axis: where `area_axis` ends: 0 where small x are good and none is negative, else the best x
            of the points.
        floor: the best y.
        corner: the x and y at which nothing is gained.
        x_sign: 1 where small x are good, −1 where large ones are.
        y_sign: likewise of y.
    """

    axis: float
    floor: float
    corner: tuple[float, float]
    x_sign: int
    y_sign: int

    @classmethod
    def of(cls, points: Points, axes: Axes) -> "Mirrored":
        """Those of some points.

        Raises:
            InputError: no point has a result that a missing value could be taken from.
        """
        x, y = points.sound["x"].to_numpy(), points.sound["y"].to_numpy()
        less_x, less_y = axes.x_direction == "min", axes.y_direction == "min"
        if not len(x) and (axes.floor is None or None in axes.corner or not less_x):
            reached = "" if axes.floor_group is None else _no_floor(points, axes.floor_group)
            raise InputError(f"points: {reached or f'none has both {axes.x} and {axes.y}'}")
        floor = axes.floor
        if floor is None:
            reached = y if axes.floor_group is None else _reached(points, axes.floor_group)
            floor = reached.min() if less_y else reached.max()
        far, high = axes.corner
        far = (x.max() if less_x else x.min()) if far is None else far
        high = (y.max() if less_y else y.min()) if high is None else high
        check_finite("compare", **{"floor": floor, "corner x": far, "corner y": high})
        return cls(
            axis=float(x.min(initial=0.0) if less_x else x.max()),
            floor=float(floor),
            corner=(float(far), float(high)),
            x_sign=1 if less_x else -1,
            y_sign=1 if less_y else -1,
        )

    def cost_x(self, x: Any) -> Any:
        """Distances from the best x."""
        return self.x_sign * (x - self.axis)

    def cost_y(self, y: Any) -> Any:
        """Values of y of which less is better."""
        return self.y_sign * y

    def data_x(self, cost: Any) -> Any:
        """Values of x of costs."""
        return self.axis + self.x_sign * cost

    def data_y(self, cost: Any) -> Any:
        """Values of y of costs."""
        return self.y_sign * cost

    @property
    def bounds(self) -> dict[str, float]:
        """Floor and corner as costs, under the names that the indices take them."""
        return {
            "floor": self.y_sign * self.floor,
            "null_error": self.y_sign * self.corner[1],
            "connections_total": self.x_sign * (self.corner[0] - self.axis),
        }


def _reached(points: Points, group: str) -> np.ndarray:
    """The y that the group of the floor has reached."""
    if reason := _no_floor(points, group):
        raise InputError(f"points: {reason}")
    return points.sound.loc[points.sound["group"] == group, "y"].to_numpy()


def _no_floor(points: Points, group: str) -> str:
    """Why there is no floor, if there is none."""
    mine = points.frame.loc[points.frame["group"] == group, "failed"]
    if mine.empty:
        return f"the floor needs points of the group {group!r}"
    if mine.all():
        return f"all {len(mine)} points of the group {group!r} failed, so there is no floor"
    return ""
