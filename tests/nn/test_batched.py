"""Gradients written by hand against automatic ones."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from sparse_lightning.nn import batched
from sparse_lightning.nn.batched import affine, squared_error
from sparse_lightning.nn.layers import batched_layer, squared_errors_of

ACTIVATIONS = [nn.Sigmoid(), nn.Tanh(), nn.ReLU(), nn.Identity()]


def tensors(*shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
        for shape in shapes
    ]


@pytest.mark.parametrize("inputs", [(5, 3), (2, 5, 3)])
def test_affine_has_the_gradient_of_its_value(inputs):
    x, weight, bias = tensors(inputs, (2, 3, 4), (2, 1, 4))
    torch.testing.assert_close(affine(x, weight, bias), x @ weight + bias)
    assert torch.autograd.gradcheck(affine, (x, weight, bias))


@pytest.mark.parametrize("piece", [1, 2**21])
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda f: type(f).__name__)
def test_the_squared_error_has_the_gradient_of_its_value(activation, piece, monkeypatch):
    monkeypatch.setattr(batched, "PIECE_BYTES", piece)
    x, weight, bias = tensors((3, 5, 2), (3, 2, 4), (3, 1, 4))
    shared, own = (target.detach() for target in tensors((5, 4), (3, 5, 4), seed=1))
    for target in (shared, own):

        def error(x, weight, bias, target=target):
            return squared_error(x, weight, bias, activation, target)

        expected = (activation(x @ weight + bias) - target).square().sum((1, 2))
        torch.testing.assert_close(error(x, weight, bias), expected)
        assert torch.autograd.gradcheck(error, (x, weight, bias))


@pytest.mark.parametrize("frozen", [(0,), (1,), (2,), (0, 1), (0, 1, 2)])
def test_what_is_frozen_gets_no_gradient(frozen):
    given_tensors = tensors((3, 5, 2), (3, 2, 4), (3, 1, 4))
    target = torch.zeros(5, 4, dtype=torch.float64)
    for place in frozen:
        given_tensors[place].requires_grad_(False)
    error = squared_error(*given_tensors, nn.Sigmoid(), target)
    if error.requires_grad:
        error.sum().backward()
    assert [t.grad is None for t in given_tensors] == [p in frozen for p in range(3)]


def test_an_error_can_be_differentiated_twice_over_with_the_same_result():
    x, weight, bias = tensors((3, 5, 2), (3, 2, 4), (3, 1, 4))
    error = squared_error(x, weight, bias, nn.Tanh(), torch.zeros(5, 4, dtype=torch.float64)).sum()
    error.backward(retain_graph=True)
    once = weight.grad.clone()
    squared_error(x, weight, bias, nn.Tanh(), torch.ones(5, 4, dtype=torch.float64)).sum()
    error.backward()
    torch.testing.assert_close(weight.grad, 2 * once)


@given(
    replicas=st.integers(1, 5),
    units=st.tuples(*[st.integers(1, 6)] * 3),
    batch=st.integers(1, 7),
    activation=st.sampled_from(["sigmoid", "tanh", "relu", "linear", "softmax"]),
)
def test_the_last_layer_fused_with_the_error_is_the_network_and_the_error(
    replicas, units, batch, activation
):
    inputs, hidden, outputs = units
    network = nn.Sequential(
        *batched_layer(inputs, hidden, "tanh", range(replicas), 0),
        *batched_layer(hidden, outputs, activation, range(replicas), 1),
    )
    generator = torch.Generator().manual_seed(batch)
    x = torch.rand(batch, inputs, generator=generator)
    target = torch.rand(batch, outputs, generator=generator)
    found = squared_errors_of(list(network), x, target)
    gradients = torch.autograd.grad(found.sum(), list(network.parameters()))
    expected = (network(x) - target).square().sum((1, 2))
    torch.testing.assert_close(found, expected)
    for one, other in zip(
        gradients, torch.autograd.grad(expected.sum(), list(network.parameters())), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_who_looks_at_the_outputs_by_a_hook_sees_them():
    network = nn.Sequential(
        *batched_layer(3, 2, "sigmoid", [1], 0), *batched_layer(2, 3, "sigmoid", [1], 1)
    )
    seen = []
    network[3].register_forward_hook(lambda *_: seen.append(_[2].shape))
    x = torch.rand(4, 3)
    squared_errors_of(list(network), x, x)
    assert seen == [(1, 4, 3)]
