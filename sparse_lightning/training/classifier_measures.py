"""Classifiers measured by the classes that they predict, beside other methods on the same rows."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Num
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, roc_auc_score
from torchmetrics.functional.classification import multiclass_confusion_matrix

from sparse_lightning.data.examples import Examples
from sparse_lightning.nn.moments import evenly
from sparse_lightning.training.judging import MOST_REFERENCE_ROWS, Method, Outputs


def judge_classes(
    outputs: Outputs, examples: Examples, prefix: str
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


def reference_classifiers() -> Mapping[str, Method]:
    """Logistic regression and gradient boosting, with the scikit-learn defaults of both."""
    return {
        "logistic_regression": _method(lambda: LogisticRegression(max_iter=2000)),
        "gradient_boosting": _method(lambda: HistGradientBoostingClassifier(random_state=0)),
    }


def _method(classifier: Callable[[], Any]) -> Method:
    def fit(rows: Examples) -> Callable[[Examples], Outputs]:
        fitted = _fitted(classifier(), rows)
        return lambda others: _outputs(fitted, others)

    return fit


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
