"""Classifiers as scikit-learn has its own."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import MinMaxScaler

import sparse_lightning as sl

SHORT = {"epochs": 5, "n_seeds": 3, "accelerator": "cpu", "random_state": 0, "activation": "tanh"}

IRIS = load_iris(as_frame=True)
X, Y = IRIS.data, IRIS.target
NAMES = IRIS.target_names[Y]


@pytest.fixture(scope="module")
def fitted():
    return sl.SparseClassifier(4, **SHORT).fit(X, NAMES)


@pytest.mark.long
def test_it_learns():
    made = sl.SparseClassifier(4, **{**SHORT, "epochs": 30, "learning_rate": 0.05})
    assert cross_val_score(made, X, NAMES, cv=3).mean() > 0.9


def test_probabilities_are_the_outputs_divided_by_their_sum(fitted):
    outputs = fitted.network_.classify(X)
    assert list(fitted.classes_) == ["setosa", "versicolor", "virginica"]
    assert list(outputs)[1:] == list(fitted.classes_)
    np.testing.assert_array_equal(fitted.predict(X), outputs["class"])
    values = outputs.iloc[:, 1:].to_numpy()
    np.testing.assert_allclose(
        fitted.predict_proba(X), values / values.sum(1, keepdims=True), rtol=1e-5
    )
    targets = np.eye(3)[Y]
    assert fitted.squared_error_ == pytest.approx(np.square(values - targets).mean(), rel=1e-5)


def test_the_network_reads_in_the_users_names(fitted):
    assert set(fitted.network_.mappings().classes["class"]) == set(fitted.classes_)
    assert list(fitted.feature_names_in_) == list(X)
    # Pre-training, output layer, fine-tuning.
    assert len(fitted.loss_curve_) == 15


@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy"])
def test_rows_count_by_the_weights_of_their_classes(loss):
    factors = {"setosa": 3.0, "virginica": 0.5}
    made = sl.SparseClassifier(4, loss=loss, regularizer=None, class_weight=factors, **SHORT).fit(
        X, NAMES
    )
    outputs = made.network_.classify(X).iloc[:, 1:].to_numpy()
    targets, weights = np.eye(3)[Y], np.array([3.0, 1.0, 0.5])[Y]
    if loss == "cross_entropy":
        errors = -np.log((outputs * targets).sum(1))
    else:
        errors = np.square(outputs - targets).sum(1)
    best = made.population_["objective"].min()
    assert best == pytest.approx((errors * weights).mean(), rel=1e-4)
    assert made.squared_error_ == pytest.approx(np.square(outputs - targets).mean(), rel=1e-4)


@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy"])
def test_a_rare_class_is_found_where_classes_are_balanced(loss):
    random = np.random.default_rng(1)
    rare = np.arange(300) < 12
    data = random.normal(size=(300, 3)) + 1.2 * rare[:, None]
    found = {
        weight: sl.SparseClassifier(
            2, loss=loss, class_weight=weight, **{**SHORT, "epochs": 30, "n_seeds": 1}
        )
        .fit(data, rare)
        .predict(data)[rare]
        .mean()
        for weight in (None, "balanced")
    }
    assert found["balanced"] > max(0.6, found[None])


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ("even", "must be None, 'balanced' or a mapping from classes to factors, got 'even'"),
        ({"rosa": 1}, "names the class 'rosa', which y does not hold; classes: 'setosa', "),
        ({"setosa": -1}, "of 'setosa' must be a number of at least 0, got -1"),
    ],
)
def test_wrong_weights_of_classes_are_named(weight, message):
    with pytest.raises(ValueError, match=f"^SparseClassifier: class_weight {message}"):
        sl.SparseClassifier(2, class_weight=weight, **SHORT).fit(X, NAMES)


@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy"])
def test_the_classifier_with_the_smallest_objective_is_kept(loss):
    made = sl.SparseClassifier(
        4, loss=loss, regularizer="L1+sh", l1_weight=0.01, hidden_weight=0.3, **SHORT
    ).fit(X, Y)
    table = made.population_
    best = table.loc[table["objective"].idxmin()]
    assert made.network_.params["seed"] == best["seed"]
    first, last = made.network_.model[0], made.network_.model[2]
    size = sum(float(layer.weight.detach().double().abs().sum()) for layer in (first, last))
    scaled = MinMaxScaler().fit_transform(X)
    weight, bias = (one.detach().double().numpy() for one in (first.weight, first.bias))
    hidden = np.abs(np.tanh(scaled @ weight.T + bias))
    penalty = 0.01 * size + 0.3 * (hidden * (hidden < 0.1)).sum(1).mean()
    if loss == "cross_entropy":
        error = log_loss(Y, made.predict_proba(X))
    else:
        error = 3 * made.squared_error_
    assert best["objective"] == pytest.approx(error + penalty, rel=1e-4)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (Y.to_numpy() > 0, ("False", "True")),
        (pd.Categorical(NAMES), ("setosa", "versicolor", "virginica")),
        ([int(one) - 1 for one in Y], ("-1", "0", "1")),
    ],
)
def test_classes_of_all_kinds(labels, names):
    made = sl.SparseClassifier(2, **{**SHORT, "n_seeds": 1}).fit(X, labels)
    assert made.network_.classes == names
    assert set(made.predict(X)) <= set(np.asarray(labels).tolist())


def test_whole_floats_are_classes_without_a_point():
    made = sl.SparseClassifier(2, **{**SHORT, "n_seeds": 1}).fit(X, Y.astype(float))
    assert made.network_.classes == ("0", "1", "2")
    assert made.predict(X).dtype == float


def test_wrong_classes_are_named():
    with pytest.raises(ValueError, match=r"^SparseClassifier: y must hold .* 1 class: 1$"):
        sl.SparseClassifier(2).fit(X, np.ones(len(X), dtype=int))
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        sl.SparseClassifier(2).fit(X, X.iloc[:, 0])
    with pytest.raises(ValueError, match="requires y to be passed"):
        sl.SparseClassifier(2).fit(X, None)


def test_a_wrong_loss_is_named():
    with pytest.raises(ValueError, match=r"^SparseClassifier: loss must be one of"):
        sl.SparseClassifier(2, loss="hinge").fit(X, Y)


def test_fine_tuning_may_be_left_out():
    made = sl.SparseClassifier(2, fine_tune_epochs=0, **SHORT).fit(X, Y)
    assert len(made.loss_curve_) == 10
