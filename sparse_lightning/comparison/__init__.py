"""From points to Pareto curves, indices, intervals and what they settle; a study is one choice."""

from sparse_lightning.comparison.axes import Axes
from sparse_lightning.comparison.comparison import Comparison, compare
from sparse_lightning.comparison.indices import INDICES, area_index, hypervolume_gap
from sparse_lightning.comparison.networks import (
    FLOOR_GROUP,
    NETWORKS,
    network_axes,
    network_points,
)
from sparse_lightning.comparison.points import Points

__all__ = [
    "FLOOR_GROUP",
    "INDICES",
    "NETWORKS",
    "Axes",
    "Comparison",
    "Points",
    "area_index",
    "compare",
    "hypervolume_gap",
    "network_axes",
    "network_points",
]
