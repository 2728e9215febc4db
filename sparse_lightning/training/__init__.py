"""From a project and its table to trained networks."""

from sparse_lightning.training.grid import replicas_of
from sparse_lightning.training.result import TrainedPopulation
from sparse_lightning.training.tasks import train

__all__ = ["TrainedPopulation", "replicas_of", "train"]
