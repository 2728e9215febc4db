"""Real calls of `mlflow.models.evaluate` on a store of one's own."""

import json
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from sparse_lightning.data.encoding import Encoding
from sparse_lightning.integrations.evaluation import NetworkEvaluator
from sparse_lightning.integrations.exporting.pruned import exported
from sparse_lightning.integrations.exporting.pyfunc import save_pyfunc
from sparse_lightning.network import Network
from sparse_lightning.weights import layers_of

ROOT = Path(__file__).parents[3]
NAMES = ["a", "<b>", "c"]


@pytest.fixture
def autoencoder():
    """Passes `a` through one code; the other code is dead; `c` is lost."""
    model = nn.Sequential(nn.Linear(3, 2), nn.Identity(), nn.Linear(2, 3))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 0.5]]))
        model[2].weight.copy_(torch.tensor([[1.0, 0.0], [0.5, 0.0], [0.0, 0.005]]))
        for layer in (model[0], model[2]):
            layer.bias.zero_()
    return model


@pytest.fixture
def frame():
    random = np.random.default_rng(3)
    return pd.DataFrame(random.normal(size=(40, 3)), columns=NAMES)


def evaluated(model, data, **options):
    options = {"model_type": "network", "evaluators": "sparse-lightning"} | options
    return mlflow.models.evaluate(model, data, **options)


def texts(told):
    return "\n".join(str(one.message) for one in told)


def test_the_entry_point_leads_to_the_evaluator():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    home, name = project["entry-points"]["mlflow.model_evaluator"]["sparse-lightning"].split(":")
    assert getattr(import_module(home), name) is NetworkEvaluator


def test_a_module_that_was_given_as_it_is(autoencoder, frame):
    with mlflow.start_run() as run:
        result = evaluated(autoencoder, frame)
    expected = {
        "connections": 4,
        "live_connections": 3,
        "connections_total": 12,
        "density": 4 / 12,
        "dead_units": 1,
        "unused_inputs": 2,
        "unreached_outputs": 1,
        "connection_threshold": 0.01,
        "density_layer_1": 2 / 6,
        "density_layer_2": 2 / 6,
        "dead_units_layer_1": 1,
    }
    metrics = {name.removeprefix("sparsity/"): value for name, value in result.metrics.items()}
    assert {name: metrics[name] for name in expected} == pytest.approx(expected)
    values = frame.to_numpy(np.float32).astype(float)
    rebuilt = np.stack(
        [values[:, 0], 0.5 * values[:, 0], np.float32(0.005) * 0.5 * values[:, 2]], axis=1
    )
    error = ((values - rebuilt) ** 2).mean(axis=0)
    assert metrics["squared_error"] == pytest.approx(error.mean(), rel=1e-5)
    losses = result.artifacts["information_loss.csv"].content
    assert losses["variable"].tolist() == NAMES
    assert losses["loss"].to_numpy() == pytest.approx(
        error / values.var(axis=0), rel=1e-4, abs=1e-9
    )
    assert metrics["information_loss"] == pytest.approx(losses["loss"].mean())
    mappings = result.artifacts["mappings.json"].content
    assert {code["code"]: code["kind"] for code in mappings["codes"]} == {1: "mixed", 2: "dead"}
    logged = mlflow.get_run(run.info.run_id).data.metrics
    assert logged == pytest.approx(result.metrics)
    client = mlflow.MlflowClient()
    files = {file.path for file in client.list_artifacts(run.info.run_id, "sparse_lightning")}
    assert files == {f"sparse_lightning/{name}" for name in result.artifacts}
    assert files >= {f"sparse_lightning/structure.{end}" for end in ("png", "svg", "html")}
    assert "<b>" not in result.artifacts["structure.svg"].content
    again = mlflow.artifacts.load_text(result.artifacts["description.txt"].uri)
    assert again == result.artifacts["description.txt"].content


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("kind", [pd.DataFrame, np.asarray, lambda frame: frame.astype("f4")])
def test_a_network_of_16_bits(autoencoder, frame, dtype, kind):
    with mlflow.start_run():
        result = evaluated(autoencoder.to(dtype), kind(frame))
    assert result.metrics["sparsity/connections"] == 4
    values = frame.to_numpy(np.float32)
    coded = torch.tensor(values).to(dtype).double().numpy()[:, 0]
    errors = np.stack([values[:, 0] - coded, values[:, 1] - coded / 2, values[:, 2]], axis=1)
    assert result.metrics["sparsity/squared_error"] == pytest.approx(
        float((errors.astype(float) ** 2).mean()), rel=0.01
    )


