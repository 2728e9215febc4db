"""Regressors measured by how far off their numbers are, beside other methods on the same rows."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LassoCV, RidgeCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sparse_lightning.data.examples import Examples
from sparse_lightning.nn.moments import evenly, variance_of
from sparse_lightning.training.judging import MOST_REFERENCE_ROWS, Method, Outputs

MOST_PREDICTIONS = 300
"""Of more rows, the predictions of so many at even distances are told of each network."""


def judge_numbers(
    outputs: Outputs, examples: Examples, prefix: str
) -> tuple[dict[str, np.ndarray], Float[np.ndarray, "replica told target"]]:
    """Measure what regressors say of rows.

    The measures, each `(replica,)`, are `r2` = 1 − Σ (y − ŷ)² / Σ (y − ȳ)², of several targets its
    mean; `mae` and `rmse`, the mean size of the error and the root of its mean square, in the unit
    of the target; and, only with a prefix of their names, `squared_error`, the mean over rows and
    standardised targets. Of several targets, which need not have one unit, `r2_target_1`,
    `mae_target_1`, `rmse_target_1` and so on are those of each in their order. R² of a target that
    is the same in all of these rows is NaN. Rows count by their weights.

    Besides, the predictions of the rows that `told_rows` chooses, in the units of the targets.
    """
    assert examples.number_target is not None
    units = np.array(examples.number_target.deviations)
    true = examples.targets.double().numpy()
    weights = None if examples.weights is None else examples.weights.double().numpy()
    with np.errstate(over="ignore", invalid="ignore"):
        errors = outputs.astype(np.float64) - true
        squared = np.average(np.square(errors), axis=1, weights=weights)
        size = np.average(np.abs(errors), axis=1, weights=weights)
        spread = variance_of(examples.targets, examples.weights).numpy()
        # Of equal numbers the variance may be a rounding error.
        varies = np.ptp(true, axis=0) > 0
        r2 = np.where(varies, 1 - squared / np.where(varies, spread, 1.0), np.nan)
        by_target = {"r2": r2, "mae": size * units, "rmse": np.sqrt(squared) * units}
    metrics = {"r2": r2.mean(1)}
    if len(units) == 1:
        metrics |= {name: values[:, 0] for name, values in by_target.items()}
    else:
        metrics |= {
            f"{name}_target_{place + 1}": values[:, place]
            for name, values in by_target.items()
            for place in range(len(units))
        }
    if prefix:
        metrics["squared_error"] = squared.mean(1)
    predictions = examples.number_target.in_units(outputs[:, told_rows(examples)])
    return {f"{prefix}{name}": values for name, values in metrics.items()}, predictions


def told_rows(examples: Examples) -> Any:
    """The rows of which predictions are told: all, or of many some at even distances."""
    return evenly(len(examples.inputs), MOST_PREDICTIONS)


def predictions_document(
    predicted: Float[np.ndarray, "row target"], examples: Examples, rows: str
) -> dict[str, Any]:
    """The true and the predicted numbers of some rows, one list a target, as JSON can hold them.

    `rows` says which: `training`, `heldout`, `validation` or `test`. A number that is not finite is
    None.
    """
    target = examples.number_target
    assert target is not None
    true = target.in_units(examples.targets[told_rows(examples)].numpy())
    return {
        "rows": rows,
        "rows_total": len(examples.inputs),
        "targets": list(target.names),
        "true": [_numbers(column) for column in true.T],
        "predicted": [_numbers(column) for column in predicted.T],
    }


def _numbers(values: Float[np.ndarray, " row"]) -> list[float | None]:
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values]


def reference_regressors() -> Mapping[str, Method]:
    """Linear models, whose penalty is chosen by cross-validation, and gradient boosting.

    Ridge and lasso are of standardised columns; gradient boosting has scikit-learn's defaults. All
    of them count rows by their weights.
    """
    return {
        "ridge": _method(lambda _: RidgeCV(np.logspace(-3, 4, 22))),
        "lasso": _method(lambda rows: LassoCV(cv=min(5, rows))),
        "gradient_boosting": _method(lambda _: HistGradientBoostingRegressor(random_state=0)),
    }


def _method(regressor: Callable[[int], Any]) -> Method:
    """A method of scikit-learn for so many rows, one for each target."""

    def fit(rows: Examples) -> Callable[[Examples], Outputs]:
        chosen = evenly(len(rows.inputs), MOST_REFERENCE_ROWS)
        inputs, targets = rows.inputs[chosen].double().numpy(), rows.targets[chosen].numpy()
        steps = [("scaler", StandardScaler()), ("method", regressor(len(inputs)))]
        whole, weights = MultiOutputRegressor(Pipeline(steps)), {}
        if rows.weights is not None:
            own = rows.weights[chosen].double().numpy()
            weights = {f"{name}__sample_weight": own for name, _ in steps}
        with warnings.catch_warnings():
            # Of the smallest of many penalties, which is not the one that is chosen.
            warnings.simplefilter("ignore", ConvergenceWarning)
            whole.fit(inputs, targets.astype(np.float64), **weights)
        return lambda others: _predicted(whole, others)

    return fit


def _predicted(method: Any, rows: Examples) -> Outputs:
    predicted = np.asarray(method.predict(rows.inputs.double().numpy()), dtype=np.float64)
    return predicted.reshape(1, len(rows.inputs), rows.outputs)
