"""Regressors as scikit-learn has its own."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_linnerud
from sklearn.metrics import r2_score

import sparse_lightning as sl

SHORT = {"epochs": 5, "n_seeds": 2, "accelerator": "cpu", "random_state": 0, "activation": "tanh"}

DIABETES = load_diabetes(as_frame=True, scaled=False)
X, Y = DIABETES.data, DIABETES.target.rename("progression")
LINNERUD = load_linnerud(as_frame=True)


@pytest.fixture(scope="module")
def fitted():
    return sl.SparseRegressor(4, **{**SHORT, "epochs": 20, "learning_rate": 0.03}).fit(X, Y)


def test_it_predicts_in_the_targets_unit(fitted):
    predicted = fitted.predict(X)
    assert predicted.shape == Y.shape
    assert fitted.score(X, Y) == r2_score(Y, predicted) > 0.4
    np.testing.assert_allclose(predicted, fitted.network_.predict(X)["progression"], rtol=1e-5)
    assert fitted.squared_error_ == pytest.approx(1 - fitted.score(X, Y), rel=1e-4)


def test_the_network_reads_in_the_users_names(fitted):
    assert fitted.network_.mappings().targets["target"].tolist() == ["progression"]
    assert set(fitted.network_.effects(X)["variable"]) == set(X)
    assert "The target progression is reached by" in fitted.network_.describe(X)


def test_the_objective_is_the_squared_error_with_the_penalty():
    made = sl.SparseRegressor(4, regularizer="L1", l1_weight=0.01, **SHORT).fit(X, Y)
    weights = sum(np.abs(layer.weight).sum() for layer in made.network_.layers)
    assert made.population_["objective"].min() == pytest.approx(
        made.squared_error_ + 0.01 * weights, rel=1e-4
    )


def test_several_targets_have_their_own_units():
    rows, targets = LINNERUD.data, LINNERUD.target
    made = sl.SparseRegressor(3, scale="standard", **{**SHORT, "epochs": 20}).fit(rows, targets)
    predicted = made.predict(rows)
    assert predicted.shape == targets.shape
    assert list(made.network_.predict(rows)) == list(targets) == ["Weight", "Waist", "Pulse"]
    np.testing.assert_allclose(predicted.mean(0), targets.mean(), rtol=0.1)


@pytest.mark.parametrize("columns", [1, 2])
def test_predictions_have_the_shape_of_the_targets(columns):
    targets = np.column_stack([Y, -Y])[:, :columns]
    made = sl.SparseRegressor(2, **SHORT).fit(X.to_numpy(), targets)
    assert made.predict(X.to_numpy()).shape == targets.shape
    names = ["y"] if columns == 1 else ["y1", "y2"]
    assert list(made.network_.target.names) == names


def test_a_constant_target_is_its_own_prediction():
    made = sl.SparseRegressor(
        2, **{**SHORT, "n_seeds": 1, "epochs": 20, "learning_rate": 0.05}
    ).fit(X, np.full(len(X), 7.0))
    np.testing.assert_allclose(made.predict(X), 7, atol=0.3)


def test_a_target_that_is_called_as_a_column_is_told_from_it():
    frame = X[["bmi"]]
    made = sl.SparseRegressor(2, **SHORT).fit(frame, Y.rename("bmi"))
    assert made.network_.target.names == ("bmi_",)
    assert not made.network_.structure().is_autoencoder


def test_what_is_no_target_is_refused():
    twice = pd.DataFrame(np.ones((len(X), 2)), columns=[1, "1"])
    with pytest.raises(ValueError, match="two targets have one name: 1, 1"):
        sl.SparseRegressor(2, **SHORT).fit(X, twice)
    with pytest.raises(ValueError, match="could not convert string to float"):
        sl.SparseRegressor(2, **SHORT).fit(X, ["low"] * len(X))
    with pytest.raises(ValueError, match="NaN"):
        sl.SparseRegressor(2, **SHORT).fit(X, np.where(Y > 100, np.nan, Y))
