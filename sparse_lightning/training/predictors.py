"""Classifiers and regressors: a pre-trained encoder, an output layer, fine-tuning of both."""

from collections.abc import Callable, Collection, Iterator, Mapping
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
from sparse_lightning.training.judging import (
    Fit,
    Judge,
    Measures,
    Method,
    Outputs,
    before_refit,
    fold_networks,
    judge_networks,
    judged_parts,
    outputs_of_folds,
    references,
)
from sparse_lightning.training.measuring import outputs, squared_errors, sweep
from sparse_lightning.training.progress import Progress
from sparse_lightning.training.regressor_measures import (
    judge_numbers,
    predictions_document,
    reference_regressors,
)

Details = Mapping[str, tuple[Examples, np.ndarray]]
"""Rows and what a `Judge` tells of each replica besides its measures: of `training`, `heldout`,
`validation` and `test`."""

TOLD = ("heldout", "test", "validation", "training")
"""The rows whose predictions are told are the first of these that there are."""


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
    part = next(part for part in TOLD if part in details)
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
    """Train a classifier or regressor of every replica, and judge it on training rows and others.

    The encoder is pre-trained as a stack of autoencoders, then the output layer is trained on its
    codes, then both are fine-tuned together. Measures of validation and test rows begin with
    `validation_` and `test_`, others with `heldout_`: those of `evaluation.holdout`, or, with
    `evaluation.folds`, of a cross-validation: the networks that are kept are trained on all rows,
    and for each fold others, which are not kept, on the rows outside it.
    """
    kind = _KINDS[project.task]

    def fit(part: Examples, title: str) -> tuple[GridTraining, nn.Sequential]:
        return _fit(project, part, progress, numbers, checkpoints, title)

    evaluation = project.evaluation
    folds = examples.folds(evaluation.folds, evaluation.seed, project.table.scale)
    training = examples.training()
    grid, network = fit(training, "")
    weights = training.weights
    errors = squared_errors(network, training.inputs, training.targets, len(grid.replicas), weights)
    metrics, detail = judge_networks(kind.judge, network, training, prefix="")
    heldout = examples.held_out()
    details = {"training": (training, detail)}
    if heldout is not None:
        found, detail = judge_networks(kind.judge, network, heldout, prefix="heldout_")
        details["heldout"] = heldout, detail
        metrics |= found
    elif folds:
        predicted = outputs_of_folds(examples, _held_out_outputs(folds, grid, fit))
        found, detail = kind.judge(predicted, examples, "heldout_")
        details["heldout"] = examples, detail
        metrics |= found

    def judge_part(rows: Examples, prefix: str) -> Measures:
        measures, detail = judge_networks(kind.judge, network, rows, prefix)
        details[prefix.removesuffix("_")] = rows, detail
        return measures

    metrics |= judged_parts(examples, judge_part)
    if grid.unrefitted is not None:
        metrics |= before_refit(grid.unrefitted, examples)
    documents = {
        kind.file: [kind.document(details, number) for number in range(len(grid.replicas))],
        SWEEP: sweep(network, training.inputs, training.targets, training.labels, weights),
    }
    population = grid.result(network, errors.mean(1), metrics, documents)
    if grid.holds_floor:
        population.references = references(kind.methods(), kind.judge, examples, folds)
    return population


def _held_out_outputs(
    folds: list[Examples], grid: GridTraining, fit: Fit
) -> Iterator[tuple[Examples, Outputs]]:
    for fold, network in fold_networks(folds, grid, fit):
        assert fold.heldout is not None
        yield fold, outputs(network, fold.inputs[fold.heldout])


def _fit(
    project: Project,
    examples: Examples,
    progress: Progress,
    numbers: Collection[int] | None,
    checkpoints: Checkpoints | None,
    title: str = "",
) -> tuple[GridTraining, nn.Sequential]:
    rows = torch.cat([examples.inputs, examples.targets], 1)
    grid = GridTraining(project, examples, progress, title, numbers, checkpoints)
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

    tuned = grid.epochs_of(project.training.fine_tune_epochs)
    epochs = grid.epochs_of(project.training.epochs)
    grid.train(Stage("output layer", rows, number, output, encoder, module, epochs, not tuned))
    network = nn.Sequential(*encoder, *output)
    everything = f"fine-tuning of the {project.task}"
    tuning = Stage(
        everything, rows, number + 1, network, nn.Sequential(), module, tuned, tuning=True
    )
    if tuned:
        grid.train(tuning)
    return grid, grid.refitted(network, tuning)
