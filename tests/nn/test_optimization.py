"""Rates, schedules and clipping, replica by replica."""

import pytest
import torch
from torch import nn

from sparse_lightning.nn.optimization import (
    ReplicaRates,
    clip_by_replica,
    make_optimizer,
    silence,
    tail_schedule,
)


def descend(kind, rates, learning_rate, steps=5):
    """Weights of two replicas after some steps on a quadratic."""
    weight = nn.Parameter(torch.tensor([[1.0, -2.0], [1.0, -2.0]]))
    optimizer = make_optimizer(kind, [weight], learning_rate)
    factors = ReplicaRates(optimizer, torch.tensor(rates))
    for _ in range(steps):
        optimizer.zero_grad()
        weight.square().sum().backward()
        optimizer.step()
    return weight.detach(), factors


@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_half_a_rate_is_half_the_learning_rate(kind):
    mixed, _ = descend(kind, [1.0, 0.5], 0.02)
    whole, _ = descend(kind, [1.0, 1.0], 0.02)
    half, _ = descend(kind, [1.0, 1.0], 0.01)
    torch.testing.assert_close(mixed[0], whole[0], rtol=0, atol=0)
    torch.testing.assert_close(mixed[1], half[1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_a_rate_of_zero_freezes(kind):
    weight, _ = descend(kind, [0.0, 1.0], 0.02)
    assert weight[0].tolist() == [1.0, -2.0]
    assert weight[1].tolist() != [1.0, -2.0]


def test_freezing_later_keeps_weights_even_from_updates_that_are_not_finite():
    weight = nn.Parameter(torch.ones(2, 3))
    optimizer = make_optimizer("sgd", [weight], 0.1)
    rates = ReplicaRates(optimizer, torch.ones(2))
    rates.freeze(torch.tensor([False, True]))
    weight.grad = torch.tensor([[1.0] * 3, [float("nan")] * 3])
    optimizer.step()
    torch.testing.assert_close(weight.detach(), torch.tensor([[0.9] * 3, [1.0] * 3]))


@pytest.mark.parametrize(
    ("epochs", "tail", "expected"),
    [
        (5, 0.2, [1, 1, 1, 1, 0.1]),
        (4, 0.5, [1, 1, 0.1, 0.1]),
        (3, 0.0, [1, 1, 1]),
        (3, 1.0, [0.1, 0.1, 0.1]),
    ],
)
def test_the_tail_of_the_epochs_has_a_smaller_rate(epochs, tail, expected):
    optimizer = make_optimizer("sgd", [nn.Parameter(torch.ones(1, 1))], 0.5)
    schedule = tail_schedule(optimizer, epochs, tail, 0.1)
    rates = []
    for _ in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx([0.5 * factor for factor in expected])


def with_gradients(*gradients):
    parameters = [nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.clone()
    return parameters


def test_clipping_limits_the_norm_of_each_replica_alone():
    generator = torch.Generator().manual_seed(0)
    size = torch.tensor([0.001, 1.0, 1000.0]).view(3, 1, 1)
    gradients = [torch.randn(3, 4, 2, generator=generator) * size for _ in range(2)]
    parameters = with_gradients(*gradients)
    clip_by_replica(parameters, 0.5)
    for replica in range(3):
        clipped = torch.cat([p.grad[replica].flatten() for p in parameters])
        whole = torch.cat([gradient[replica].flatten() for gradient in gradients])
        expected = whole * min(1.0, 0.5 / whole.norm().item())
        torch.testing.assert_close(clipped, expected)
    assert torch.equal(parameters[0].grad[0], gradients[0][0])


def test_clipping_a_replica_that_is_not_finite_leaves_the_others_alone():
    gradient = torch.ones(3, 2, 2)
    gradient[1] = float("inf")
    (parameter,) = with_gradients(gradient)
    clip_by_replica([parameter], 10.0)
    assert torch.equal(parameter.grad[[0, 2]], torch.ones(2, 2, 2))


def test_silence_zeroes_the_gradients_of_failed_replicas():
    (parameter,) = with_gradients(torch.full((2, 3), float("nan")))
    silence([parameter, nn.Parameter(torch.ones(2, 1))], torch.tensor([True, False]))
    assert parameter.grad[0].tolist() == [0, 0, 0]
    assert parameter.grad[1].isnan().all()


def test_frozen_parameters_are_left_to_themselves():
    trainable, frozen = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    frozen.requires_grad_(False)
    (group,) = make_optimizer("adam", [trainable, frozen], 0.1).param_groups
    assert group["params"] == [trainable]
