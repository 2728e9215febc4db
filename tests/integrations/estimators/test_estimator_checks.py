"""scikit-learn's own checks of estimators, with fits that are as short as the checks allow."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import sparse_lightning as sl

SHORT = {"epochs": 2, "n_seeds": 2, "accelerator": "cpu"}

# One check wants a classifier, and one a regressor, that has learnt something.
LEARNING = {"fine_tune_epochs": 6, "learning_rate": 0.1, "batch_size": 32, "scale": "standard"}


EQUIVALENCE = "check_sample_weight_equivalence_on_dense_data"


def expected_to_fail(estimator):
    """What asks for more digits than networks in 32 bits have: see the test of weights below."""
    if "+" in getattr(estimator, "regularizer", ""):
        return {EQUIVALENCE: "hidden penalties are means over rows without their weights"}
    return {EQUIVALENCE: "it asks for seven equal digits, and networks are trained in 32 bits"}


# The check of other libraries' arrays runs only where SciPy is told to take them.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [sl.SparsePCA(2, regularizer="sL1+decs", **SHORT)], expected_failed_checks=expected_to_fail
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [
        sl.SparseAutoencoder((3, 2), activation="tanh", scale="standard", **SHORT),
        sl.SparseClassifier(4, activation="tanh", **{**SHORT, **LEARNING, "n_seeds": 1}),
        sl.SparseRegressor(4, activation="tanh", **{**SHORT, **LEARNING, "n_seeds": 1}),
    ],
    expected_failed_checks=expected_to_fail,
)
def test_scikit_learns_checks_of_the_others(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "estimator",
    [
        sl.SparseAutoencoder((3, 2), scale="standard", batch_size=200, random_state=3, **SHORT),
        sl.SparsePCA(2, random_state=3, batch_size=200, **SHORT),
        sl.SparseClassifier(4, scale="standard", batch_size=200, random_state=3, **SHORT),
        sl.SparseRegressor(4, scale="standard", batch_size=200, random_state=3, **SHORT),
    ],
)
def test_a_weight_is_how_often_a_row_stands_there(estimator):
    generator = np.random.default_rng(0)
    rows, times = generator.normal(size=(40, 4)), generator.integers(0, 4, size=40)
    classes = np.where(rows[:, 0] > 0, "x", "y")
    if isinstance(estimator, sl.SparseRegressor):
        classes = rows[:, 0] * rows[:, 1]
    weighted = clone(estimator).fit(rows, classes, sample_weight=times)
    places = np.repeat(np.arange(40), times)
    repeated = clone(estimator).fit(rows[places], classes[places])
    for one, other in zip(weighted.network_.layers, repeated.network_.layers, strict=True):
        np.testing.assert_allclose(one.weight, other.weight, rtol=1e-3, atol=1e-5)
    assert weighted.squared_error_ == pytest.approx(repeated.squared_error_, rel=1e-4)


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ([1] * 39 + [-2], "sample_weight must be at least 0, got -2 in row 40"),
        ([1] + [0] * 39, "at least 2 rows must have a sample_weight that is not zero, got 1"),
        (np.ones((40, 2)), "sample_weight must have one axis, got 2"),
        ([1] * 39, "inconsistent numbers of samples"),
    ],
)
def test_bad_weights_are_refused(weights, told):
    with pytest.raises(ValueError, match=told):
        sl.SparseAutoencoder(2, **SHORT).fit(np.eye(40, 4), sample_weight=weights)
