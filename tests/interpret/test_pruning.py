from copy import deepcopy
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from sparse_lightning.interpret.pruning import prune
from sparse_lightning.interpret.structure import Structure, layers_of
from sparse_lightning.nn.layers import ACTIVATIONS


def thresholded(model, threshold):
    copy = deepcopy(model)
    with torch.no_grad():
        for layer in copy:
            if isinstance(layer, nn.Linear):
                layer.weight[layer.weight.abs() <= threshold] = 0.0
    return copy


@st.composite
def networks(draw):
    widths = draw(st.lists(st.integers(1, 5), min_size=2, max_size=6))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sparsity = draw(st.sampled_from([0.2, 0.5, 0.8, 1.0]))
    activation = ACTIVATIONS[draw(st.sampled_from(["linear", "relu", "sigmoid", "tanh"]))]
    model = nn.Sequential()
    for inputs, outputs in pairwise(widths):
        linear = nn.Linear(inputs, outputs, bias=draw(st.booleans()), dtype=torch.float64)
        weights = generator.normal(size=(outputs, inputs))
        weights[generator.random(weights.shape) < sparsity] *= 0.01
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weights))
            if linear.bias is not None:
                linear.bias.copy_(torch.from_numpy(generator.normal(size=outputs)))
        model.extend([linear, activation()])
    return model, torch.from_numpy(generator.normal(size=(7, widths[0])))


@given(networks())
def test_pruned_and_thresholded_outputs_are_equal(case):
    model, rows = case
    before = deepcopy(model.state_dict())
    torch.testing.assert_close(prune(model, 0.05)(rows), thresholded(model, 0.05)(rows))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@given(networks())
def test_nothing_is_left_to_prune(case):
    model, _ = case
    widths = [layer.weight.shape for layer in model if isinstance(layer, nn.Linear)]
    names = [f"in {n}" for n in range(widths[0][1])], [f"out {n}" for n in range(widths[-1][0])]
    structure = Structure.of(model, *names, threshold=0.05)
    again = Structure.of(prune(model, 0.05), *names, threshold=0)
    for live, left in zip(structure.live_weights, again.weights, strict=True):
        np.testing.assert_array_equal(live, left)
    for layer, alive in enumerate(structure.alive):
        np.testing.assert_array_equal(alive, again.alive[layer])


def test_a_unit_without_inputs_becomes_a_bias(layered):
    model = layered([[0.001]], [[2.0]], biases=[[0.3], [0.1]], activation=nn.Tanh)
    pruned = prune(model)
    assert pruned[0].weight.item() == pruned[2].weight.item() == 0
    assert pruned[2].bias.item() == pytest.approx(0.1 + 2 * np.tanh(0.3))


def test_a_trained_network_keeps_its_outputs(wine):
    model, _, rows = wine
    expected = thresholded(model, 0.05)(rows)
    torch.testing.assert_close(prune(model, 0.05)(rows), expected, atol=1e-5, rtol=1e-5)
    assert len(layers_of(model)) == 4
