"""Classifiers: a pre-trained encoder, an output layer, fine-tuning of both."""

from collections.abc import Collection

import numpy as np
import torch
from torch import Tensor, nn

from sparse_lightning.data.examples import Examples
from sparse_lightning.nn.classifier import Classifier
from sparse_lightning.nn.layers import batched_layer, part_of
from sparse_lightning.nn.population import Optimization
from sparse_lightning.project import Project
from sparse_lightning.training import CONFUSION, SWEEP
from sparse_lightning.training.autoencoders import greedy_stages
from sparse_lightning.training.checkpoints import Checkpoints
from sparse_lightning.training.classifier_measures import (
    classifier_references,
    judge,
    judge_networks,
)
from sparse_lightning.training.grid import TrainedPopulation
from sparse_lightning.training.grid_training import GridTraining, Stage
from sparse_lightning.training.measuring import outputs, squared_errors, sweep
from sparse_lightning.training.progress import Progress


def train_classifiers(
    project: Project,
    examples: Examples,
    progress: Progress,
    numbers: Collection[int] | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainedPopulation:
    """Train a classifier of every replica and judge it on training and on held-out rows.

    The encoder is pre-trained as a stack of autoencoders, then the output layer is trained on its
    codes, then both are fine-tuned together. Held-out rows are those of `evaluation.holdout`, or,
    with `evaluation.folds`, those of a cross-validation: the networks that are kept are trained on
    all rows, and for each fold others, which are not kept, on the rows outside it.
    """
    folds = examples.folds(project.evaluation.folds, project.evaluation.seed)
    training = examples.training()
    grid, network = _fit(project, training, progress, numbers, checkpoints)
    errors = squared_errors(network, training.inputs, training.targets, len(grid.replicas))
    metrics, confusion = judge_networks(network, training, prefix="")
    heldout = examples.held_out()
    confusions = {"training": confusion}
    if heldout is not None:
        metrics_heldout, confusions["heldout"] = judge_networks(network, heldout, prefix="heldout_")
        metrics |= metrics_heldout
    elif folds:
        predicted = _cross_validate(project, examples, folds, progress, grid, numbers, checkpoints)
        metrics_heldout, confusions["heldout"] = judge(predicted, examples, prefix="heldout_")
        metrics |= metrics_heldout
    documents = {
        CONFUSION: [
            {
                "classes": list(examples.classes),
                "rows": "true classes; columns: predicted ones",
                **{part: matrices[number].tolist() for part, matrices in confusions.items()},
            }
            for number in range(len(grid.replicas))
        ],
        SWEEP: sweep(network, training.inputs, training.targets, training.labels),
    }
    population = grid.result(network, errors.mean(1), metrics, documents)
    if grid.holds_floor:
        population.references = classifier_references(training, heldout, folds)
    return population


def _cross_validate(
    project: Project,
    examples: Examples,
    folds: list[Examples],
    progress: Progress,
    grid: GridTraining,
    numbers: Collection[int] | None,
    checkpoints: Checkpoints | None,
) -> np.ndarray:
    """The outputs `(replica, row, class)` of networks that were not trained on the row.

    A network that fails in one of the folds has failed as a whole: it has outputs for some rows
    only, and no measure of its own.
    """
    predicted: np.ndarray | None = None
    for number, fold in enumerate(folds, start=1):
        title = f"fold {number} of {len(folds)}, "
        trained, network = _fit(project, fold.training(), progress, numbers, checkpoints, title)
        grid.fail_with(trained)
        heldout = fold.heldout
        assert heldout is not None
        part = outputs(network, examples.inputs[heldout])
        if predicted is None:
            predicted = np.zeros((len(part), len(examples.inputs), part.shape[2]), part.dtype)
        predicted[:, heldout.numpy()] = part
    assert predicted is not None
    return predicted


def _fit(
    project: Project,
    examples: Examples,
    progress: Progress,
    numbers: Collection[int] | None,
    checkpoints: Checkpoints | None,
    title: str = "",
) -> tuple[GridTraining, nn.Sequential]:
    rows = torch.cat([examples.inputs, examples.targets], 1)
    grid = GridTraining(project, progress, title, numbers, checkpoints)
    *_, (encoder, _) = greedy_stages(grid, examples.inputs, settle=False)
    number = len(project.network.units)
    output = batched_layer(
        project.network.units[-1],
        examples.outputs,
        project.output_activation,
        grid.seeds,
        layer=2 * number,
    )

    def module(
        trained: nn.Sequential, below: nn.Sequential, optimization: Optimization, rates: Tensor
    ) -> Classifier:
        return Classifier(
            part_of(trained, 0, -2),
            part_of(trained, -2),
            below,
            optimization,
            rates,
            project.training.loss,
            examples.class_weights,
        )

    tuned = project.training.fine_tune_epochs
    epochs = project.training.epochs
    grid.train(Stage("output layer", rows, number, output, encoder, module, epochs, not tuned))
    network = nn.Sequential(*encoder, *output)
    if tuned:
        everything = "fine-tuning of the classifier"
        grid.train(Stage(everything, rows, number + 1, network, nn.Sequential(), module, tuned))
    return grid, grid.in_grid_order(network)
