"""Classifiers measured by the classes that they predict, beside other methods on the same rows."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from torchmetrics.functional.classification import multiclass_confusion_matrix

from sparse_lightning.data.examples import Examples
from sparse_lightning.nn.moments import evenly
from sparse_lightning.training.judging import MOST_REFERENCE_ROWS, Method, Outputs


def judge_classes(
    outputs: Outputs, examples: Examples, prefix: str
) -> tuple[dict[str, np.ndarray], Int[np.ndarray, "replica class class"]]:
    """Measure what classifiers say of rows; the class with the greatest output is predicted.

    The measures, each `(replica,)`, are `accuracy`, `balanced_accuracy` (mean over the classes of
    the share found), `roc_auc` (of one class against the others, mean over the classes) and, only
    with a prefix of their names, `squared_error` (mean over rows and outputs). The confusion
    matrices have true classes in rows.
    """
    assert examples.labels is not None
    targets, labels = examples.targets.numpy(), examples.labels
    confusion = np.stack(
        [
            multiclass_confusion_matrix(
                torch.from_numpy(replica).argmax(1), labels, len(examples.classes)
            ).numpy()
            for replica in outputs
        ]
    )
    found = confusion.diagonal(axis1=1, axis2=2)
    present = np.maximum(confusion.sum(2), 1)
    metrics = {
        "accuracy": found.sum(1) / confusion.sum((1, 2)),
        "balanced_accuracy": (found / present).mean(1),
        "roc_auc": np.array([_roc_auc(targets, replica) for replica in outputs]),
    }
    if prefix:
        metrics["squared_error"] = np.array(
            [np.square(replica - targets, dtype=np.float64).mean() for replica in outputs]
        )
    return {f"{prefix}{name}": values for name, values in metrics.items()}, confusion


def _roc_auc(targets: np.ndarray, outputs: np.ndarray) -> float:
    if not np.isfinite(outputs).all():
        return float("nan")
    return float(roc_auc_score(targets, outputs, average="macro", multi_class="ovr"))


def reference_classifiers() -> Mapping[str, Method]:
    """Logistic regression and gradient boosting, with the scikit-learn defaults of both."""
    return {
        "logistic_regression": _method(lambda: LogisticRegression(max_iter=2000)),
        "gradient_boosting": _method(lambda: HistGradientBoostingClassifier(random_state=0)),
    }


def _method(classifier: Callable[[], Any]) -> Method:
    def fit(rows: Examples) -> Callable[[Examples], Outputs]:
        fitted = classifier().fit(*_arrays(rows))
        return lambda others: _outputs(fitted, others)

    return fit


def _arrays(rows: Examples) -> tuple[np.ndarray, np.ndarray]:
    assert rows.labels is not None
    chosen = evenly(len(rows.inputs), MOST_REFERENCE_ROWS)
    return rows.inputs[chosen].numpy(), rows.labels[chosen].numpy()


def _outputs(method: Any, rows: Examples) -> np.ndarray:
    """`(1, row, class)`; 0 for a class that the method has not seen."""
    outputs = np.zeros((1, len(rows.inputs), len(rows.classes)))
    outputs[0][:, method.classes_.astype(int)] = method.predict_proba(rows.inputs.numpy())
    return outputs
