"""The penalties beyond the published six: values, gradients, and proximal steps by minimisation."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize

from sparse_lightning import penalties

WEIGHTS = st.lists(st.floats(-2, 2), min_size=6, max_size=6)
STEPS, THETAS = st.floats(0, 1.5), st.floats(0.05, 1.5)

# Their slopes as the publications give them, for |w| > 0 and θ.
SLOPES = {
    "mcp": lambda x, theta: max(1 - x / theta, 0),
    "scad": lambda x, theta: 1 if x <= theta else max((3.7 - x / theta) / 2.7, 0),
    "log_sum": lambda x, theta: theta / (theta + x),
}


def one(values):
    return torch.tensor(values, dtype=torch.float64)


def tensor(values):
    return one(values).view(1, 2, 3)


@pytest.mark.parametrize("name", SLOPES)
@settings(max_examples=25)
@given(weights=WEIGHTS, theta=THETAS)
def test_a_concave_penalty_is_the_integral_of_its_slope(name, weights, theta):
    value = getattr(penalties, name)(tensor(weights), one([theta])).item()
    points = [theta, 3.7 * theta]
    expected = sum(
        quad(SLOPES[name], 0, abs(w), args=(theta,), points=[p for p in points if p < abs(w)])[0]
        for w in weights
        if abs(w) > 1e-12
    )
    assert value == pytest.approx(expected, abs=1e-7)


def arguments(name, theta):
    return {
        "elastic_net": (0.3,),
        "group_lasso": (),
        "hoyer_square": (),
    }.get(name, (one([theta]),))


@pytest.mark.parametrize(
    "name", [*SLOPES, "elastic_net", "group_lasso", "hoyer_square", "hidden_trimmed"]
)
@settings(max_examples=25)
@given(weights=WEIGHTS, theta=st.floats(0.05, 0.95))
def test_gradients_are_those_of_autograd(name, weights, theta):
    # Where two pieces of a penalty meet, automatic differentiation adds up the slopes of both.
    assume(all(abs(abs(w) - theta) > 1e-6 for w in (*weights, 0.3)))
    variable = tensor([w if abs(w) > 1e-2 else 0.3 for w in weights]).requires_grad_()
    value = getattr(penalties, name)(variable, *arguments(name, theta))
    (expected,) = torch.autograd.grad(value.sum(), variable)
    found = getattr(penalties, f"{name}_gradient")(variable.detach(), *arguments(name, theta))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", [*SLOPES, "elastic_net"])
@settings(max_examples=40)
@given(weights=WEIGHTS, step=STEPS, theta=THETAS)
def test_proximal_steps_reach_the_smallest_objective(name, weights, step, theta):
    def cost(u, w):
        flat = u.reshape(-1, 1)
        arguments_of = arguments(name, theta)
        if name != "elastic_net":
            arguments_of = (one([theta]).expand(len(flat)),)
        penalty = getattr(penalties, name)(torch.from_numpy(flat), *arguments_of).numpy()
        return 0.5 * (u - w) ** 2 + step * penalty

    array = np.array(weights)
    found = getattr(penalties, f"proximal_{name}")(
        tensor(weights), one([step]), *arguments(name, theta)
    )
    grid = np.concatenate([np.linspace(-2.2, 2.2, 2001), array, [0.0]])
    reached = cost(found.numpy().ravel(), array)
    least = np.array([cost(grid, w).min() for w in array])
    assert (reached <= least + 1e-9).all()
    assert (reached >= least - 0.01).all()


@settings(max_examples=15)
@given(weights=WEIGHTS, step=st.floats(0.01, 1.0))
def test_the_proximal_step_of_the_group_lasso_minimises_its_objective(weights, step):
    weight = tensor(weights)

    def cost(values):
        u = tensor(values)
        penalty = step * penalties.group_lasso(u)
        return float((0.5 * (u - weight).square().sum() + penalty).sum())

    found = penalties.proximal_group_lasso(weight, one([step]))
    start = np.array(weights) * 0.5 + 0.01
    best = minimize(cost, start, method="Powell", options={"xtol": 1e-8, "ftol": 1e-12}).fun
    assert cost(found.numpy().ravel().tolist()) <= best + 1e-8


def test_published_forms():
    """With θ = γλ and θ = λ they are MCP and SCAD as published, at points of every piece."""
    lam, gamma, a = 0.5, 3.0, 3.7
    for w in (0.2, 0.9, 1.4, 2.5):
        published = lam * w - w * w / (2 * gamma) if w <= gamma * lam else gamma * lam**2 / 2
        value = lam * penalties.mcp(one([[w]]), one([gamma * lam])).item()
        assert value == pytest.approx(published)
        if w <= lam:
            published = lam * w
        elif w <= a * lam:
            published = (2 * a * lam * w - w * w - lam * lam) / (2 * (a - 1))
        else:
            published = lam * lam * (a + 1) / 2
        assert lam * penalties.scad(one([[w]]), one([lam])).item() == pytest.approx(published)


def test_hoyer_square_counts_weights_of_one_size_and_knows_no_scale():
    weight = one([[0.3, -0.3, 0.0, 0.3], [5.0, 0.0, 0.0, 0.0]])
    torch.testing.assert_close(penalties.hoyer_square(weight), one([3.0, 1.0]))
    torch.testing.assert_close(penalties.hoyer_square(7 * weight), one([3.0, 1.0]))
    assert penalties.hoyer_square_gradient(torch.zeros(1, 4)).tolist() == [[0, 0, 0, 0]]


def test_group_lasso_takes_away_whole_units():
    weight = one([[[0.1, -0.1], [3.0, 4.0]]])
    moved = penalties.proximal_group_lasso(weight, one([0.5]))
    assert moved[0, 0].tolist() == [0, 0]
    torch.testing.assert_close(moved[0, 1], one([3.0, 4.0]) * (1 - 0.5 * 2**0.5 / 5))
    assert penalties.group_lasso_gradient(torch.zeros(1, 2, 3)).tolist() == [[[0] * 3] * 2]


def test_trimmed_penalty_is_zero_of_k_sparse_codes_only():
    hidden = one([[[0.9, 0.0, -0.5, 0.0], [0.1, 0.2, 0.3, -0.4]]])
    value = penalties.hidden_trimmed(hidden, one([0.5]))
    torch.testing.assert_close(value, one([(0.1 + 0.2) / 2]))
    gradient = penalties.hidden_trimmed_gradient(hidden, one([0.5]))
    assert gradient[0].tolist() == [[0, 0, 0, 0], [0.5, 0.5, 0, 0]]
    # At least one unit stays active.
    torch.testing.assert_close(penalties.hidden_trimmed(hidden, one([0.01])), one([1.1 / 2]))