@pytest.mark.long
def test_a_model_of_the_flavour_pytorch(autoencoder, frame):
    with mlflow.start_run():
        info = mlflow.pytorch.log_model(autoencoder, name="net", serialization_format="pickle")
    with mlflow.start_run():
        result = evaluated(info.model_uri, frame, evaluator_config={"metric_prefix": "val_"})
    assert result.metrics["val_sparsity/connections"] == 4
    assert "val_information_loss.csv" in result.artifacts


def test_a_network_as_this_package_exports_it(store):
    random = np.random.default_rng(5)
    table = pd.DataFrame(
        {"size": random.normal(5, 2, 50), "price": random.normal(100, 30, 50), "age": range(50)}
    )
    encoding = Encoding.fit(table, "minmax")
    torch.manual_seed(4)
    model = nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 3), nn.Sigmoid())
    with torch.no_grad():
        model[0].weight[0, 1] = 0.004
    network = Network(layers_of(model.eval()), encoding, {"group": "L1"}, "a" * 32)
    save_pyfunc(exported(network, 0.01), store / "model")
    with mlflow.start_run():
        result = evaluated(str(store / "model"), table)
    assert result.metrics["sparsity/connections"] == network.structure(0.01).connections == 11
    expected = network.information_loss(table)["loss"].to_numpy()
    losses = result.artifacts["information_loss.csv"].content
    assert losses["variable"].tolist() == ["size", "price", "age"]
    # The exported network lacks the one connection that does not count.
    assert losses["loss"].to_numpy() == pytest.approx(expected, rel=0.02)


def test_a_classifier_has_no_losses_but_all_the_rest(frame):
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2), nn.Softmax(1))
    data = frame.assign(label=["yes", "no"] * 20)

    class Labels(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = model

        def forward(self, x):
            x = torch.as_tensor(np.asarray(x, dtype=np.float32))
            return self.net(x)

    with mlflow.start_run():
        result = evaluated(Labels(), data, model_type="classifier", targets="label")
    assert result.metrics["sparsity/connections_total"] == 20
    assert "sparsity/information_loss" not in result.metrics
    assert set(result.artifacts) == {
        *("mappings.json", "description.txt", "structure.png", "structure.svg", "structure.html")
    }
    outputs = result.artifacts["mappings.json"].content["outputs"]
    assert [row["class"] for row in outputs] == ["no", "yes"]


def test_what_fails_is_told_and_loses_nothing_else(autoencoder, frame, monkeypatch):
    monkeypatch.setattr(
        "sparse_lightning.integrations.evaluation.reading.structure_figure", lambda structure: 1 / 0
    )
    with mlflow.start_run(), pytest.warns(UserWarning, match="sparse-lightning: ") as told:
        result = evaluated(autoencoder, frame)
    assert "no structure diagram: division by zero" in texts(told)
    assert result.metrics["sparsity/connections"] == 4
    assert "mappings.json" in result.artifacts


def test_data_that_do_not_fit_leave_the_structure(autoencoder, frame):
    with mlflow.start_run(), pytest.warns(UserWarning, match="sparse-lightning: ") as told:
        result = evaluated(autoencoder, frame[["a", "c"]])
    assert "the network has 3 inputs, the data 2 columns; inputs are numbered" in texts(told)
    assert "no information loss: the data are not what the network takes" in texts(told)
    assert result.metrics["sparsity/connections"] == 4
    with mlflow.start_run(), pytest.warns(UserWarning, match="sparse-lightning: ") as told:
        text = evaluated(autoencoder, frame.assign(a="x"))
    assert "the columns are no numbers for the network: could not convert" in texts(told)
    assert text.metrics["sparsity/connections"] == 4
    assert "information_loss.csv" not in text.artifacts


def test_a_wide_network_gets_no_diagram():
    model = nn.Sequential(nn.Linear(400, 2), nn.Tanh(), nn.Linear(2, 400))
    data = np.random.default_rng(1).normal(size=(20, 400))
    with mlflow.start_run(), pytest.warns(UserWarning, match="sparse-lightning: ") as told:
        result = evaluated(model, data)
    assert "no structure diagram: a layer of 400 units" in texts(told)
    assert result.metrics["sparsity/connections_total"] == 1600
    assert len(result.artifacts["information_loss.csv"].content) == 400


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"connection_treshold": 0.1}, "did you mean connection_threshold?"),
        ({"connection_threshold": "0.1"}, "connection_threshold must be int or float, got '0.1'"),
        ({"connection_threshold": -1.0}, "the connection threshold must be at least 0"),
        ({"autoencoder": 1}, "autoencoder must be bool, got 1"),
        ({"output_names": "abc"}, "output_names must be a list of names"),
        ({"metric_prefix": "a/../b "}, "metric_prefix must hold at most 100 of the letters, dig"),
        ({"metric_prefix": "loss=1,"}, "metric_prefix must hold at most 100 of the letters, dig"),
        ({"code_layer": 0}, "code_layer must be that of a hidden layer, in 1…1, got 0"),
    ],
)
def test_wrong_settings_are_told_and_end_nothing(autoencoder, frame, config, message):
    with mlflow.start_run(), pytest.warns(UserWarning, match="sparse-lightning: ") as told:
        result = evaluated(autoencoder, frame, evaluator_config=config)
    assert message in texts(told)
    assert result.metrics == {}


