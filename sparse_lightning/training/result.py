"""What training gives: the networks with their measures and history."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import nn

from sparse_lightning.nn.failures import Failure
from sparse_lightning.regularizers.replica import Replica

HISTORY_POINTS = 50
"""How many epochs of a fit are in a history at most."""


@dataclass
class History:
    """What was measured of one replica while it was trained.

    `points` are `(metric, epoch, value)`, epochs counted from 1 over all stages.
    """

    points: list[tuple[str, int, float]] = field(default_factory=list)
    epochs: int = 0


@dataclass
class TrainedPopulation:
    """The networks of a study; what has a value a replica is NaN for failed replicas.

    Attributes:
        network: the layers from inputs to outputs, with a leading replica dimension, on the CPU.
        squared_error: `(replica,)`, mean over rows and outputs.
        connections: `(replica,)`, weights with |w| above the threshold.
        failures: None for sound replicas.
        floor_settled: whether the floor's error had stopped falling.
        seconds: the time of training and evaluating.
        metrics: further measures `(replica,)` by name.
        documents: by the name of a JSON file, what it holds for each replica.
        references: measures of other methods on the same rows, by name.
    """

    replicas: list[Replica]
    network: nn.Sequential
    squared_error: np.ndarray
    connections: np.ndarray
    failures: list[Failure | None]
    histories: list[History]
    floor_settled: bool
    seconds: float
    metrics: dict[str, np.ndarray] = field(default_factory=dict)
    documents: dict[str, list[Any]] = field(default_factory=dict)
    references: dict[str, float] = field(default_factory=dict)
