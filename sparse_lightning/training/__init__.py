"""From a project and its table to trained networks."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparse_lightning.training.grid import TrainedPopulation, replicas_of
    from sparse_lightning.training.tasks import train

__all__ = [
    "CONFUSION",
    "EFFECTS",
    "INPUT_ERRORS",
    "PREDICTIONS",
    "SWEEP",
    "TrainedPopulation",
    "replicas_of",
    "train",
]

INPUT_ERRORS = "input_errors.json"
"""The file beside an autoencoder: the variance and the squared error of each of its inputs."""

SWEEP = "sweep.json"
"""The file beside a network, but of components: connections and error over thresholds."""

CONFUSION = "confusion.json"
"""The file beside a classifier: its confusion matrices."""

PREDICTIONS = "predictions.json"
"""The file beside a regressor: true and predicted numbers of some rows."""

EFFECTS = "effects.json"
"""The file beside a regressor: what each input does to each target, on average."""

_MODULES = {"TrainedPopulation": "grid", "replicas_of": "grid", "train": "tasks"}


def __getattr__(name: str) -> Any:
    # Loaded when it is asked for: reports and checks need neither torch nor Lightning.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
