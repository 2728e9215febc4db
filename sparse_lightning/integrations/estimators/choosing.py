"""Which of the networks of several seeds is kept."""

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor, nn

from sparse_lightning.data.examples import Examples
from sparse_lightning.nn.layers import BatchedLinear, linear_layers, part_of
from sparse_lightning.nn.population import unbounded
from sparse_lightning.project import Project
from sparse_lightning.regularizers.base import Regularizer
from sparse_lightning.regularizers.groups import regularizers_for
from sparse_lightning.regularizers.hidden import HiddenRegularizer
from sparse_lightning.regularizers.hidden_penalties import HiddenKL
from sparse_lightning.regularizers.prune import Magnitude
from sparse_lightning.training import INPUT_ERRORS, TrainedPopulation
from sparse_lightning.training.measuring import outputs

PerReplica = Float[np.ndarray, " replica"]

ROWS_AT_ONCE = 1024
"""The batches over which penalties that are no means over rows are averaged."""


def candidates(project: Project, population: TrainedPopulation, examples: Examples) -> pd.DataFrame:
    """What was measured of each network, one row a seed; the smallest objective is kept.

    Networks that differ in their seeds alone are compared by what they are all trained for,

        objective = mean over rows of Σ_outputs (squared error) + Σ_terms strength · penalty

    taken of the whole network after training; with `cross_entropy` that is the error, and with
    weights of classes each row's error is multiplied by that of its class. The squared
    error alone would prefer the networks that the penalty has reached least.

    The columns: seed, squared_error (mean over rows and outputs), connections, objective and
    failure ("" of sound networks; the measures of others are NaN).
    """
    squared, summed = _errors(project, population, examples)
    objective = summed + _penalties(project, population, examples.inputs)
    counts = population.connections
    if project.task == "pca":  # there it is the mean over the components
        counts = counts * project.network.units[0]
    return pd.DataFrame(
        {
            "seed": [replica.seed for replica in population.replicas],
            "squared_error": squared,
            "connections": counts,
            "objective": np.where(np.isnan(population.squared_error), np.nan, objective),
            "failure": [str(failure or "") for failure in population.failures],
        }
    )


def _errors(
    project: Project, population: TrainedPopulation, examples: Examples
) -> tuple[PerReplica, PerReplica]:
    """The squared error, mean over outputs, and what is minimised, the sum over them."""
    if not project.predicts:
        documents = population.documents[INPUT_ERRORS]
        by_input = np.array([document["squared_error"] for document in documents])
        by_input[np.isnan(population.squared_error)] = np.nan
        return by_input.mean(1), by_input.sum(1)
    squared = population.squared_error
    weights = examples.class_weights
    if project.training.loss == "squared_error" and weights is None:
        return squared, squared * examples.outputs
    found, targets = outputs(population.network, examples.inputs), examples.targets.numpy()
    if project.training.loss == "squared_error":
        by_row = np.square(found - targets).sum(2)
    else:
        by_row = -np.log((found * targets).sum(2).clip(np.finfo(found.dtype).tiny))
    of_rows = 1.0 if weights is None else targets @ weights.numpy()
    if examples.weights is not None:
        return squared, np.average(by_row * of_rows, axis=1, weights=examples.weights.numpy())
    return squared, (by_row * of_rows).mean(1)


def _penalties(
    project: Project, population: TrainedPopulation, rows: Float[Tensor, "row input"]
) -> PerReplica:
    network = population.network
    # What predicts has one layer behind the codes, the others as many as before them.
    codes = len(network) - 2 if project.predicts else len(network) // 2
    encoder = part_of(network, 0, codes)
    penalised = linear_layers(encoder if project.task == "pca" else network)
    total = torch.zeros(len(population.replicas), dtype=torch.float32)
    with torch.no_grad():
        for regularizer in regularizers_for(population.replicas):
            if isinstance(regularizer, Magnitude):
                continue  # it prunes, and penalises nothing
            if isinstance(regularizer, HiddenKL):
                weight, sparsity = (
                    regularizer.strengths["weight"],
                    regularizer.strengths["sparsity"],
                )
                regularizer = HiddenKL(weight, sparsity, squash=unbounded(encoder))
            if isinstance(regularizer, HiddenRegularizer):
                value = _hidden_value(regularizer, encoder, rows)
            else:
                value = torch.stack([regularizer.value(one.weight) for one in penalised]).sum(0)
            total += regularizer.strengths["weight"] * value
    return total.double().numpy()


def _hidden_value(
    regularizer: Regularizer, encoder: nn.Sequential, rows: Float[Tensor, "row input"]
) -> Float[Tensor, " replica"]:
    """The penalty of all hidden layers, mean over batches as training takes it."""
    total = torch.zeros(linear_layers(encoder)[0].replicas, dtype=torch.float32)
    for batch in rows.split(ROWS_AT_ONCE):
        hidden = batch
        for layer in encoder:
            hidden = layer(hidden)
            if not isinstance(layer, BatchedLinear):
                total += regularizer.value(hidden) * (len(batch) / len(rows))
    return total
