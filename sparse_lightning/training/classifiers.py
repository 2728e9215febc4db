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
from sparse_lightning.training.judging import Fit, Measures, fold_networks, judged_parts
from sparse_lightning.training.measuring import outputs, squared_errors, sweep
from sparse_lightning.training.progress import Progress


def train_classifiers(
    project: Project,
    examples: Examples,
    progress: Progress,
    numbers: Collection[int] | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainedPopulation:
    """Train a classifier of every replica and judge it on training rows and on others.

    The encoder is pre-trained as a stack of autoencoders, then the output layer is trained on its
    codes, then both are fine-tuned together. Measures of validation and test rows begin with
    `validation_` and `test_`, others with `heldout_`: those of `evaluation.holdout`, or, with
    `evaluation.folds`, of a cross-validation: the networks that are kept are trained on all rows,
    and for each fold others, which are not kept, on the rows outside it.
    """

    def fit(part: Examples, title: str) -> tuple[GridTraining, nn.Sequential]:
        return _fit(project, part, progress, numbers, checkpoints, title)

    evaluation = project.evaluation
    folds = examples.folds(evaluation.folds, evaluation.seed, project.table.scale)
    training = examples.training()
    grid, network = fit(training, "")
    weights = training.weights
    errors = squared_errors(network, training.inputs, training.targets, len(grid.replicas), weights)
    metrics, confusion = judge_networks(network, training, prefix="")
    heldout = examples.held_out()
    confusions = {"training": confusion}
    if heldout is not None:
        metrics_heldout, confusions["heldout"] = judge_networks(network, heldout, prefix="heldout_")
        metrics |= metrics_heldout
    elif folds:
        predicted = _predicted_in_folds(folds, grid, fit)
        metrics_heldout, confusions["heldout"] = judge(predicted, examples, prefix="heldout_")
        metrics |= metrics_heldout

    def judge_part(rows: Examples, prefix: str) -> Measures:
        measures, confusions[prefix.removesuffix("_")] = judge_networks(network, rows, prefix)
        return measures

    metrics |= judged_parts(examples, judge_part)
    documents = {
        CONFUSION: [
            {
                "classes": list(examples.classes),
                "rows": "true classes; columns: predicted ones",
                **{part: matrices[number].tolist() for part, matrices in confusions.items()},
            }
            for number in range(len(grid.replicas))
        ],
        SWEEP: sweep(network, training.inputs, training.targets, training.labels, weights),
    }
    population = grid.result(network, errors.mean(1), metrics, documents)
    if grid.holds_floor:
        population.references = classifier_references(examples, folds)
    return population


def _predicted_in_folds(folds: list[Examples], grid: GridTraining, fit: Fit) -> np.ndarray:
    """The outputs `(replica, row, class)` of networks that were not trained on the row."""
    predicted: np.ndarray | None = None
    for fold, network in fold_networks(folds, grid, fit):
        heldout = fold.heldout
        assert heldout is not None
        part = outputs(network, fold.inputs[heldout])
        if predicted is None:
            predicted = np.zeros((len(part), len(fold.inputs), part.shape[2]), part.dtype)
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
    grid = GridTraining(project, progress, title, numbers, checkpoints, examples.weights)
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
