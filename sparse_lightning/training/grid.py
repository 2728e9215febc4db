"""The grid of a study: its networks, the parts that they are cut into, and what training gives."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from sparse_lightning.nn.failures import Failure
from sparse_lightning.nn.layers import BatchedLinear, flatten, take
from sparse_lightning.project import Project
from sparse_lightning.regularizers.replica import FLOOR, Replica
from sparse_lightning.training import CONFUSION

CHUNK_BYTES = 32 * 2**20
"""What the weights, gradients, moments and activations of a chunk may take together."""

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
    """The networks of a study; the measures of failed replicas are NaN.

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
        epochs: of the longest stage.
        fine_tune_epochs: of fine-tuning.
        settled: whether, with `epochs: auto`, every stage had settled within its budget.
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
    epochs: int = 0
    fine_tune_epochs: int = 0
    settled: bool = True

    def one_class(self, number: int) -> str | None:
        """The class that a classifier gives every training row; None where there are several."""
        if CONFUSION not in self.documents or self.failures[number] is not None:
            return None
        document = self.documents[CONFUSION][number]
        (predicted,) = np.nonzero(np.array(document["training"]).sum(0))
        return document["classes"][predicted[0]] if len(predicted) == 1 else None


def replicas_of(project: Project) -> list[Replica]:
    """Every network of a study: the floor's, then group by group, λ by λ, seed by seed."""
    settings = [(FLOOR, FLOOR, {})] + [
        (group, project.regularizers.regularizer(group), strengths)
        for group in project.regularizers.groups
        for strengths in project.regularizers.grid(group)
    ]
    cells = [(*setting, seed) for setting in settings for seed in project.training.seeds]
    return [
        Replica(number, group, regularizer, seed, **strengths)
        for number, (group, regularizer, strengths, seed) in enumerate(cells)
    ]


def network_count(project: Project) -> int:
    """How many networks `replicas_of` gives, without making them."""
    settings = project.regularizers
    markers = 1 + sum(settings.setting_count(group) for group in settings.groups)
    return markers * len(project.training.seeds)


def chunks(replicas: int, size: int) -> Iterator[slice]:
    """Contiguous slices of at most `size` replicas, as even as can be."""
    count = -(-replicas // size)
    bounds = [round(replicas * part / count) for part in range(count + 1)]
    for start, stop in pairwise(bounds):
        yield slice(start, stop)


def chunk_size(project: Project, layers: list[int]) -> int:
    """How many replicas train together: the project's number, or what fits `CHUNK_BYTES`.

    `layers` are the units of the trained layers, in the order of the data.
    """
    if project.training.chunk != "auto":
        return project.training.chunk
    weights = sum((inputs + 1) * outputs for inputs, outputs in pairwise(layers))
    # Adam keeps a gradient and two moments for each weight. Of a hidden layer there are its sums,
    # its outputs and their gradients; outputs of the last layer are held for a few replicas only.
    values = 4 * weights + 3 * project.training.batch_size * sum(layers[1:-1])
    return max(1, CHUNK_BYTES // (4 * values))


def parts_of(project: Project, count: int) -> list[Collection[int]]:
    """The numbers of the networks of each part, the longest part first.

    The floor is a part of its own, since it is trained on until its error settles. The others are
    cut into `count` parts, if there are so many networks, of networks that follow each other, and
    so share their regularizers.
    """
    replicas = replicas_of(project)
    floor = [replica.number for replica in replicas if replica.group == FLOOR]
    others = [replica.number for replica in replicas if replica.group != FLOOR]
    size = -(-len(others) // count)
    return [floor, *(others[part] for part in chunks(len(others), size))]


def joined(parts: Sequence[TrainedPopulation]) -> TrainedPopulation:
    """The whole of a grid that was trained in parts, of which no two have a network in common.

    The networks come in the order of the grid. `seconds` is the sum over the parts: what it would
    have taken one process.
    """
    numbers = [replica.number for part in parts for replica in part.replicas]
    order = sorted(range(len(numbers)), key=numbers.__getitem__)

    def in_order(values: list) -> list:
        return [values[place] for place in order]

    def measured(arrays: list[np.ndarray]) -> np.ndarray:
        return np.concatenate(arrays)[order]

    return TrainedPopulation(
        replicas=in_order([replica for part in parts for replica in part.replicas]),
        network=take(_side_by_side([part.network for part in parts]), order),
        squared_error=measured([part.squared_error for part in parts]),
        connections=measured([part.connections for part in parts]),
        failures=in_order([failure for part in parts for failure in part.failures]),
        histories=in_order([history for part in parts for history in part.histories]),
        floor_settled=all(part.floor_settled for part in parts),
        seconds=sum(part.seconds for part in parts),
        metrics={
            name: measured([part.metrics[name] for part in parts]) for name in parts[0].metrics
        },
        documents={
            name: in_order([document for part in parts for document in part.documents[name]])
            for name in parts[0].documents
        },
        references={name: value for part in parts for name, value in part.references.items()},
        epochs=max(part.epochs for part in parts),
        fine_tune_epochs=max(part.fine_tune_epochs for part in parts),
        settled=all(part.settled for part in parts),
    )


def _side_by_side(networks: Sequence[nn.Sequential]) -> nn.Sequential:
    """One population of all the replicas of several with the same layers."""
    return nn.Sequential(
        *(
            BatchedLinear(
                torch.cat([layer.weight.detach() for layer in layers]),
                torch.cat([layer.bias.detach() for layer in layers]),
            )
            if isinstance(layers[0], BatchedLinear)
            else layers[0]
            for layers in zip(*(flatten(network) for network in networks), strict=True)
        )
    )
