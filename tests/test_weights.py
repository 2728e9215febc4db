"""Weights as files: what is no network of this package is refused."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save
from torch import nn

from sparse_lightning.errors import InputError, TrackingError
from sparse_lightning.nn import layers as torch_layers
from sparse_lightning.weights import (
    ACTIVATIONS,
    from_safetensors,
    layers_of,
    model_of,
    to_safetensors,
)


def stored(layers, **weights):
    return save(weights, metadata={"layers": json.dumps(layers)})


def dense(place, inputs, outputs, value=1.0):
    shapes = {"weight": (outputs, inputs), "bias": (outputs,)}
    return {f"{place}.{name}": torch.full(shape, value) for name, shape in shapes.items()}


def stack():
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 1), nn.ReLU()),
        *(nn.Linear(1, 2), nn.Sigmoid(), nn.Linear(2, 3), torch_layers.UnitSoftmax()),
    )


CONTENT = to_safetensors(layers_of(stack()))


def test_a_network_survives_storage():
    model = model_of(from_safetensors(CONTENT, "here"))
    assert to_safetensors(layers_of(model)) == CONTENT
    assert [type(layer) for layer in model] == [type(layer) for layer in stack()]
    for one, other in zip(model.parameters(), stack().parameters(), strict=True):
        assert torch.equal(one, other)
    assert not model.training


@given(st.integers(0, len(CONTENT) - 1))
def test_a_torn_file_is_a_tracking_error(length):
    with pytest.raises(TrackingError, match="the file does not hold a network"):
        from_safetensors(CONTENT[:length], "the file")


@given(st.binary(max_size=200))
def test_foreign_bytes_are_a_tracking_error(content):
    with pytest.raises(TrackingError, match="the file does not hold a network"):
        from_safetensors(content, "the file")


@given(st.integers(0, len(CONTENT) - 1), st.integers(0, 255))
def test_a_changed_byte_is_harmless_or_a_tracking_error(place, byte):
    try:
        layers = from_safetensors(CONTENT[:place] + bytes([byte]) + CONTENT[place + 1 :], "here")
    except TrackingError:
        return
    assert isinstance(model_of(layers), nn.Sequential)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["dense", "tanh", "linear"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(JSON, st.lists(st.integers(0, 3), max_size=3), st.sampled_from(["float32", "int64"]))
def test_foreign_descriptions_are_harmless_or_a_tracking_error(layers, shape, dtype):
    weights = {
        "0.weight": torch.zeros(shape, dtype=getattr(torch, dtype)),
        "0.bias": torch.zeros(shape[:1]),
    }
    content = save(weights, metadata={"layers": json.dumps(layers)})
    try:
        layers = from_safetensors(content, "here")
    except TrackingError:
        return
    assert isinstance(model_of(layers), nn.Sequential)


@pytest.mark.parametrize("metadata", [None, {"other": "[]"}, {"layers": "[" * 100_000}])
def test_safetensors_of_others_are_a_tracking_error(metadata):
    with pytest.raises(TrackingError, match="run 7 does not hold a network of this package"):
        from_safetensors(save({"a": torch.ones(2)}, metadata=metadata), "run 7")


def test_the_file_is_the_one_that_torch_would_write():
    names = json.dumps(["dense", "tanh", "dense", "relu", "dense", "sigmoid", "dense", "softmax"])
    assert save(stack().state_dict(), {"layers": names}) == CONTENT


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(),
        nn.Sequential(nn.Linear(2, 2)),
        nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)),
        nn.Sequential(nn.Linear(2, 2), nn.GELU()),
        nn.Sequential(nn.Tanh(), nn.Linear(2, 2)),
    ],
)
def test_other_modules_are_no_networks(model):
    with pytest.raises(InputError, match=r"nn\.Linear ones, each with an activation"):
        layers_of(model)


@pytest.mark.parametrize("name", torch_layers.ACTIVATIONS)
def test_activations_of_arrays_are_those_of_torch(name):
    values = np.random.default_rng(1).normal(0, 30, (20, 5))
    expected = torch_layers.ACTIVATIONS[name]()(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(ACTIVATIONS[name](values), expected, rtol=1e-12, atol=1e-300)
    assert set(ACTIVATIONS) == set(torch_layers.ACTIVATIONS)


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
