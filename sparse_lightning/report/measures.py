"""The measures of a study's networks, and of other methods on the same rows, as tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sparse_lightning.comparison import NETWORKS
from sparse_lightning.comparison.markers import records
from sparse_lightning.comparison.points import usable

MEASURES = {
    "squared_error": "training: squared error",
    "accuracy": "training: accuracy",
    "balanced_accuracy": "training: balanced accuracy",
    "roc_auc": "training: area under the ROC curve",
    "heldout_accuracy": "held out: accuracy",
    "heldout_balanced_accuracy": "held out: balanced accuracy",
    "heldout_roc_auc": "held out: area under the ROC curve",
    "heldout_squared_error": "held out: squared error",
    "heldout_explained": "held out: explained",
    **{
        f"{part}_{measure}": f"{part}: {text}"
        for part in ("validation", "test")
        for measure, text in (
            ("squared_error", "squared error"),
            ("explained", "explained"),
            ("accuracy", "accuracy"),
            ("balanced_accuracy", "balanced accuracy"),
            ("roc_auc", "area under the ROC curve"),
        )
    },
}
"""Headings of the measures of networks; `explained` is 1 − error / error without weights."""

BESIDE = ("validation_squared_error", "test_squared_error", "heldout_explained")
"""Where there is one of these, the squared error of the training rows stands beside it."""

NUMBERS = {"r2": "R²", "mae": "mean absolute error", "rmse": "root of the mean squared error"}
"""What each prediction of numbers is measured by, the latter two in the unit of the target."""

ROWS = {
    "": "training",
    "heldout_": "held out",
    "validation_": "validation",
    "test_": "test",
}
"""The rows that predictions are measured on, by what the names of the measures begin with."""


def measures_of(targets: Sequence[str]) -> Mapping[str, str]:
    """The headings of all measures there may be of networks that predict these numbers, or
    classes, by the names of their columns.
    """
    if not targets:
        return MEASURES
    names = dict(NUMBERS)
    if len(targets) > 1:
        names = {"r2": "R², mean over the targets"} | {
            f"{name}_target_{place}": f"{text} of {target}"
            for name, text in NUMBERS.items()
            for place, target in enumerate(targets, start=1)
        }
    names["squared_error"] = "squared error"
    return {
        f"{prefix}{name}": f"{rows}: {text}"
        for prefix, rows in ROWS.items()
        for name, text in names.items()
    }


def measured(networks: pd.DataFrame, measures: Mapping[str, str] = MEASURES) -> dict[str, str]:
    """The measures that the networks have, by the name of their column, with their headings."""
    beside = any(name in networks.columns for name in BESIDE)
    return {
        name: text
        for name, text in measures.items()
        if name in networks.columns and (beside or name != NETWORKS.y)
    }


def measure_rows(
    networks: pd.DataFrame, measures: Mapping[str, str] = MEASURES
) -> list[dict[str, Any]]:
    """Means over the seeds that did not fail, one row a group and λ."""
    names = ["connections", *measured(networks, measures)]
    failed = networks["failed"] | ~usable(networks, (NETWORKS.x, NETWORKS.y))
    sound = networks.loc[~failed]
    means = sound.groupby(["group", "l1_weight"], sort=False)[names].mean()
    return records(means.reset_index())


def reference_rows(
    references: Mapping[str, float], measures: Mapping[str, str] = MEASURES
) -> list[dict[str, Any]]:
    """One row a method, from references such as `logistic_regression_heldout_accuracy`."""
    rows: dict[str, dict[str, Any]] = {}
    for key, value in references.items():
        # The longest name first: `heldout_balanced_accuracy` ends in two others.
        for measure in sorted(measures, key=len, reverse=True):
            if key.endswith(f"_{measure}"):
                method = key.removesuffix(f"_{measure}")
                rows.setdefault(method, {"method": method.replace("_", " ")})[measure] = value
                break
    return list(rows.values())
