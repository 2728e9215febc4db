"""From trained networks to Pareto curves, indices, intervals and what they settle."""

from sparse_lightning.comparison.comparison import Comparison, compare
from sparse_lightning.comparison.indices import INDICES, area_index, hypervolume_gap
from sparse_lightning.comparison.markers import FLOOR_GROUP, failures, floor, markers
from sparse_lightning.comparison.scoring import score

__all__ = [
    "FLOOR_GROUP",
    "INDICES",
    "Comparison",
    "area_index",
    "compare",
    "failures",
    "floor",
    "hypervolume_gap",
    "markers",
    "score",
]
