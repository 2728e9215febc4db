"""From a project and its table to trained networks."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparse_lightning.training.grid import replicas_of
    from sparse_lightning.training.result import TrainedPopulation
    from sparse_lightning.training.tasks import train

__all__ = ["TrainedPopulation", "replicas_of", "train"]

_MODULES = {"TrainedPopulation": "result", "replicas_of": "grid", "train": "tasks"}


def __getattr__(name: str) -> Any:
    # Loaded when it is asked for: reports and checks need neither torch nor Lightning.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
