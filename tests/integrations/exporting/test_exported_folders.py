"""Folders of all formats, used by processes that lack this package."""

import json
import os
import re
from importlib.metadata import version
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch

from sparse_lightning.errors import InputError
from sparse_lightning.integrations.exporting import save_model, saving
from sparse_lightning.integrations.exporting.pruned import exported
from sparse_lightning.integrations.exporting.pyfunc import save_pyfunc
from sparse_lightning.weights import model_of

TORCH = ("torch", "pytorch_lightning", "lightning", "sparse_lightning")

PREDICT = """
import mlflow
import pandas as pd

model = mlflow.pyfunc.load_model(sys.argv[1])
model.predict(pd.read_parquet(sys.argv[2])).to_parquet(sys.argv[3])
print(sorted({name.split(".")[0] for name in sys.modules}))
"""

APPLY = """
import json

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

folder, inputs, outputs = sys.argv[1:]
rows = torch.from_numpy(np.load(inputs))
program = torch.export.load(folder + "/network.pt2").module()
with open(folder + "/network.json", encoding="utf-8") as file:
    layers = json.load(file)["layers"]
state = load_file(folder + "/network.safetensors")
kinds = {"tanh": nn.Tanh, "relu": nn.ReLU, "sigmoid": nn.Sigmoid, "linear": nn.Identity}
kinds["softmax"] = lambda: nn.Softmax(dim=-1)
network = nn.Sequential(
    *(
        nn.Linear(*reversed(state[f"{place}.weight"].shape)) if kind == "dense" else kinds[kind]()
        for place, kind in enumerate(layers)
    )
)
network.load_state_dict(state)
with torch.no_grad():
    np.savez(outputs, program=program(rows), one=program(rows[:1]), network=network(rows))
"""


@pytest.mark.long
def test_the_mlflow_model_needs_neither_torch_nor_this_package(
    autoencoder, frame, without, tmp_path
):
    folder = save_model(autoencoder, tmp_path / "it", threshold=0)
    frame.to_parquet(tmp_path / "rows.parquet")
    output = tmp_path / "predicted.parquet"
    loaded = without(PREDICT, TORCH, folder, tmp_path / "rows.parquet", output)
    assert "mlflow" in loaded
    assert not any(f"'{name}'" in loaded for name in TORCH)
    predicted = pd.read_parquet(output)
    columns = list(frame.columns)
    pd.testing.assert_frame_equal(predicted[columns], autoencoder.reconstruct(frame), rtol=1e-5)
    assert predicted.drop(columns=columns).to_numpy() == pytest.approx(
        autoencoder.encode(frame).to_numpy(), abs=1e-6
    )


def test_the_mlflow_model_is_pinned_described_and_holds_nothing_pickled(autoencoder, tmp_path):
    folder = save_model(autoencoder, tmp_path / "it")
    wanted = [f"{name}=={version(name)}" for name in ("mlflow", "numpy", "pandas", "safetensors")]
    assert (folder / "requirements.txt").read_text().splitlines() == wanted
    files = {path.name for path in folder.rglob("*") if path.is_file()}
    assert not [name for name in files if name.endswith((".pkl", ".pt", ".bin"))]
    assert {"network.json", "network.safetensors", "tabular_network.py"} <= files
    model = mlflow.pyfunc.load_model(folder)
    metadata = model.metadata.metadata
    assert metadata["connection_threshold"] == 0.01
    assert metadata["connections"] == exported(autoencoder, 0.01).connections
    inputs, outputs = model.metadata.signature.inputs, model.metadata.signature.outputs
    assert inputs.input_names() == list(autoencoder.encoding.columns)
    predicted = model.predict(model.input_example)
    assert outputs.input_names() == list(predicted)
    for column, kind in zip(predicted, outputs.input_types(), strict=True):
        wanted = "double" if pd.api.types.is_float_dtype(predicted[column]) else "string"
        assert kind.name == wanted, column


def test_nothing_of_the_working_folder_goes_with_the_model(autoencoder, tmp_path, monkeypatch):
    for name in ("uv.lock", "pyproject.toml", ".python-version"):
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)
    folder = save_model(autoencoder, "it")
    assert not {"uv.lock", "pyproject.toml", ".python-version"} & set(os.listdir(folder))


