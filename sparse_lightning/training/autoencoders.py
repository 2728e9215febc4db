"""Stacks of autoencoders: greedy stages, then fine-tuning of the whole."""

from collections.abc import Collection, Iterator
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from sparse_lightning.data.examples import Examples
from sparse_lightning.nn.autoencoder import Autoencoder
from sparse_lightning.nn.layers import batched_layer, connections, linear_layers, part_of
from sparse_lightning.nn.population import Optimization
from sparse_lightning.project import Project
from sparse_lightning.training import INPUT_ERRORS, SWEEP
from sparse_lightning.training.checkpoints import Checkpoints
from sparse_lightning.training.grid import TrainedPopulation
from sparse_lightning.training.grid_training import GridTraining, Stage
from sparse_lightning.training.judging import (
    Measures,
    before_refit,
    explained,
    judged_parts,
    squared_error_over_folds,
)
from sparse_lightning.training.measuring import input_errors, squared_errors, sweep
from sparse_lightning.training.progress import Progress


def train_autoencoders(
    project: Project,
    examples: Examples,
    progress: Progress,
    numbers: Collection[int] | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainedPopulation:
    """Train a stack of autoencoders of every replica, stage by stage, then as a whole.

    Every depth is measured: `squared_error_3_layers`, `connections_3_layers` and so on are those of
    the stack after the first stage, the second, … Fine-tuning, where the project asks for it,
    trains the whole stack on; the measures before it are those of the greatest depth.

    Measures of rows that the networks were not trained on, `validation_squared_error`,
    `test_explained` and so on, come beside; those of a cross-validation begin with `heldout_`.
    """
    metrics: Measures = {}

    def fit(
        part: Examples, title: str, measured: bool = False
    ) -> tuple[GridTraining, nn.Sequential]:
        grid = GridTraining(project, part, progress, title, numbers, checkpoints)
        network = encoder = nn.Sequential()
        for encoder, decoder in greedy_stages(grid, part.inputs, settle=True):
            network = nn.Sequential(*encoder, *decoder)
            if measured and (len(project.network.units) > 1 or project.training.fine_tune_epochs):
                metrics.update(_depth_metrics(grid, examples, network))
        tuning = _fine_tuning(grid, part.inputs, network, len(encoder))
        if project.training.fine_tune_epochs:
            grid.train(tuning)
        return grid, grid.refitted(network, tuning)

    evaluation = project.evaluation
    folds = examples.folds(evaluation.folds, evaluation.seed, project.table.scale)
    training = examples.training()
    rows, weights = training.inputs, training.weights
    grid, network = fit(training, "", measured=True)
    errors = squared_errors(network, rows, rows, len(grid.replicas), weights)

    def judge(part: Examples, prefix: str) -> Measures:
        error, null = rebuilding_errors(network, part, training)
        return {
            f"{prefix}squared_error": error,
            f"{prefix}explained": explained(error, null),
        }

    metrics |= judged_parts(examples, judge)
    if grid.unrefitted is not None:
        metrics |= before_refit(grid.unrefitted, examples)
    if folds:
        metrics |= squared_error_over_folds(folds, grid, fit, rebuilding_errors)
    documents = {
        INPUT_ERRORS: input_errors(rows, errors, weights),
        SWEEP: sweep(network, rows, rows, weights=weights),
    }
    return grid.result(network, errors.mean(1), metrics, documents)


def rebuilding_errors(
    network: nn.Sequential, rows: Examples, training: Examples
) -> tuple[np.ndarray, float]:
    """The mean squared error of networks that rebuild rows, and that without weights, which
    rebuilds the means of the training rows.
    """
    replicas = linear_layers(network)[0].replicas
    errors = squared_errors(network, rows.inputs, rows.inputs, replicas, rows.weights).mean(1)
    return errors, training.null_error_on(rows)


def greedy_stages(
    grid: GridTraining, rows: Float[Tensor, "row unit"], settle: bool
) -> Iterator[tuple[nn.Sequential, nn.Sequential]]:
    """Train one autoencoder after the other, each on the codes of those before.

    With `settle` the floor's networks are trained on in every stage. After each stage it yields
    the layers from the inputs to the innermost codes, and those back.
    """
    project = grid.project
    encoder, decoder = nn.Sequential(), nn.Sequential()
    activation = project.network.activation
    widths = [rows.shape[1], *project.network.units]
    for number, (inputs, units) in enumerate(pairwise(widths)):
        # Later stages reconstruct codes, whose range is that of the hidden activation.
        output = project.reconstruction_activation if number == 0 else activation
        layers = nn.Sequential(
            *batched_layer(inputs, units, activation, grid.seeds, layer=2 * number),
            *batched_layer(units, inputs, output, grid.seeds, layer=2 * number + 1),
        )
        stage = Stage(
            title=f"stage {number + 1} of {len(project.network.units)}",
            rows=rows,
            number=number,
            layers=layers,
            below=nn.Sequential(*encoder),
            module=lambda trained, below, optimization, rates: _autoencoder(
                trained, below, optimization, rates, split=2
            ),
            epochs=grid.epochs_of(project.training.epochs),
            settle=settle,
        )
        grid.train(stage)
        encoder = nn.Sequential(*encoder, *part_of(layers, 0, 2))
        decoder = nn.Sequential(*part_of(layers, 2), *decoder)
        yield encoder, decoder


def _fine_tuning(
    grid: GridTraining, rows: Float[Tensor, "row unit"], network: nn.Sequential, encoding: int
) -> Stage:
    return Stage(
        title="fine-tuning of the whole stack",
        rows=rows,
        number=len(grid.project.network.units),
        layers=network,
        below=nn.Sequential(),
        module=lambda trained, below, optimization, rates: _autoencoder(
            trained, below, optimization, rates, split=encoding
        ),
        epochs=grid.epochs_of(grid.project.training.fine_tune_epochs),
        tuning=True,
    )


def _autoencoder(
    layers: nn.Sequential,
    below: nn.Sequential,
    optimization: Optimization,
    rates: Tensor,
    split: int,
) -> Autoencoder:
    return Autoencoder(
        part_of(layers, 0, split), part_of(layers, split), below, optimization, rates
    )


def _depth_metrics(grid: GridTraining, examples: Examples, network: nn.Sequential) -> Measures:
    ordered = grid.in_grid_order(network)
    depth = f"{len(ordered) // 2 + 1}_layers"
    with torch.no_grad():
        count = connections(ordered, grid.project.report.connection_threshold)

    def judge(part: Examples, prefix: str) -> Measures:
        rows = part.inputs
        errors = squared_errors(ordered, rows, rows, len(grid.replicas), part.weights).mean(1)
        return {f"{prefix}squared_error_{depth}": errors}

    return {
        **judge(examples.training(), ""),
        f"connections_{depth}": count.double().numpy(),
        **judged_parts(examples, judge),
    }
