"""Classifiers: a pre-trained encoder, an output layer, fine-tuning of both."""

from collections.abc import Collection

import numpy as np
import torch
from torch import Tensor, nn

from sparse_lightning.data.examples import Examples
from sparse_lightning.modules.classifier import Classifier
from sparse_lightning.modules.population import Optimization
from sparse_lightning.population import batched_layer, linear_layers, part_of, take
from sparse_lightning.project import Project
from sparse_lightning.training.documents import CONFUSION, SWEEP
from sparse_lightning.training.grid import chunks
from sparse_lightning.training.grid_training import GridTraining, Stage
from sparse_lightning.training.judging import judge
from sparse_lightning.training.measuring import outputs, squared_errors
from sparse_lightning.training.progress import Progress
from sparse_lightning.training.references import classifier_references
from sparse_lightning.training.result import TrainedPopulation
from sparse_lightning.training.stacked import greedy_stages
from sparse_lightning.training.sweeping import sweep

MOST_OUTPUTS = 2**26
"""So many outputs of networks are held at once when they are judged."""


def train_classifiers(
    project: Project,
    examples: Examples,
    progress: Progress,
    numbers: Collection[int] | None = None,
) -> TrainedPopulation:
    """Train a classifier of every replica and judge it on training and on held-out rows.

    The encoder is pre-trained as a stack of autoencoders, then the output layer is trained on its
    codes, then both are fine-tuned together. Held-out rows are those of `evaluation.holdout`, or,
    with `evaluation.folds`, those of a cross-validation: the networks that are kept are trained on
    all rows, and for each fold others, which are not kept, on the rows outside it.

    Args:
        project: what to train.
        examples: the encoded table with its classes.
        progress: told of every epoch.
        numbers: of the networks of the grid that are trained; default: all.
    """
    folds = examples.folds(project.evaluation.folds, project.evaluation.seed)
    training = examples.training()
    grid, network = _fit(project, training, progress, numbers)
    errors = squared_errors(network, training.inputs, training.targets, len(grid.replicas))
    metrics, confusion = _judged(network, training, prefix="")
    heldout = examples.held_out()
    confusions = {"training": confusion}
    if heldout is not None:
        metrics_heldout, confusions["heldout"] = _judged(network, heldout, prefix="heldout_")
        metrics |= metrics_heldout
    elif folds:
        predicted = _cross_validate(project, examples, folds, progress, numbers)
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


def _judged(
    network: nn.Sequential, rows: Examples, prefix: str
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """`judge` of every replica, as many at a time as `MOST_OUTPUTS` lets."""
    replicas = len(linear_layers(network)[0].weight)
    size = max(1, MOST_OUTPUTS // (len(rows.inputs) * len(rows.classes)))
    judged = [
        judge(outputs(take(network, part), rows.inputs), rows, prefix)
        for part in chunks(replicas, size)
    ]
    metrics = {
        name: np.concatenate([measures[name] for measures, _ in judged]) for name in judged[0][0]
    }
    return metrics, np.concatenate([confusion for _, confusion in judged])


def _cross_validate(
    project: Project,
    examples: Examples,
    folds: list[Examples],
    progress: Progress,
    numbers: Collection[int] | None,
) -> np.ndarray:
    """The outputs `(replica, row, class)` of networks that were not trained on the row."""
    predicted: np.ndarray | None = None
    for number, fold in enumerate(folds, start=1):
        _, network = _fit(
            project, fold.training(), progress, numbers, f"fold {number} of {len(folds)}, "
        )
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
    title: str = "",
) -> tuple[GridTraining, nn.Sequential]:
    rows = torch.cat([examples.inputs, examples.targets], 1)
    grid = GridTraining(project, progress, title, numbers)
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
        )

    tuned = project.training.fine_tune_epochs
    epochs = project.training.epochs
    grid.train(Stage("output layer", rows, number, output, encoder, module, epochs, not tuned))
    network = nn.Sequential(*encoder, *output)
    if tuned:
        everything = "fine-tuning of the classifier"
        grid.train(Stage(everything, rows, number + 1, network, nn.Sequential(), module, tuned))
    return grid, grid.in_grid_order(network)
