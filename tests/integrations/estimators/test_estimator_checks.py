"""scikit-learn's own checks of estimators, with fits that are as short as the checks allow."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import sparse_lightning as sl

SHORT = {"epochs": 2, "n_seeds": 2, "accelerator": "cpu"}

# One check wants a classifier, and one a regressor, that has learnt something.
LEARNING = {"fine_tune_epochs": 6, "learning_rate": 0.1, "batch_size": 32, "scale": "standard"}


# The check of other libraries' arrays runs only where SciPy is told to take them.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [
        sl.SparseAutoencoder((3, 2), activation="tanh", scale="standard", **SHORT),
        sl.SparsePCA(2, regularizer="sL1+decs", **SHORT),
        sl.SparseClassifier(4, activation="tanh", **{**SHORT, **LEARNING, "n_seeds": 1}),
        sl.SparseRegressor(4, activation="tanh", **{**SHORT, **LEARNING, "n_seeds": 1}),
    ]
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)
