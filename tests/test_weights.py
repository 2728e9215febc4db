"""Weights as files: what is no network of this package is refused."""

import json

import pytest
import torch
from safetensors.torch import save
from torch import nn

from sparse_lightning.errors import TrackingError
from sparse_lightning.weights import from_safetensors, to_safetensors


def stored(layers, **weights):
    return save(weights, metadata={"layers": json.dumps(layers)})


def dense(place, inputs, outputs, value=1.0):
    shapes = {"weight": (outputs, inputs), "bias": (outputs,)}
    return {f"{place}.{name}": torch.full(shape, value) for name, shape in shapes.items()}


def test_a_network_comes_back():
    model = nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 3), nn.Sigmoid())
    back = from_safetensors(to_safetensors(model), "file")
    rows = torch.randn(4, 3)
    assert torch.equal(back(rows), model(rows))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "file does not hold a network"),
        (stored([]), "not dense ones, each with an activation"),
        (stored(["tanh"]), "not dense ones, each with an activation"),
        (stored(["dense"], **dense(0, 2, 2)), "not dense ones, each with an activation"),
        (stored(["dense", "dense"], **dense(0, 2, 2), **dense(1, 2, 2)), "has no activation"),
        (stored(["dense", "magic"], **dense(0, 2, 2)), "magic"),
        (
            stored(["dense", "tanh", "dense", "tanh"], **dense(0, 2, 3), **dense(2, 2, 2)),
            "do not fit each other",
        ),
        (stored(["dense", "tanh"], **dense(0, 2, 2, float("nan"))), "a weight is not finite"),
        (stored(["dense", "tanh"], **dense(0, 0, 2)), "a layer has no weights"),
    ],
)
def test_what_is_no_network_is_refused(content, said):
    with pytest.raises(TrackingError, match=said):
        from_safetensors(content, "file")
