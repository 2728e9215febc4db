"""Stacks of autoencoders: greedy stages, then fine-tuning of the whole."""

from collections.abc import Collection, Iterator
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from sparse_lightning.nn.autoencoder import Autoencoder
from sparse_lightning.nn.layers import batched_layer, connections, part_of
from sparse_lightning.nn.population import Optimization
from sparse_lightning.project import Project
from sparse_lightning.training import INPUT_ERRORS, SWEEP
from sparse_lightning.training.checkpoints import Checkpoints
from sparse_lightning.training.grid import TrainedPopulation
from sparse_lightning.training.grid_training import GridTraining, Stage
from sparse_lightning.training.measuring import input_errors, squared_errors, sweep
from sparse_lightning.training.progress import Progress


def train_autoencoders(
    project: Project,
    rows: Float[Tensor, "row unit"],
    progress: Progress,
    numbers: Collection[int] | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainedPopulation:
    """Train a stack of autoencoders of every replica, stage by stage, then as a whole.

    Every depth is measured: `squared_error_3_layers`, `connections_3_layers` and so on are those of
    the stack after the first stage, the second, … Fine-tuning, where the project asks for it,
    trains the whole stack on; the measures before it are those of the greatest depth.
    """
    grid = GridTraining(project, progress, numbers=numbers, checkpoints=checkpoints)
    metrics: dict[str, np.ndarray] = {}
    network = encoder = nn.Sequential()
    for encoder, decoder in greedy_stages(grid, rows, settle=True):
        network = nn.Sequential(*encoder, *decoder)
        if len(project.network.units) > 1 or project.training.fine_tune_epochs:
            metrics |= _depth_metrics(grid, rows, network)
    if project.training.fine_tune_epochs:
        grid.train(_fine_tuning(project, rows, network, len(encoder)))
    network = grid.in_grid_order(network)
    errors = squared_errors(network, rows, rows, len(grid.replicas))
    documents = {INPUT_ERRORS: input_errors(rows, errors), SWEEP: sweep(network, rows, rows)}
    return grid.result(network, errors.mean(1), metrics, documents)


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
            epochs=project.training.epochs,
            settle=settle,
        )
        grid.train(stage)
        encoder = nn.Sequential(*encoder, *part_of(layers, 0, 2))
        decoder = nn.Sequential(*part_of(layers, 2), *decoder)
        yield encoder, decoder


def _fine_tuning(
    project: Project, rows: Float[Tensor, "row unit"], network: nn.Sequential, encoding: int
) -> Stage:
    return Stage(
        title="fine-tuning of the whole stack",
        rows=rows,
        number=len(project.network.units),
        layers=network,
        below=nn.Sequential(),
        module=lambda trained, below, optimization, rates: _autoencoder(
            trained, below, optimization, rates, split=encoding
        ),
        epochs=project.training.fine_tune_epochs,
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


def _depth_metrics(
    grid: GridTraining, rows: Float[Tensor, "row unit"], network: nn.Sequential
) -> dict[str, np.ndarray]:
    ordered = grid.in_grid_order(network)
    depth = f"{len(ordered) // 2 + 1}_layers"
    with torch.no_grad():
        count = connections(ordered, grid.project.report.connection_threshold)
    return {
        f"squared_error_{depth}": squared_errors(ordered, rows, rows, len(grid.replicas)).mean(1),
        f"connections_{depth}": count.double().numpy(),
    }
