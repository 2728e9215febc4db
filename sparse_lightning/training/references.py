"""What other classifiers make of the same rows: logistic regression and gradient boosting."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from sparse_lightning.data.examples import Examples
from sparse_lightning.nn.moments import evenly
from sparse_lightning.training.judging import judge

MOST_REFERENCE_ROWS = 200_000
"""Of more rows other methods are fitted to so many, at even distances: they are a comparison."""


def classifier_references(
    training: Examples, heldout: Examples | None, folds: list[Examples]
) -> dict[str, float]:
    """The measures of other methods on the rows that the networks are judged on.

    Args:
        training: the rows that networks are trained on.
        heldout: those that they are not, if there are any.
        folds: of a cross-validation in place of them.

    Returns:
        `logistic_regression_accuracy`, `gradient_boosting_heldout_roc_auc` and so on, with the
        scikit-learn defaults of both methods; they are judged on all rows.
    """
    references = {}
    methods: dict[str, Callable[[], Any]] = {
        "logistic_regression": lambda: LogisticRegression(max_iter=2000),
        "gradient_boosting": lambda: HistGradientBoostingClassifier(random_state=0),
    }
    for name, method in methods.items():
        fitted = method().fit(*_arrays(training))
        judged = [(training, _outputs(fitted, training), "")]
        if heldout is not None:
            judged.append((heldout, _outputs(fitted, heldout), "heldout_"))
        elif folds:
            predicted = np.zeros((1, len(training.inputs), len(training.classes)))
            for fold in folds:
                assert fold.heldout is not None
                part = method().fit(*_arrays(fold.training()))
                out = fold.take(fold.heldout)
                predicted[:, fold.heldout.numpy()] = _outputs(part, out)
            judged.append((training, predicted, "heldout_"))
        for rows, outputs, prefix in judged:
            measures, _ = judge(outputs, rows, prefix)
            references |= {f"{name}_{key}": float(value[0]) for key, value in measures.items()}
    return references


def _arrays(rows: Examples) -> tuple[np.ndarray, np.ndarray]:
    assert rows.labels is not None
    chosen = evenly(len(rows.inputs), MOST_REFERENCE_ROWS)
    return rows.inputs[chosen].numpy(), rows.labels[chosen].numpy()


def _outputs(method: Any, rows: Examples) -> np.ndarray:
    """`(1, row, class)`; 0 for a class that the method has not seen."""
    outputs = np.zeros((1, len(rows.inputs), len(rows.classes)))
    outputs[0][:, method.classes_.astype(int)] = method.predict_proba(rows.inputs.numpy())
    return outputs
