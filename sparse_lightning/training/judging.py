"""Networks, and other methods, judged on rows that they were not trained on: parts, or folds."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Float
from torch import nn

from sparse_lightning.data.examples import PARTS, Examples
from sparse_lightning.nn.layers import linear_layers, take
from sparse_lightning.training import measuring
from sparse_lightning.training.grid import chunks
from sparse_lightning.training.grid_training import GridTraining
from sparse_lightning.training.measuring import outputs, squared_errors

Measures = dict[str, np.ndarray]
"""One value a replica, by name."""

Fit = Callable[[Examples, str], tuple[GridTraining, nn.Sequential]]
"""Trains every replica on some rows; the titles of its stages begin with the text."""

Outputs = Float[np.ndarray, "replica row output"]

Judge = Callable[[Outputs, Examples, str], tuple[Measures, np.ndarray]]
"""Measures outputs for rows: by the name of each measure, which a prefix begins, one a replica, and
besides what is told of each replica in its own document."""

Method = Callable[[Examples], Callable[[Examples], Outputs]]
"""Fits another method to rows; what it gives makes the outputs for rows, of one replica."""

MOST_REFERENCE_ROWS = 200_000
"""Of more rows other methods are fitted to so many, at even distances: they are a comparison."""


def judge_networks(
    judge: Judge, network: nn.Sequential, examples: Examples, prefix: str
) -> tuple[Measures, np.ndarray]:
    """What `judge` says, without ever holding the outputs of all replicas at once."""
    size = max(1, measuring.MOST_VALUES // examples.targets.numel())
    judged = [
        judge(outputs(take(network, part), examples.inputs), examples, prefix)
        for part in chunks(linear_layers(network)[0].replicas, size)
    ]
    metrics = {name: np.concatenate([part[name] for part, _ in judged]) for name in judged[0][0]}
    return metrics, np.concatenate([detail for _, detail in judged])


def judged_parts(examples: Examples, judge: Callable[[Examples, str], Measures]) -> Measures:
    """What `judge` says of the validation and of the test rows, as far as there are any.

    It is given the rows, and what the names of its measures begin with.
    """
    measures: Measures = {}
    for name in PARTS:
        rows = examples.part(name)
        if rows is not None:
            measures |= judge(rows, f"{name}_")
    return measures


def before_refit(network: nn.Sequential, examples: Examples) -> Measures:
    """The squared errors of networks as their penalties had left them, on training and other rows.

    They are `squared_error_before_refit`, `validation_squared_error_before_refit` and so on.
    """

    def judge(part: Examples, prefix: str) -> Measures:
        replicas = linear_layers(network)[0].replicas
        errors = squared_errors(network, part.inputs, part.targets, replicas, part.weights)
        return {f"{prefix}squared_error_before_refit": errors.mean(1)}

    return judge(examples.training(), "") | judged_parts(examples, judge)


def fold_networks(
    folds: Sequence[Examples], grid: GridTraining, fit: Fit
) -> Iterator[tuple[Examples, nn.Sequential]]:
    """Train the networks of a cross-validation, fold by fold: each fold with its networks.

    A network that fails in one of the folds has failed as a whole: it has outputs for some rows
    only, and no measure of its own.
    """
    for number, fold in enumerate(folds, start=1):
        trained, network = fit(fold.training(), f"fold {number} of {len(folds)}, ")
        grid.fail_with(trained)
        yield fold, network


def outputs_of_folds(examples: Examples, parts: Iterator[tuple[Examples, Outputs]]) -> Outputs:
    """The outputs for all rows, each from the fold that holds it out.

    `parts` are the folds with the outputs for the rows that they hold out. Numbers that each fold
    standardises by its own rows are standardised as those of the whole table.
    """
    together: np.ndarray | None = None
    for fold, part in parts:
        assert fold.heldout is not None
        if fold.number_target is not None and examples.number_target is not None:
            part = fold.number_target.restandardised(part, examples.number_target)
        if together is None:
            together = np.zeros((len(part), len(examples.inputs), part.shape[2]), part.dtype)
        together[:, fold.heldout.numpy()] = part
    assert together is not None
    return together


def explained(errors: np.ndarray, null_error: float) -> np.ndarray:
    """The share of the error without weights that networks take away; NaN where there is none."""
    return 1 - errors / null_error if null_error > 0 else np.full_like(errors, np.nan)


def squared_error_over_folds(
    folds: Sequence[Examples],
    grid: GridTraining,
    fit: Fit,
    errors: Callable[[nn.Sequential, Examples, Examples], tuple[np.ndarray, float]],
) -> Measures:
    """The squared error over the rows of all folds, each by networks that do not know it.

    `errors` gives that of networks on rows that they do not know, the mean over these, and the one
    without weights, from the networks, these rows and those that they were trained on.
    """
    total, null, rows = np.zeros(len(grid.replicas)), 0.0, 0.0
    for fold, network in fold_networks(folds, grid, fit):
        heldout = fold.held_out()
        assert heldout is not None
        error, without = errors(network, heldout, fold.training())
        total += error * heldout.row_count
        null += without * heldout.row_count
        rows += heldout.row_count
    return {
        "heldout_squared_error": total / rows,
        "heldout_explained": explained(total / rows, null / rows),
    }


def references(
    methods: Mapping[str, Method], judge: Judge, examples: Examples, folds: Sequence[Examples]
) -> dict[str, float]:
    """The measures of other methods on the rows that the networks are judged on.

    They are `ridge_r2`, `ridge_validation_r2` and so on, judged on all rows. With `folds` of a
    cross-validation in place of held-out rows each method is fitted anew for each fold.
    """
    found = {}
    training, heldout = examples.training(), examples.held_out()
    for name, method in methods.items():
        fitted = method(training)
        judged = [(training, fitted(training), "")]
        if heldout is not None:
            judged.append((heldout, fitted(heldout), "heldout_"))
        judged += [
            (rows, fitted(rows), f"{part}_")
            for part in PARTS
            if (rows := examples.part(part)) is not None
        ]
        if folds and heldout is None:
            predicted = outputs_of_folds(examples, _refitted(method, folds))
            judged.append((examples, predicted, "heldout_"))
        for rows, output, prefix in judged:
            measures, _ = judge(output, rows, prefix)
            found |= {f"{name}_{key}": float(value[0]) for key, value in measures.items()}
    return found


def _refitted(method: Method, folds: Sequence[Examples]) -> Iterator[tuple[Examples, Outputs]]:
    for fold in folds:
        heldout = fold.held_out()
        assert heldout is not None
        yield fold, method(fold.training())(heldout)
