"""Back-propagation without a graph against the graph of `squared_errors_of`."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrize

from sparse_lightning.nn.backpropagation import Backpropagation, OutputPenalty
from sparse_lightning.nn.layers import batched_layer, flatten, squared_errors_of

REPLICAS = 3


def network(units=(4, 3, 2, 4), activation="sigmoid"):
    layers = [
        batched_layer(below, above, activation, range(REPLICAS), place)
        for place, (below, above) in enumerate(pairwise(units))
    ]
    return nn.Sequential(*layers)


def rows(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


class Squares(OutputPenalty):
    """Σ h², with a graph and without."""

    def __call__(self, module, inputs, output):
        output.register_hook(lambda gradient: gradient + 2 * output.detach())

    def add(self, outputs, gradient):
        gradient.add_(2 * outputs)


def by_graph(population, x, target, scale):
    error = squared_errors_of(flatten(population), x, target)
    return error, torch.autograd.grad((error * scale).sum(), list(population.parameters()))


def by_hand(backpropagation, x, target, scale, population):
    error = backpropagation.errors(x, target)
    backpropagation.backward(scale)
    return error, [parameter.grad for parameter in population.parameters()]


def assert_same(one, other):
    torch.testing.assert_close(one[0], other[0], rtol=0, atol=0)
    for mine, theirs in zip(one[1], other[1], strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=0)


@given(
    units=st.lists(st.integers(1, 6), min_size=3, max_size=5),
    batches=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    activation=st.sampled_from(["sigmoid", "tanh", "relu", "linear"]),
    shared=st.booleans(),
    penalised=st.booleans(),
)
def test_errors_and_gradients_are_those_of_the_graph_bit_for_bit(
    units, batches, activation, shared, penalised
):
    population = network(units, activation)
    layers = flatten(population)
    for layer in layers[1:-1:2] if penalised else ():
        layer.register_forward_hook(Squares())
    backpropagation = Backpropagation(layers)
    scale = torch.tensor([0.5, 0.0, 1 / 3])
    for seed, batch in enumerate(batches):
        shape = () if shared else (REPLICAS,)
        x = rows(*shape, batch, units[0], seed=seed)
        target = rows(*shape, batch, units[-1], seed=seed + 9)
        assert backpropagation.serves(x)
        assert_same(
            by_hand(backpropagation, x, target, scale, population),
            by_graph(population, x, target, scale),
        )


def test_it_does_not_serve_where_somebody_looks_at_a_layer():
    population = network()
    layers, x = flatten(population), rows(5, 4)
    backpropagation = Backpropagation(layers)
    for layer in layers:
        handles = [layer.register_forward_hook(lambda *_: None)]
        assert not backpropagation.serves(x)
        handles += [
            layer.register_forward_pre_hook(lambda *_: None),
            layer.register_full_backward_hook(lambda *_: None),
        ]
        for handle in handles:
            handle.remove()
        assert backpropagation.serves(x)
    layers[-1].register_forward_hook(Squares())  # of outputs it never has
    assert not backpropagation.serves(x)


def test_it_does_not_serve_other_layers_numbers_or_precisions():
    x = rows(5, 4)
    one_layer, soft, frozen, computed = network((4, 4)), network(), network(), network()
    layers = [*flatten(soft)[:-2], *batched_layer(2, 4, "softmax", range(REPLICAS), 2)]
    flatten(frozen)[0].weight.requires_grad_(False)
    parametrize.register_parametrization(flatten(computed)[0], "weight", nn.Identity())
    assert not Backpropagation(flatten(one_layer)).serves(x)
    assert not Backpropagation(layers).serves(x)
    assert not Backpropagation(flatten(frozen)).serves(x)
    assert not Backpropagation(flatten(computed)).serves(x)
    assert not Backpropagation(()).serves(x)
    plain = Backpropagation(flatten(network()))
    assert not plain.serves(x.double())
    assert not plain.serves(x.bfloat16())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert not plain.serves(x)
    assert plain.serves(x)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_replica_that_is_not_finite_changes_no_other(bad):
    population = network()
    x, scale = rows(5, 4), torch.ones(REPLICAS)
    sound = by_graph(population, x, x, scale)[1]
    with torch.no_grad():
        flatten(population)[0].weight[1] = bad
    _, gradients = by_hand(Backpropagation(flatten(population)), x, x, scale, population)
    for one, other in zip(gradients, sound, strict=True):
        torch.testing.assert_close(one[[0, 2]], other[[0, 2]], rtol=0, atol=0)
