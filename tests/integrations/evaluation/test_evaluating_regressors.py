"""Exported regressors in MLflow's own evaluator and in this one."""

import mlflow
import pytest
from mlflow.models import evaluate
from sklearn.datasets import load_diabetes, load_linnerud
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

import sparse_lightning as sl

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # MLflow's own, of types of columns
    pytest.mark.usefixtures("blank"),  # MLflow draws many pictures
]


def test_mlflows_evaluator_and_this_one(store):
    rows, target = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    made = sl.SparseRegressor(
        4, epochs=10, n_seeds=1, random_state=0, accelerator="cpu", learning_rate=0.03
    ).fit(rows, target)
    uri = str(sl.save_model(made.network_, store / "model"))
    with mlflow.start_run():
        result = evaluate(
            uri,
            rows.assign(target=target),
            targets="target",
            model_type="regressor",
            evaluators=["default", "sparse-lightning"],
        )
    predicted = mlflow.pyfunc.load_model(uri).predict(rows)["target"]
    for name, measure in (
        ("r2_score", r2_score),
        ("mean_absolute_error", mean_absolute_error),
        ("root_mean_squared_error", root_mean_squared_error),
    ):
        assert result.metrics[name] == pytest.approx(measure(target, predicted), rel=1e-5)
    assert result.metrics["sparsity/connections_total"] == 44
    assert {"mappings.json", "description.txt", "effects.csv"} <= set(result.artifacts)
    told = result.artifacts["description.txt"].content
    assert "The target target is reached by" in told
    assert "On average target moves by" in told


def test_one_of_several_targets_is_evaluated_by_its_name(store):
    rows, targets = load_linnerud(return_X_y=True, as_frame=True)
    made = sl.SparseRegressor(3, epochs=5, n_seeds=1, random_state=0, accelerator="cpu")
    uri = str(sl.save_model(made.fit(rows, targets).network_, store / "model"))
    with mlflow.start_run():
        result = evaluate(
            uri,
            rows.assign(waist=targets["Waist"]),
            targets="waist",
            predictions="Waist",
            model_type="regressor",
            evaluators=["default", "sparse-lightning"],
            evaluator_config={"default": {"log_model_explainability": False}},
        )
    predicted = mlflow.pyfunc.load_model(uri).predict(rows)
    assert list(predicted) == ["Weight", "Waist", "Pulse"]
    wanted = r2_score(targets["Waist"], predicted["Waist"])
    assert result.metrics["r2_score"] == pytest.approx(wanted)
