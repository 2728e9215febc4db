from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning.integrations.exporting.pruned import prune, without
from sparse_lightning.interpret.structure import Structure
from sparse_lightning.weights import ACTIVATIONS, Layer, layers_of


def outputs_of(layers, rows):
    for layer in layers:
        rows = ACTIVATIONS[layer.activation](rows @ layer.weight.T + layer.bias)
    return rows


def thresholded(layers, threshold):
    return [
        replace(layer, weight=np.where(np.abs(layer.weight) <= threshold, 0, layer.weight))
        for layer in layers
    ]


def structure_of(layers, threshold):
    weights = [layer.weight for layer in layers]
    inputs = [f"in {n}" for n in range(weights[0].shape[1])]
    outputs = [f"out {n}" for n in range(len(weights[-1]))]
    return Structure.of(weights, inputs, outputs, threshold=threshold)


@st.composite
def networks(draw):
    widths = draw(st.lists(st.integers(1, 5), min_size=2, max_size=6))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sparsity = draw(st.sampled_from([0.2, 0.5, 0.8, 1.0]))
    activation = draw(st.sampled_from(["linear", "relu", "sigmoid", "tanh"]))
    layers = []
    for inputs, outputs in pairwise(widths):
        weight = generator.normal(size=(outputs, inputs))
        weight[generator.random(weight.shape) < sparsity] *= 0.01
        layers.append(Layer(weight, generator.normal(size=outputs), activation))
    return layers, generator.normal(size=(7, widths[0]))


@given(networks())
def test_pruned_and_thresholded_outputs_are_equal(case):
    layers, rows = case
    before = [layer.weight.copy() for layer in layers]
    expected = outputs_of(thresholded(layers, 0.05), rows)
    np.testing.assert_allclose(outputs_of(prune(layers, 0.05), rows), expected, atol=1e-12)
    for weight, layer in zip(before, layers, strict=True):
        np.testing.assert_array_equal(weight, layer.weight)


@given(networks())
def test_nothing_is_left_to_prune(case):
    layers, _ = case
    structure = structure_of(layers, 0.05)
    again = structure_of(prune(layers, 0.05), 0)
    for live, left in zip(structure.live_weights, again.weights, strict=True):
        np.testing.assert_array_equal(live, left)
    for layer, alive in enumerate(structure.alive):
        np.testing.assert_array_equal(alive, again.alive[layer])


@given(networks())
def test_without_its_dead_units_a_pruned_network_gives_the_same(case):
    layers, rows = case
    units = [alive if alive.any() else ~alive for alive in structure_of(layers, 0.05).alive]
    units[0], units[-1] = np.ones_like(units[0]), np.ones_like(units[-1])
    pruned = prune(layers, 0.05)
    smaller = without(pruned, units)
    np.testing.assert_allclose(outputs_of(smaller, rows), outputs_of(pruned, rows), atol=1e-12)
    assert [len(layer.bias) for layer in smaller] == [int(alive.sum()) for alive in units[1:]]


def test_a_unit_without_inputs_becomes_a_bias():
    layers = [
        Layer(np.array([[weight]]), np.array([bias]), "tanh")
        for weight, bias in ((0.001, 0.3), (2.0, 0.1))
    ]
    first, second = prune(layers)
    assert first.weight.item() == second.weight.item() == 0
    assert second.bias.item() == pytest.approx(0.1 + 2 * np.tanh(0.3))


def test_a_trained_network_keeps_its_outputs_and_its_precision(wine):
    model, _, rows = wine
    layers = layers_of(model)
    pruned = prune(layers, 0.05)
    expected = outputs_of(thresholded(layers, 0.05), rows.numpy())
    np.testing.assert_allclose(outputs_of(pruned, rows.numpy()), expected, atol=1e-5, rtol=1e-5)
    assert {values.dtype for one in pruned for values in (one.weight, one.bias)} == {
        np.dtype(np.float32)
    }
