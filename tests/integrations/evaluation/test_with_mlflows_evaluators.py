"""What docs/how-to/evaluate.md says of MLflow's own evaluators, on exported networks."""

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.models import evaluate
from sklearn.metrics import accuracy_score, f1_score, mean_squared_error

import sparse_lightning as sl

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "c"])
PLACES = (ROWS["a"] > 0).astype(int) + (ROWS["a"] > 1).astype(int)

TARGETS = {
    "whole numbers": PLACES.to_numpy(),
    "floats": PLACES.to_numpy(float),
    "two numbers": (ROWS["a"] > 0).to_numpy(int),
    "booleans": (ROWS["a"] > 0).to_numpy(),
    "text": np.array(["low", "middle", "high"])[PLACES],
    "two texts": np.where(ROWS["a"] > 0, "yes", "no"),
}

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # MLflow's own, of labels and of scikit-learn
    pytest.mark.usefixtures("blank"),  # MLflow draws many pictures
]

FEW = ("whole numbers", "two texts")
"""Kinds of targets whose evaluation is part of `make test`."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(kind, marks=[] if kind in FEW else [pytest.mark.long]) for kind in TARGETS
    ],
)
def classified(request, tmp_path_factory):
    """A target, and the model of an exported classifier of it."""
    target = TARGETS[request.param]
    classifier = sl.SparseClassifier(
        3, l1_weight=1e-5, epochs=60, n_seeds=1, random_state=0, accelerator="cpu"
    )
    network = classifier.fit(ROWS, target).network_
    folder = tmp_path_factory.mktemp("exported")
    return target, str(sl.save_model(network, folder / "model", threshold=0))


def test_an_exported_classifier_with_mlflows_evaluator_and_this_one(classified):
    target, uri = classified
    with mlflow.start_run():
        result = evaluate(
            uri,
            ROWS.assign(target=target),
            targets="target",
            model_type="classifier",
            evaluators=["default", "sparse-lightning"],
        )
    predicted = mlflow.pyfunc.load_model(uri).predict(ROWS)
    assert result.metrics["accuracy_score"] == accuracy_score(target, predicted)
    average = {"average": "weighted"} if len(set(target)) > 2 else {"pos_label": max(target)}
    assert result.metrics["f1_score"] == pytest.approx(f1_score(target, predicted, **average))
    assert result.metrics["sparsity/connections_total"] > 0
    assert {"confusion_matrix", "mappings.json"} <= set(result.artifacts)


def test_probabilities_of_an_exported_classifier(classified):
    target, uri = classified
    model = mlflow.pyfunc.load_model(uri)
    network = model.unwrap_python_model()
    probabilities = network.predict_proba(ROWS)
    np.testing.assert_array_equal(network.classes_, np.unique(target))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    chosen = network.classes_[probabilities.argmax(axis=1)]
    np.testing.assert_array_equal(model.predict(ROWS), chosen)
    frame = model.predict(ROWS, params={"probabilities": True})
    outputs = frame.drop(columns="class").to_numpy(float)
    np.testing.assert_allclose(probabilities, outputs / outputs.sum(axis=1, keepdims=True))


def test_probabilities_as_a_data_set_of_predictions(classified):
    """As MLflow measures what it cannot call."""
    target, uri = classified
    predicted = mlflow.pyfunc.load_model(uri).predict(ROWS)
    with mlflow.start_run():
        result = evaluate(
            data=ROWS.assign(target=target, predicted=predicted.to_numpy()),
            targets="target",
            predictions="predicted",
            model_type="classifier",
        )
    assert result.metrics["accuracy_score"] == accuracy_score(target, predicted)


def test_a_column_that_an_exported_autoencoder_rebuilds_with_mlflows_regressor(store):
    autoencoder = sl.SparseAutoencoder(
        2, l1_weight=1e-5, epochs=60, n_seeds=1, random_state=0, accelerator="cpu"
    )
    network = autoencoder.fit(ROWS).network_
    uri = str(sl.save_model(network, store / "model", threshold=0))
    with mlflow.start_run():
        result = evaluate(
            uri,
            ROWS.assign(true=ROWS["b"]),
            targets="true",
            predictions="b",
            model_type="regressor",
            evaluators=["default", "sparse-lightning"],
        )
    rebuilt = mlflow.pyfunc.load_model(uri).predict(ROWS)["b"]
    assert result.metrics["mean_squared_error"] == pytest.approx(
        mean_squared_error(ROWS["b"], rebuilt)
    )
    assert result.metrics["sparsity/connections_total"] > 0
