"""Classifiers measured by the classes that they predict, beside other methods on the same rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Num
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, roc_auc_score
from torch import nn
from torchmetrics.functional.classification import multiclass_confusion_matrix

from sparse_lightning.data.examples import PARTS, Examples
from sparse_lightning.nn.layers import linear_layers, take
from sparse_lightning.nn.moments import evenly
from sparse_lightning.training import measuring
from sparse_lightning.training.grid import chunks
from sparse_lightning.training.measuring import outputs


def judge_networks(
    network: nn.Sequential, examples: Examples, prefix: str
) -> tuple[dict[str, np.ndarray], Num[np.ndarray, "replica class class"]]:
    """As `judge`, without ever holding the outputs of all replicas at once."""
    size = max(1, measuring.MOST_VALUES // examples.targets.numel())
    judged = [
        judge(outputs(take(network, part), examples.inputs), examples, prefix)
        for part in chunks(linear_layers(network)[0].replicas, size)
    ]
    metrics = {name: np.concatenate([part[name] for part, _ in judged]) for name in judged[0][0]}
    return metrics, np.concatenate([confusion for _, confusion in judged])


def judge(
    outputs: Float[np.ndarray, "replica row class"], examples: Examples, prefix: str
) -> tuple[dict[str, np.ndarray], Num[np.ndarray, "replica class class"]]:
    """Measure what classifiers say of rows; the class with the greatest output is predicted.

    The measures, each `(replica,)`, are `accuracy`, `balanced_accuracy` (mean over the classes of
    the share found), `roc_auc` (of one class against the others, mean over the classes) and, only
    with a prefix of their names, `squared_error` (mean over rows and outputs). The confusion
    matrices have true classes in rows.
    """
    assert examples.labels is not None
    targets, labels = examples.targets.numpy(), examples.labels
    weights = None if examples.weights is None else examples.weights.numpy()
    confusion = np.stack(
        [
            multiclass_confusion_matrix(
                torch.from_numpy(replica).argmax(1), labels, len(examples.classes)
            ).numpy()
            if weights is None
            else confusion_matrix(
                labels,
                replica.argmax(1),
                labels=range(len(examples.classes)),
                sample_weight=weights,
            )
            for replica in outputs
        ]
    )
    found = confusion.diagonal(axis1=1, axis2=2)
    rows = confusion.sum(2)
    present = np.where(rows > 0, rows, 1)
    metrics = {
        "accuracy": found.sum(1) / confusion.sum((1, 2)),
        "balanced_accuracy": (found / present).mean(1),
        "roc_auc": np.array([_roc_auc(targets, replica, weights) for replica in outputs]),
    }
    if prefix:
        metrics["squared_error"] = np.array(
            [_squared_error(targets, replica, weights) for replica in outputs]
        )
    return {f"{prefix}{name}": values for name, values in metrics.items()}, confusion


def _squared_error(targets: np.ndarray, outputs: np.ndarray, weights: np.ndarray | None) -> float:
    squares = np.square(outputs - targets, dtype=np.float64)
    return squares.mean() if weights is None else np.average(squares.mean(1), weights=weights)


def _roc_auc(targets: np.ndarray, outputs: np.ndarray, weights: np.ndarray | None) -> float:
    if not np.isfinite(outputs).all():
        return float("nan")
    if not (targets.any(0) & ~targets.astype(bool).all(0)).all():
        return float("nan")  # a few rows may hold some of the classes only
    return float(
        roc_auc_score(targets, outputs, average="macro", multi_class="ovr", sample_weight=weights)
    )


MOST_REFERENCE_ROWS = 200_000
"""Of more rows other methods are fitted to so many, at even distances: they are a comparison."""


def classifier_references(examples: Examples, folds: list[Examples]) -> dict[str, float]:
    """The measures of other methods on the rows that the networks are judged on.

    They are `logistic_regression_accuracy`, `gradient_boosting_heldout_roc_auc` and so on, with the
    scikit-learn defaults of both methods, and judged on all rows. With `folds` of a
    cross-validation in place of held-out rows each method is fitted anew for each fold.
    """
    references = {}
    training, heldout = examples.training(), examples.held_out()
    methods: dict[str, Callable[[], Any]] = {
        "logistic_regression": lambda: LogisticRegression(max_iter=2000),
        "gradient_boosting": lambda: HistGradientBoostingClassifier(random_state=0),
    }
    for name, method in methods.items():
        fitted = _fitted(method(), training)
        judged = [(training, _outputs(fitted, training), "")]
        if heldout is not None:
            judged.append((heldout, _outputs(fitted, heldout), "heldout_"))
        judged += [
            (rows, _outputs(fitted, rows), f"{part}_")
            for part in PARTS
            if (rows := examples.part(part)) is not None
        ]
        if folds and heldout is None:
            predicted = np.zeros((1, len(training.inputs), len(training.classes)))
            for fold in folds:
                assert fold.heldout is not None
                part = _fitted(method(), fold.training())
                out = fold.take(fold.heldout)
                predicted[:, fold.heldout.numpy()] = _outputs(part, out)
            judged.append((training, predicted, "heldout_"))
        for rows, output, prefix in judged:
            measures, _ = judge(output, rows, prefix)
            references |= {f"{name}_{key}": float(value[0]) for key, value in measures.items()}
    return references


def _fitted(method: Any, rows: Examples) -> Any:
    assert rows.labels is not None
    chosen = evenly(len(rows.inputs), MOST_REFERENCE_ROWS)
    weights = None if rows.weights is None else rows.weights[chosen].numpy()
    return method.fit(rows.inputs[chosen].numpy(), rows.labels[chosen].numpy(), weights)


def _outputs(method: Any, rows: Examples) -> np.ndarray:
    """`(1, row, class)`; 0 for a class that the method has not seen."""
    outputs = np.zeros((1, len(rows.inputs), len(rows.classes)))
    outputs[0][:, method.classes_.astype(int)] = method.predict_proba(rows.inputs.numpy())
    return outputs
