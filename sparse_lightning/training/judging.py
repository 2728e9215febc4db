"""Networks judged on rows that they were not trained on: the other parts of the table, or folds."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from torch import nn

from sparse_lightning.data.examples import PARTS, Examples
from sparse_lightning.training.grid_training import GridTraining

Measures = dict[str, np.ndarray]
"""One value a replica, by name."""

Fit = Callable[[Examples, str], tuple[GridTraining, nn.Sequential]]
"""Trains every replica on some rows; the titles of its stages begin with the text."""


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
