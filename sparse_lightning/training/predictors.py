"""Classifiers and regressors: a pre-trained encoder, an output layer, fine-tuning of both."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sparse_lightning.data.examples import Examples
from sparse_lightning.nn.layers import batched_layer, part_of
from sparse_lightning.nn.population import Optimization
from sparse_lightning.nn.predictor import Predictor
from sparse_lightning.project import Project
from sparse_lightning.training import CONFUSION, PREDICTIONS, SWEEP
from sparse_lightning.training.autoencoders import greedy_stages
from sparse_lightning.training.checkpoints import Checkpoints
from sparse_lightning.training.classifier_measures import judge_classes, reference_classifiers
from sparse_lightning.training.grid import TrainedPopulation
from sparse_lightning.training.grid_training import GridTraining, Stage
from sparse_lightning.training.judging import Judge, Method, judge_networks, references
from sparse_lightning.training.measuring import outputs, squared_errors, sweep
from sparse_lightning.training.progress import Progress
from sparse_lightning.training.regressor_measures import (
    judge_numbers,
    predictions_document,
    reference_regressors,
)

Details = Mapping[str, tuple[Examples, np.ndarray]]
"""Rows and what a `Judge` tells of each replica besides its measures, of `training` and
`heldout`."""


@dataclass(frozen=True)
class _Kind:
    """What the networks of a task are judged by.

    `document` makes the content of `file` for the replica of a number.
    """

    judge: Judge
    methods: Callable[[], Mapping[str, Method]]
    file: str
    document: Callable[[Details, int], Any]


def _confusion(details: Details, number: int) -> dict[str, Any]:
    return {
        "classes": list(details["training"][0].classes),
        "rows": "true classes; columns: predicted ones",
        **{part: matrices[number].tolist() for part, (_, matrices) in details.items()},
    }


def _predictions(details: Details, number: int) -> dict[str, Any]:
    part = "heldout" if "heldout" in details else "training"
    rows, predicted = details[part]
    return predictions_document(predicted[number], rows, part)


_KINDS = {
    "classifier": _Kind(judge_classes, reference_classifiers, CONFUSION, _confusion),
    "regressor": _Kind(judge_numbers, reference_regressors, PREDICTIONS, _predictions),
}


def train_predictors(
    project: Project,
    examples: Examples,
    progress: Progress,
    numbers: Collection[int] | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainedPopulation:
    """Train a classifier or regressor of every replica and judge it on training and held-out rows.

    The encoder is pre-trained as a stack of autoencoders, then the output layer is trained on its
    codes, then both are fine-tuned together. Held-out rows are those of `evaluation.holdout`, or,
    with `evaluation.folds`, those of a cross-validation: the networks that are kept are trained on
    all rows, and for each fold others, which are not kept, on the rows outside it.
    """
    kind = _KINDS[project.task]
    folds = examples.folds(project.evaluation.folds, project.evaluation.seed)
    training = examples.training()
    grid, network = _fit(project, training, progress, numbers, checkpoints)
    errors = squared_errors(network, training.inputs, training.targets, len(grid.replicas))
    metrics, detail = judge_networks(kind.judge, network, training, prefix="")
    heldout = examples.held_out()
    details = {"training": (training, detail)}
    if heldout is not None:
        found, detail = judge_networks(kind.judge, network, heldout, prefix="heldout_")
        details["heldout"] = heldout, detail
        metrics |= found
    elif folds:
        predicted = _cross_validate(project, examples, folds, progress, grid, numbers, checkpoints)
        found, detail = kind.judge(predicted, examples, "heldout_")
        details["heldout"] = examples, detail
        metrics |= found
    documents = {
        kind.file: [kind.document(details, number) for number in range(len(grid.replicas))],
        SWEEP: sweep(network, training.inputs, training.targets, training.labels),
    }
    population = grid.result(network, errors.mean(1), metrics, documents)
    if grid.holds_floor:
        population.references = references(kind.methods(), kind.judge, training, heldout, folds)
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
    """The outputs `(replica, row, output)` of networks that were not trained on the row.

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
    ) -> Predictor:
        return Predictor(
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
        everything = f"fine-tuning of the {project.task}"
        grid.train(Stage(everything, rows, number + 1, network, nn.Sequential(), module, tuned))
    return grid, grid.in_grid_order(network)
