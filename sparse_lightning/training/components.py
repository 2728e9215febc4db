"""Sparse principal components of every replica, measured beside exact PCA and SparsePCA."""

from collections.abc import Collection
from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn

from sparse_lightning.data.examples import Examples
from sparse_lightning.nn.components import (
    by_contribution,
    contribution_ratios,
    covariance_of,
    exact_components,
    mean_loadings,
    span_decoder,
    sparse_pca,
    unit_loadings,
)
from sparse_lightning.nn.layers import BatchedLinear, linear_layers
from sparse_lightning.nn.moments import evenly, mean_of
from sparse_lightning.nn.population import Optimization
from sparse_lightning.nn.principal_components import PrincipalComponents
from sparse_lightning.project import Project
from sparse_lightning.training import INPUT_ERRORS
from sparse_lightning.training.checkpoints import Checkpoints
from sparse_lightning.training.classifier_measures import MOST_REFERENCE_ROWS
from sparse_lightning.training.grid import TrainedPopulation
from sparse_lightning.training.grid_training import GridTraining, Stage
from sparse_lightning.training.measuring import input_errors, squared_errors
from sparse_lightning.training.progress import Progress

ALPHAS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""The strengths of scikit-learn's SparsePCA that are measured beside the replicas."""

Loadings = Float[Tensor, "replica input component"]


def train_components(
    project: Project,
    examples: Examples,
    progress: Progress,
    numbers: Collection[int] | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainedPopulation:
    """Train the loadings of every replica and measure the first n components for every n.

    x is the mean number of loadings of a component, y one minus the cumulative contribution ratio
    of all of them; `contribution_n` and `loadings_n` are those of the first n. The network that is
    kept has two linear layers, the loadings and the best way back from the scores: for a
    standardised table its mean squared error is y.
    """
    rows = examples.inputs
    mean = mean_of(rows).float()
    covariance = covariance_of(rows)
    components = project.network.units[0]
    grid = GridTraining(project, progress, numbers=numbers, checkpoints=checkpoints)
    centred = rows - mean
    stage = _stage(grid, centred, covariance)
    grid.train(stage)
    (layer,) = linear_layers(grid.in_grid_order(stage.layers))
    loadings, measures = _measured(layer.weight.detach(), covariance, project)
    network = two_layers(loadings, mean)
    errors = squared_errors(network, rows, rows, len(loadings))
    population = grid.result(
        network,
        1 - measures[f"contribution_{components}"],
        measures,
        {INPUT_ERRORS: input_errors(rows, errors)},
        counts=measures[f"loadings_{components}"],
    )
    if grid.holds_floor:
        population.references = _references(project, centred, covariance)
    return population


def _stage(grid: GridTraining, rows: Tensor, covariance: Tensor) -> Stage:
    project = grid.project
    network, epochs = project.network, project.training.epochs
    settings: dict[str, Any] = {"decoder": network.decoder, "nesting": network.nesting}
    start = PrincipalComponents.initialise(
        covariance, network.units[0], grid.seeds, Optimization(), **settings
    )

    def module(
        trained: nn.Sequential, _: nn.Sequential, optimization: Optimization, rates: Tensor
    ) -> PrincipalComponents:
        (layer,) = linear_layers(trained)
        principal = PrincipalComponents(
            layer.weight.detach(), covariance, optimization, rates, **settings
        )
        layer.bias.requires_grad_(False)
        principal.encoder = trained  # the stage's own layers are those that are trained
        return principal

    return Stage("components", rows, 0, start.encoder, nn.Sequential(), module, epochs)


def _measured(
    loadings: Loadings, covariance: Tensor, project: Project
) -> tuple[Loadings, dict[str, np.ndarray]]:
    """The components at unit length and in order, and what the first n of them are worth."""
    threshold = project.report.connection_threshold
    ordered = by_contribution(unit_loadings(loadings.nan_to_num(), threshold), covariance)
    ratios = contribution_ratios(ordered, covariance).double().numpy()
    counts = mean_loadings(ordered, threshold).numpy()
    return ordered, {
        f"{name}_{n}": values[:, n - 1]
        for name, values in (("contribution", ratios), ("loadings", counts))
        for n in range(1, ordered.shape[2] + 1)
    }


def two_layers(loadings: Loadings, mean: Float[Tensor, " input"]) -> nn.Sequential:
    """From inputs to centred scores and back."""
    replicas = len(loadings)
    back = mean.expand(replicas, 1, -1).clone()
    return nn.Sequential(
        BatchedLinear(loadings, -(back @ loadings)),
        nn.Identity(),
        BatchedLinear(span_decoder(loadings), back),
        nn.Identity(),
    )


def _references(project: Project, rows: Tensor, covariance: Tensor) -> dict[str, float]:
    components = project.network.units[0]
    exact = exact_components(covariance, components)
    _, measures = _measured(exact, covariance, project)
    references = {f"pca_{name}": float(values[0]) for name, values in measures.items()}
    sparse = sparse_pca(rows[evenly(len(rows), MOST_REFERENCE_ROWS)], components, ALPHAS)
    _, measures = _measured(sparse, covariance, project)
    return references | {
        f"sparse_pca_{alpha:g}_{name}": float(values[place])
        for place, alpha in enumerate(ALPHAS)
        for name, values in measures.items()
    }
