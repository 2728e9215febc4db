"""Sparse principal components of every replica, measured beside exact PCA and SparsePCA."""

from collections.abc import Collection
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from sparse_lightning.data.examples import Examples
from sparse_lightning.nn.components import (
    Covariance,
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
from sparse_lightning.training.judging import (
    Fit,
    Measures,
    judged_parts,
    squared_error_over_folds,
)
from sparse_lightning.training.measuring import input_errors, squared_errors
from sparse_lightning.training.progress import Progress
from sparse_lightning.training.resampling import sampled_weights

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
    standardised table its mean squared error is y. The same measures of rows that the components
    were not found in begin with `validation_`, `test_` or, of a cross-validation, `heldout_`.
    """
    components = project.network.units[0]

    def fit(part: Examples, title: str) -> tuple[GridTraining, nn.Sequential]:
        mean = mean_of(part.inputs, part.weights).float()
        covariance = covariance_of(part.inputs, part.weights)
        grid = GridTraining(project, part, progress, title, numbers, checkpoints)
        stage = _stage(grid, part, mean, covariance)
        grid.train(stage)
        (layer,) = linear_layers(grid.refitted(stage.layers, stage))
        loadings, _ = _measured(layer.weight.detach(), covariance, project)
        return grid, two_layers(loadings, mean)

    evaluation = project.evaluation
    folds = examples.folds(evaluation.folds, evaluation.seed, project.table.scale)
    training = examples.training()
    rows = training.inputs
    grid, network = fit(training, "")
    covariance = covariance_of(rows, training.weights)
    loadings = linear_layers(network)[0].weight.detach()
    measures = _measures_of(loadings, covariance, project)
    measures |= judged_parts(
        examples, lambda part, prefix: _measures_on(loadings, part, training, prefix)
    )
    if grid.unrefitted is not None:
        (layer,) = linear_layers(grid.unrefitted)
        before, _ = _measured(layer.weight.detach(), covariance, project)
        measures |= _before_refit(before, covariance, examples)
    if folds:
        measures |= _measures_over_folds(folds, grid, fit)
    errors = squared_errors(network, rows, rows, len(loadings), training.weights)
    population = grid.result(
        network,
        1 - measures[f"contribution_{components}"],
        measures,
        {INPUT_ERRORS: input_errors(rows, errors, training.weights)},
        counts=measures[f"loadings_{components}"],
    )
    if grid.holds_floor:
        population.references = _references(project, examples, covariance)
    return population


def _stage(grid: GridTraining, part: Examples, mean: Tensor, covariance: Tensor) -> Stage:
    project = grid.project
    network, epochs = project.network, grid.epochs_of(project.training.epochs)
    sampled = None
    if grid.samples:
        samples = sampled_weights(part, grid.samples).unbind(1)
        sampled = torch.stack([covariance_of(part.inputs, weights) for weights in samples])
    settings: dict[str, Any] = {"decoder": network.decoder, "nesting": network.nesting}
    start = PrincipalComponents.initialise(
        covariance, network.units[0], grid.seeds, Optimization(), **settings
    )

    def module(
        trained: nn.Sequential, _: nn.Sequential, optimization: Optimization, rates: Tensor
    ) -> PrincipalComponents:
        (layer,) = linear_layers(trained)
        principal = PrincipalComponents(
            layer.weight.detach(), covariance, optimization, rates, **settings, sampled=sampled
        )
        layer.bias.requires_grad_(False)
        principal.encoder = trained  # the stage's own layers are those that are trained
        return principal

    rows = part.inputs - mean
    return Stage("components", rows, 0, start.encoder, nn.Sequential(), module, epochs)


def _measured(
    loadings: Loadings, covariance: Tensor, project: Project
) -> tuple[Loadings, dict[str, np.ndarray]]:
    """The components at unit length and in order, and what the first n of them are worth."""
    threshold = project.report.connection_threshold
    ordered = by_contribution(unit_loadings(loadings.nan_to_num(), threshold), covariance)
    return ordered, _measures_of(ordered, covariance, project)


def _measures_of(ordered: Loadings, covariance: Covariance, project: Project) -> Measures:
    ratios = contribution_ratios(ordered, covariance).double().numpy()
    counts = mean_loadings(ordered, project.report.connection_threshold).numpy()
    return _by_number("contribution", ratios) | _by_number("loadings", counts)


def _before_refit(ordered: Loadings, covariance: Covariance, examples: Examples) -> Measures:
    name = "squared_error_before_refit"
    training = examples.training()

    def judge(part: Examples, prefix: str) -> Measures:
        error = _measures_on(ordered, part, training, prefix)[f"{prefix}squared_error"]
        return {f"{prefix}{name}": error}

    ratios = contribution_ratios(ordered, covariance).double().numpy()
    return {name: 1 - ratios[:, -1], **judged_parts(examples, judge)}


def _by_number(name: str, values: np.ndarray) -> Measures:
    return {f"{name}_{n}": values[:, n - 1] for n in range(1, values.shape[1] + 1)}


def _measures_on(ordered: Loadings, part: Examples, training: Examples, prefix: str) -> Measures:
    """What components explain of other rows, whose variance is taken about the training means."""
    ratios = contribution_ratios(ordered, _scatter(part, training)).double().numpy()
    return {
        f"{prefix}squared_error": 1 - ratios[:, -1],
        f"{prefix}explained": ratios[:, -1],
        **_by_number(f"{prefix}contribution", ratios),
    }


def _scatter(part: Examples, training: Examples) -> Covariance:
    centred = part.inputs.double() - mean_of(training.inputs, training.weights)
    counted = centred if part.weights is None else centred * part.weights[:, None]
    return (counted.T @ centred / part.row_count).to(part.inputs.dtype)


def _measures_over_folds(folds: list[Examples], grid: GridTraining, fit: Fit) -> Measures:
    def errors(
        network: nn.Sequential, rows: Examples, training: Examples
    ) -> tuple[np.ndarray, float]:
        scatter = _scatter(rows, training)
        ordered, variance = linear_layers(network)[0].weight.detach(), float(scatter.trace())
        ratio = contribution_ratios(ordered, scatter)[:, -1].double().numpy()
        return variance * (1 - ratio), variance

    measures = squared_error_over_folds(folds, grid, fit, errors)
    # As of all rows: a share of the variance.
    return {**measures, "heldout_squared_error": 1 - measures["heldout_explained"]}


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


def _references(project: Project, examples: Examples, covariance: Tensor) -> dict[str, float]:
    components = project.network.units[0]
    training = examples.training()
    rows = training.inputs - mean_of(training.inputs, training.weights).float()
    if training.weights is not None:  # its squared error is a sum over rows
        rows = rows * (training.weights / training.weights.mean()).sqrt()[:, None]

    def measured(loadings: Loadings) -> Measures:
        ordered, measures = _measured(loadings, covariance, project)
        return measures | judged_parts(
            examples, lambda part, prefix: _measures_on(ordered, part, training, prefix)
        )

    measures = measured(exact_components(covariance, components))
    references = {f"pca_{name}": float(values[0]) for name, values in measures.items()}
    sparse = sparse_pca(rows[evenly(len(rows), MOST_REFERENCE_ROWS)], components, ALPHAS)
    measures = measured(sparse)
    return references | {
        f"sparse_pca_{alpha:g}_{name}": float(values[place])
        for place, alpha in enumerate(ALPHAS)
        for name, values in measures.items()
    }
