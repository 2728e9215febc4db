"""The penalties: values by numpy, gradients by autograd and differences, steps by brute force."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from jaxtyping import TypeCheckError

from sparse_lightning import penalties

FLOATS = st.floats(-2, 2, width=32)
THRESHOLDS = st.floats(0.01, 2.5)


@st.composite
def outputs(draw, elements=FLOATS, values=THRESHOLDS):
    shape = array_shapes(min_dims=3, max_dims=3, max_side=5)
    array = draw(arrays(np.float64, shape, elements=elements))
    return array, _one_each(draw, len(array), values)


PROBABLE = outputs(st.floats(0.02, 0.98), st.floats(0.02, 0.98))


def _one_each(draw, replicas, values):
    return np.array(draw(st.lists(values, min_size=replicas, max_size=replicas)))


def tensors(*values):
    return tuple(torch.tensor(value, dtype=torch.float64) for value in values)


# What each penalty is, one replica at a time, as the definition reads.


def kl(hidden, rho):
    mean = hidden.mean(0)
    return np.sum(rho * np.log(rho / mean) + (1 - rho) * np.log((1 - rho) / (1 - mean)))


def covariance(hidden, _):
    matrix = np.atleast_2d(np.cov(hidden, rowvar=False, bias=True))
    return sum(matrix[i, j] ** 2 for i in range(len(matrix)) for j in range(len(matrix)) if i != j)


DEFINITIONS = {
    "l1": lambda w, _: np.abs(w).sum(),
    "selective_l1": lambda w, theta: sum(abs(x) for x in w.flat if abs(x) < theta),
    "hidden_l1": lambda h, tau: np.mean([sum(abs(x) for x in row if abs(x) < tau) for row in h]),
    "hidden_l2": lambda h, tau: np.mean([sum(x * x for x in row if abs(x) < tau) for row in h]),
    "hidden_kl": kl,
    "hidden_covariance": covariance,
}
WITHOUT_PARAMETER = ("l1", "hidden_covariance")


def penalty_of(name, tensor, parameter):
    function = getattr(penalties, name)
    return (
        function(tensor)
        if name.removesuffix("_gradient") in WITHOUT_PARAMETER
        else function(tensor, parameter)
    )


def drawn_for(name):
    return PROBABLE if name == "hidden_kl" else outputs()


@pytest.mark.parametrize("name", DEFINITIONS)
@settings(max_examples=25)
@given(data=st.data())
def test_value_is_the_definition_and_never_negative(name, data):
    array, parameter = data.draw(drawn_for(name))
    value = penalty_of(name, *tensors(array, parameter)).numpy()
    expected = [DEFINITIONS[name](one, p) for one, p in zip(array, parameter, strict=True)]
    np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-12)
    assert (value >= -1e-14).all()


@pytest.mark.parametrize("name", DEFINITIONS)
@settings(max_examples=25)
@given(data=st.data())
def test_order_of_rows_units_and_replicas_does_not_matter(name, data):
    array, parameter = tensors(*data.draw(drawn_for(name)))
    value = penalty_of(name, array, parameter)
    for axis in (1, 2):
        order = data.draw(st.permutations(range(array.shape[axis])))
        moved = array.index_select(axis, torch.tensor(order))
        torch.testing.assert_close(penalty_of(name, moved, parameter), value)
    order = torch.tensor(data.draw(st.permutations(range(len(array)))))
    torch.testing.assert_close(penalty_of(name, array[order], parameter[order]), value[order])


@pytest.mark.parametrize("name", DEFINITIONS)
@settings(max_examples=25)
@given(data=st.data())
def test_gradient_is_that_of_autograd(name, data):
    array, parameter = tensors(*data.draw(drawn_for(name)))
    array.requires_grad_()
    (expected,) = torch.autograd.grad(penalty_of(name, array, parameter).sum(), array)
    gradient = penalty_of(f"{name}_gradient", array.detach(), parameter)
    torch.testing.assert_close(gradient, expected, rtol=1e-9, atol=1e-12)


def away_from_kinks(seed, low=-1.0, high=1.0):
    """Values that stay further than 0.01 from 0 and from the threshold 0.5."""
    drawn = np.random.default_rng(seed).uniform(low, high, (3, 4, 5))
    for kink in (0.0, 0.5, -0.5):
        near = np.abs(drawn - kink) < 0.01
        drawn[near] = kink + 0.02
    return drawn


@pytest.mark.parametrize("name", DEFINITIONS)
def test_gradient_is_the_limit_of_differences(name):
    array = away_from_kinks(1, 0.05 if name == "hidden_kl" else -1.0, 0.95)
    array, parameter = tensors(array, np.full(3, 0.5))
    gradient = penalty_of(f"{name}_gradient", array, parameter)
    step = 1e-6
    for place in np.ndindex(array.shape):
        moved = torch.zeros_like(array)
        moved[place] = step
        up, down = (penalty_of(name, array + sign * moved, parameter) for sign in (1, -1))
        difference = ((up - down) / (2 * step))[place[0]]
        torch.testing.assert_close(gradient[place], difference, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_autograd_of_the_value_passes_gradcheck(name):
    array = away_from_kinks(2, 0.05 if name == "hidden_kl" else -1.0, 0.95)
    array, parameter = tensors(array, np.full(3, 0.5))
    assert torch.autograd.gradcheck(
        lambda tensor: penalty_of(name, tensor, parameter), array.requires_grad_()
    )


def test_gradients_vanish_at_zero_and_at_the_threshold():
    weight, theta = torch.tensor([[0.0, 0.1, -0.1]]), torch.tensor([0.1])
    assert penalties.l1_gradient(weight)[0, 0] == 0
    assert penalties.selective_l1_gradient(weight, theta).tolist() == [[0, 0, 0]]
    assert penalties.selective_l1(weight, theta).item() == 0


@pytest.mark.parametrize("saturated", [0.0, 1.0])
def test_kl_of_saturated_units_is_finite_and_pulls_them_back(saturated):
    hidden, rho = torch.full((1, 4, 2), saturated), torch.tensor([0.3])
    assert penalties.hidden_kl(hidden, rho).isfinite().all()
    gradient = penalties.hidden_kl_gradient(hidden, rho)
    assert gradient.isfinite().all()
    assert (gradient.sign() == (1 if saturated else -1)).all()


def test_kl_is_zero_where_the_mean_is_the_sparsity():
    hidden = torch.tensor([[[0.1, 0.3], [0.3, 0.1]]], dtype=torch.float64)
    rho = torch.tensor([0.2], dtype=torch.float64)
    torch.testing.assert_close(penalties.hidden_kl(hidden, rho), torch.zeros_like(rho))


@settings(max_examples=25)
@given(case=outputs(values=st.floats(0.02, 0.98)))
def test_squashed_kl_is_that_of_the_mean_activity(case):
    hidden, rho = tensors(*case)
    hidden[hidden == 0] = 0.5  # a silent unit has its mean held inside, tested above
    activity = hidden.abs().tanh()
    value = penalties.hidden_kl(hidden, rho, squash=True)
    torch.testing.assert_close(value, penalties.hidden_kl(activity, rho))
    torch.testing.assert_close(value, penalties.hidden_kl(-hidden, rho, squash=True))


@settings(max_examples=25)
@given(case=outputs(values=st.floats(0.02, 0.98)))
def test_gradient_of_squashed_kl_is_that_of_autograd(case):
    hidden, rho = tensors(*case)
    hidden[hidden.abs() < 1e-3] = 0.5
    hidden.requires_grad_()
    value = penalties.hidden_kl(hidden, rho, squash=True).sum()
    (expected,) = torch.autograd.grad(value, hidden)
    gradient = penalties.hidden_kl_gradient(hidden.detach(), rho, squash=True)
    torch.testing.assert_close(gradient, expected, rtol=1e-9, atol=1e-12)


@settings(max_examples=25)
@given(case=outputs(), step=st.floats(0, 1.5))
def test_proximal_l1_minimises_its_objective(case, step):
    array, _ = case
    weight = torch.tensor(array)
    found = penalties.proximal_l1(weight, torch.full((len(array),), step, dtype=torch.float64))
    best = brute_force(array, step, lambda u: np.abs(u))
    np.testing.assert_allclose(found.numpy(), best, atol=GRID)


@settings(max_examples=25)
@given(case=outputs(), step=st.floats(0, 1.5))
def test_proximal_selective_l1_reaches_the_smallest_objective(case, step):
    array, theta = case
    steps = torch.full((len(array),), step, dtype=torch.float64)
    found = penalties.proximal_selective_l1(*tensors(array), steps, *tensors(theta)).numpy()
    for weight, solution, threshold in zip(array, found, theta, strict=True):

        def penalty(u, threshold=threshold):
            # The jump lands on θ, where rounding must not decide what is below.
            return np.abs(u) * (np.abs(u) < threshold - 1e-9)

        best = brute_force(weight, step, penalty, extra=(threshold, -threshold))
        cost = 0.5 * (solution - weight) ** 2 + step * penalty(solution)
        smallest = 0.5 * (best - weight) ** 2 + step * penalty(best)
        # The grid is too coarse by at most one cell, the solution never worse than the grid.
        assert (cost <= smallest + 1e-9).all()
        assert (cost >= smallest - 4 * GRID).all()


def test_proximal_selective_l1_jumps_where_that_is_cheaper():
    # t = 0.3, θ = 0.5: from 0.45, soft thresholding costs 0.09, the jump to 0.5 only 0.00125.
    weight = torch.tensor([[0.45, -0.45, 0.1, 0.5, -0.7]])
    moved = penalties.proximal_selective_l1(weight, torch.tensor([0.3]), torch.tensor([0.5]))
    torch.testing.assert_close(moved, torch.tensor([[0.5, -0.5, 0.0, 0.5, -0.7]]))


GRID = 0.005


def brute_force(weight, step, penalty, extra=()):
    """The best of a fine grid of u for ½(u − w)² + t·penalty(u), for every w."""
    grid = np.concatenate([np.arange(-2.6, 2.6, GRID), [0.0], np.array(extra)])
    cost = 0.5 * (grid - weight[..., None]) ** 2 + step * penalty(grid)
    return grid[cost.argmin(-1)]


def test_shapes_are_checked_while_testing():
    with pytest.raises(TypeCheckError):
        penalties.selective_l1(torch.zeros(2, 3), torch.zeros(3))
