"""From points to Pareto curves, indices, intervals and what they settle; a study is one choice."""

from sparse_lightning.comparison.axes import FLOOR_GROUP, NETWORKS, Axes, network_axes
from sparse_lightning.comparison.comparison import Comparison, compare
from sparse_lightning.comparison.indices import INDICES, area_index, hypervolume_gap
from sparse_lightning.comparison.points import Points, network_points

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
