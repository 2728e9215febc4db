"""Populations: batched layers against ordinary ones, and taking replicas out and back."""

import numpy as np
import pytest
import torch
from torch import nn

from sparse_lightning.nn.layers import (
    ACTIVATIONS,
    BatchedLinear,
    batched_layer,
    clear,
    connections,
    flatten,
    linear_layers,
    put,
    single,
    take,
)

SEEDS = [3, 1, 4, 1]


@pytest.fixture
def network():
    return nn.Sequential(
        batched_layer(5, 3, "tanh", SEEDS, layer=0), batched_layer(3, 5, "sigmoid", SEEDS, layer=1)
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_each_replica_computes_what_an_ordinary_network_does(activation):
    population = nn.Sequential(
        batched_layer(5, 3, activation, SEEDS, 0), batched_layer(3, 2, "linear", SEEDS, 1)
    )
    rows = torch.rand(7, 5, generator=torch.Generator().manual_seed(0))
    outputs = population(rows)
    assert outputs.shape == (4, 7, 2)
    for replica in range(4):
        torch.testing.assert_close(outputs[replica], single(population, replica)(rows))


def test_rows_may_be_shared_or_one_table_a_replica(network):
    rows = torch.rand(4, 7, 5)
    outputs = network(rows)
    for replica in range(4):
        torch.testing.assert_close(outputs[replica], network(rows[replica])[replica])


def test_initial_weights_depend_on_seed_and_layer_alone(network):
    alone = batched_layer(5, 3, "tanh", [4], layer=0)
    (first, second) = linear_layers(network)
    assert torch.equal(first.weight[2:3], alone[0].weight)
    assert torch.equal(first.bias[2:3], alone[0].bias)
    assert torch.equal(first.weight[1], first.weight[3])
    assert not torch.equal(first.weight[0], first.weight[1])
    assert not torch.equal(first.weight.flatten(), second.weight.flatten())


def test_initial_weights_fill_the_range_of_torch_linear():
    layer = BatchedLinear.initialise(100, 50, [0])
    for drawn in (layer.weight, layer.bias):
        assert drawn.abs().max() <= 0.1
        assert drawn.abs().max() > 0.09
    assert abs(layer.weight.mean()) < 0.005
    np.testing.assert_allclose(layer.weight.std().item(), 0.2 / np.sqrt(12), rtol=0.05)


def test_initialisation_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    BatchedLinear.initialise(3, 2, [1, 2])
    assert torch.equal(torch.get_rng_state(), state)


def test_take_copies_and_put_writes_back(network):
    before = [layer.weight.detach().clone() for layer in linear_layers(network)]
    part = take(network, slice(1, 3))
    with torch.no_grad():
        for layer in linear_layers(part):
            layer.weight.fill_(7.0)
            layer.bias.fill_(8.0)
    for layer, weight in zip(linear_layers(network), before, strict=True):
        assert torch.equal(layer.weight, weight)
    put(network, slice(1, 3), part)
    for layer, weight in zip(linear_layers(network), before, strict=True):
        assert (layer.weight[1:3] == 7).all()
        assert (layer.bias[1:3] == 8).all()
        assert torch.equal(layer.weight[[0, 3]], weight[[0, 3]])


def test_take_orders_replicas_as_asked(network):
    moved = take(network, [2, 0])
    rows = torch.rand(3, 5)
    torch.testing.assert_close(moved(rows), network(rows)[[2, 0]])
    assert [type(layer) for layer in flatten(moved)] == [type(layer) for layer in flatten(network)]


def test_clear_sets_only_the_given_replicas_to_zero(network):
    kept = take(network, [0, 3])
    clear(linear_layers(network), torch.tensor([False, True, True, False]))
    for layer, other in zip(linear_layers(network), linear_layers(kept), strict=True):
        assert not layer.weight[1:3].any()
        assert not layer.bias[1:3].any()
        assert torch.equal(layer.weight[[0, 3]], other.weight)


def test_connections_are_weights_above_the_threshold_and_never_biases():
    layer = BatchedLinear(
        torch.tensor([[[0.5, -0.5], [0.01, 0.0]], [[0.0, 0.0], [0.0, 0.011]]]),
        torch.full((2, 1, 2), 9.0),
    )
    assert connections(nn.Sequential(layer, layer), 0.01).tolist() == [4.0, 2.0]