class Skipping(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x):
        return self.last(torch.tanh(self.first(x)) + x)


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, x):
        return self.layer(self.layer(x))


def not_a_number():
    model = nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 3))
    nn.init.constant_(model[0].weight, float("nan"))
    return model


REFUSED = {
    "skip": (Skipping, "a way leads around the layer first"),
    "shared": (Shared, "the layer layer is applied more than once"),
    "convolution": (lambda: nn.Sequential(nn.Conv1d(3, 3, 1)), "only a chain of nn.Linear"),
    "NaN": (not_a_number, "weights that are no finite numbers"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_network_that_is_refused_is_told_by_a_warning(frame, kind):
    make, message = REFUSED[kind]
    with mlflow.start_run(), pytest.warns(UserWarning, match="sparse-lightning: ") as told:
        result = evaluated(make(), frame)
    assert message in texts(told)
    assert result.metrics == {}


SCRIPT = """
import mlflow, mlflow.pytorch, numpy as np, torch
from mlflow.models.evaluation.evaluator_registry import _model_evaluation_registry
from sparse_lightning.integrations.evaluation import NetworkEvaluator

mlflow.set_tracking_uri("sqlite:///script.db")
_model_evaluation_registry._registry["sparse-lightning"] = NetworkEvaluator
model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 3))
with mlflow.start_run():
    mlflow.models.evaluate(
        model, np.zeros((4, 3)), model_type="network", evaluators="sparse-lightning",
        evaluator_config={"connection_threshold": -1.0},
    )
"""


@pytest.mark.long
@pytest.mark.slow
def test_a_plain_script_sees_what_was_refused_though_mlflow_quietens_the_root_logger(store):
    """Importing `mlflow.pytorch` sets the root logger to ERROR."""
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, cwd=store
    )
    assert "UserWarning: sparse-lightning: the network cannot be read: the connection" in ran.stderr


def test_settings_are_kept(autoencoder, frame):
    config = {"connection_threshold": 0.001, "autoencoder": False, "output_names": ["x", "y", "z"]}
    config |= {"pos_label": 1}
    with mlflow.start_run():
        result = evaluated(autoencoder, frame, evaluator_config=config)
    assert result.metrics["sparsity/connections"] == 5
    outputs = result.artifacts["mappings.json"].content["outputs"]
    assert [row["class"] for row in outputs] == ["x", "y", "z"]


def test_outputs_are_classes_of_a_classifier_alone(autoencoder, frame):
    config = {"autoencoder": False}
    with mlflow.start_run():
        other = evaluated(autoencoder, frame, evaluator_config=config)
    assert (
        "The output output 3 is reached by no variable"
        in other.artifacts["description.txt"].content
    )
    assert "class" not in other.artifacts["description.txt"].content
    with mlflow.start_run(), pytest.warns(UserWarning, match="sparse-lightning: ") as told:
        evaluated(autoencoder, frame, evaluator_config={"output_names": ["x", "y", "z"]})
    assert "output_names are passed over: the outputs of an autoencoder" in texts(told)


def test_errors_that_are_no_numbers_are_told(autoencoder, frame):
    with mlflow.start_run(), pytest.warns(UserWarning, match="sparse-lightning: ") as told:
        result = evaluated(autoencoder, frame.assign(a=np.nan))
    assert (
        "no squared_error, information_loss: values that are not finite in 40 of 40 rows"
        in texts(told)
    )
    assert "sparsity/squared_error" not in result.metrics


def test_other_models_are_left_to_other_evaluators(frame):
    def doubled(rows):
        return rows["a"] * 2

    data = frame.assign(y=frame["a"])
    with mlflow.start_run():
        result = mlflow.models.evaluate(
            doubled,
            data,
            targets="y",
            model_type="regressor",
            evaluators=["regressor", "sparse-lightning"],
        )
    assert "mean_squared_error" in result.metrics
    assert not any(name.startswith("sparsity/") for name in result.metrics)
    assert not NetworkEvaluator.can_evaluate(model_type="text", evaluator_config={})


def test_importing_the_evaluator_does_not_import_torch():
    script = (
        "import sys, json, mlflow.models.evaluation.base\nbefore = 'torch' in sys.modules\n"
        "import sparse_lightning.integrations.evaluation\n"
        "print(json.dumps([before, 'torch' in sys.modules]))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    before, after = json.loads(ran.stdout.splitlines()[-1])
    assert before == after
