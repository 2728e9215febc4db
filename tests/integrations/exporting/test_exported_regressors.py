"""Exported regressors: the targets in their units, in every format."""

import json

import mlflow
import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from torch import nn

import sparse_lightning as sl
from sparse_lightning.data.number_target import NumberTarget
from sparse_lightning.integrations.exporting.pruned import exported
from sparse_lightning.network import Network
from sparse_lightning.weights import layers_of
from tests.integrations.exporting.conftest import sparse, stack

TARGET = NumberTarget(("price", "size λ"), (100.0, 5.0), (20.0, 0.5))


@pytest.fixture(scope="module")
def regressor(encoding):
    model = sparse(stack([len(encoding.input_names), 5, 2], nn.Tanh))
    model = nn.Sequential(*list(model)[:-1], nn.Identity())
    return Network(layers_of(model), encoding, {"group": "L1"}, "d" * 32, "regressor", (), TARGET)


def pruned(network):
    return Network(
        exported(network, 0.01).layers, network.encoding, {}, "", "regressor", (), network.target
    )


def test_a_model_gives_the_targets_of_rows(regressor, frame, tmp_path):
    path = sl.save_model(regressor, tmp_path / "model")
    model = mlflow.pyfunc.load_model(str(path))
    rows = frame.set_axis(range(100, 160))
    pd.testing.assert_frame_equal(model.predict(rows), pruned(regressor).predict(rows), rtol=1e-5)
    schema = model.metadata.signature.outputs
    assert schema.input_names() == ["price", "size λ"]
    assert {str(kind) for kind in schema.input_types()} == {"DataType.double"}
    whole = sl.save_model(regressor, tmp_path / "whole", threshold=0)
    found = mlflow.pyfunc.load_model(str(whole)).predict(rows)
    pd.testing.assert_frame_equal(found, regressor.predict(rows), rtol=1e-5)


def test_onnx_gives_the_same(regressor, frame, tmp_path):
    path = sl.save_model(regressor, tmp_path / "model", format="onnx")
    session = onnxruntime.InferenceSession(path / "network.onnx")
    encoding = regressor.encoding
    inputs = encoding.transform(frame) * np.array(encoding.factors) + np.array(encoding.offsets)
    (targets,) = session.run(None, {"inputs": inputs})
    assert [one.name for one in session.get_outputs()] == ["targets"]
    np.testing.assert_allclose(targets, pruned(regressor).predict(frame), rtol=1e-5)
    about = json.loads(session.get_modelmeta().custom_metadata_map["sparse_lightning"])
    assert about["target"]["names"] == about["outputs"] == ["price", "size λ"]


def test_torch_gives_standardised_targets(regressor, frame, tmp_path):
    path = sl.save_model(regressor, tmp_path / "model", format="torch")
    program = torch.export.load(path / "network.pt2").module()
    outputs = program(torch.from_numpy(regressor.encoding.transform(frame))).detach().numpy()
    target = json.loads((path / "network.json").read_text())["target"]
    found = outputs * np.array(target["deviations"]) + np.array(target["means"])
    np.testing.assert_allclose(found, pruned(regressor).predict(frame), rtol=1e-5)
