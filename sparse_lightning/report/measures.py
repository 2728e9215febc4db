"""What classifiers are measured by besides the squared error: a table of means over the seeds."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sparse_lightning.comparison import NETWORKS
from sparse_lightning.comparison.frames import records
from sparse_lightning.comparison.points import usable

MEASURES = {
    "accuracy": "training: accuracy",
    "balanced_accuracy": "training: balanced accuracy",
    "roc_auc": "training: area under the ROC curve",
    "heldout_accuracy": "held out: accuracy",
    "heldout_balanced_accuracy": "held out: balanced accuracy",
    "heldout_roc_auc": "held out: area under the ROC curve",
    "heldout_squared_error": "held out: squared error",
}


def measured(networks: pd.DataFrame) -> dict[str, str]:
    """The measures that the networks have, by the name of their column, with their headings."""
    return {name: text for name, text in MEASURES.items() if name in networks.columns}


def measure_rows(networks: pd.DataFrame) -> list[dict[str, Any]]:
    """Means over the seeds that did not fail, one row a group and λ."""
    names = ["connections", *measured(networks)]
    failed = networks["failed"] | ~usable(networks, (NETWORKS.x, NETWORKS.y))
    sound = networks.loc[~failed]
    means = sound.groupby(["group", "l1_weight"], sort=False)[names].mean()
    return records(means.reset_index())


def reference_rows(references: Mapping[str, float]) -> list[dict[str, Any]]:
    """The measures of other methods: `logistic_regression_heldout_accuracy` and the like.

    Returns:
        One row a method: its name and its measures.
    """
    rows: dict[str, dict[str, Any]] = {}
    for key, value in references.items():
        # The longest name first: `heldout_balanced_accuracy` ends in two others.
        for measure in sorted(MEASURES, key=len, reverse=True):
            if key.endswith(f"_{measure}"):
                method = key.removesuffix(f"_{measure}")
                rows.setdefault(method, {"method": method.replace("_", " ")})[measure] = value
                break
    return list(rows.values())
