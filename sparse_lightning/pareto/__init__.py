"""From trained networks to Pareto curves, indices, intervals and what they settle."""

from sparse_lightning.pareto.comparison import Comparison, compare
from sparse_lightning.pareto.indices import INDICES, area_index, hypervolume_gap
from sparse_lightning.pareto.markers import FLOOR_GROUP, failures, floor, markers
from sparse_lightning.pareto.scoring import score

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