@pytest.mark.parametrize("threshold", [0, 0.01])
@pytest.mark.parametrize("name", ["autoencoder", "components", "classifier", "softmax_classifier"])
def test_an_onnx_file_gives_what_the_network_gives(request, frame, tmp_path, name, threshold):
    onnxruntime = pytest.importorskip("onnxruntime")
    network = request.getfixturevalue(name)
    file = save_model(network, tmp_path / "it", "onnx", threshold) / "network.onnx"
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    description = json.loads(session.get_modelmeta().custom_metadata_map["sparse_lightning"])
    assert description["inputs"] == list(network.encoding.input_names)
    assert description["encoding"] == network.encoding.to_dict()
    encoded = network.encoding.transform(frame)
    offsets, factors = np.array(network.encoding.offsets), np.array(network.encoding.factors)
    model = model_of(exported(network, threshold).layers)
    with torch.no_grad():
        expected = model(torch.from_numpy(encoded)).numpy()
    # Numbers in the user's units, 0 and 1 for levels.
    raw = encoded.astype(np.float64) * factors + offsets
    for rows in (raw, raw[:1]):
        given = dict(
            zip(
                [output.name for output in session.get_outputs()],
                session.run(None, {"inputs": rows}),
                strict=True,
            )
        )
        if network.task == "classifier":
            outputs = given["probabilities"]
        else:
            outputs = (given["reconstruction"] - offsets) / factors
            scores = given["components" if name == "components" else "codes"]
            assert scores.shape == (len(rows), len(description["codes"]))
        assert outputs == pytest.approx(expected[: len(rows)], abs=1e-6)
        if network.task != "classifier" and threshold == 0:
            codes = network.encode(frame).to_numpy()
            assert scores == pytest.approx(codes[: len(rows)], abs=1e-6)


def test_without_onnx_the_message_says_what_to_install(autoencoder, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(InputError, match=re.escape("pip install 'sparse-lightning[export]'")):
        save_model(autoencoder, tmp_path / "it", "onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
@pytest.mark.parametrize("name", ["autoencoder", "softmax_classifier"])
def test_the_torch_folder_needs_torch_alone(request, frame, without, tmp_path, name):
    network = request.getfixturevalue(name)
    folder = save_model(network, tmp_path / "it", "torch")
    encoded = network.encoding.transform(frame)
    np.save(tmp_path / "rows.npy", encoded)
    output = tmp_path / "outputs.npz"
    blocked = ("sparse_lightning", "pytorch_lightning", "lightning", "mlflow")
    without(APPLY, blocked, folder, tmp_path / "rows.npy", output)
    with torch.no_grad():
        expected = model_of(exported(network, 0.01).layers)(torch.from_numpy(encoded)).numpy()
    outputs = np.load(output)
    assert outputs["program"] == pytest.approx(expected, abs=1e-6)
    assert outputs["network"] == pytest.approx(expected, abs=1e-6)
    assert outputs["one"] == pytest.approx(expected[:1], abs=1e-6)


def test_a_folder_that_exists_is_left_alone(autoencoder, tmp_path):
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / "mine.txt").write_text("precious")
    with pytest.raises(InputError, match="it exists; name a folder that does not, or remove it"):
        save_model(autoencoder, tmp_path / "it")
    assert [path.name for path in (tmp_path / "it").iterdir()] == ["mine.txt"]


def test_a_folder_that_cannot_be_written_is_named(autoencoder, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match=r"file/it cannot be written"):
        save_model(autoencoder, tmp_path / "file" / "it")


def test_a_failure_halfway_leaves_no_folder(autoencoder, tmp_path, monkeypatch):
    def halfway(made, path):
        save_pyfunc(made, path)
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(saving._WRITERS, "pyfunc", halfway)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        save_model(autoencoder, tmp_path / "new" / "it")
    assert list(Path(tmp_path / "new").iterdir()) == []


def test_an_unknown_format_is_refused(autoencoder, tmp_path):
    with pytest.raises(InputError, match=r"no format 'onx'; did you mean onnx\? \(formats: pyf"):
        save_model(autoencoder, tmp_path / "it", "onx")  # type: ignore[arg-type]
