"""The values of λ from an empty network to a dense one (`docs/method.md` has the derivation).

A code with incoming weights t·u and outgoing t·v, |u|₁ = |v|₁ = 1, lowers the error by
2Bt² − Dt⁴ and costs 2λt, with the output gains g, the gain a of the hidden units, and the
covariances C of the inputs and K of the outputs with the inputs:

    B = a Σ_j g_j v_j (K u)_j,   D = a² uᵀCu Σ_j g_j² v_j²

It can live while λ ≤ fold = max over u, v of 4/(3√3) · √(B³/D).
"""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sparse_lightning import Project
from sparse_lightning.training.preparing import Prepared

COUNT = 11
HIDDEN_GAIN = {"tanh": 1.0, "sigmoid": 0.25, "relu": 1.0, "linear": 1.0}


def penalty_weights(project: Project, prepared: Prepared) -> list[float]:
    """Eleven values of λ, evenly spaced in their logarithm, from fold/2000 to fold/2."""
    largest = fold(project, prepared) / 2
    return np.geomspace(largest / 1000, largest, COUNT).tolist()


def fold(project: Project, prepared: Prepared) -> float:
    """The largest λ at which a code can live in the networks of a project."""
    rows = prepared.examples.training()
    inputs = rows.inputs.double()
    if rows.numbers is not None:
        outputs = rows.numbers.double()
    elif rows.labels is not None:
        outputs = torch.nn.functional.one_hot(rows.labels).double()
    else:
        outputs = inputs
    means = outputs.mean(0)
    gains = torch.ones_like(means)
    if project.output_activation == "sigmoid":
        gains = means * (1 - means)
    centred = inputs - inputs.mean(0)
    within = centred.T @ centred / len(inputs)
    between = (outputs - means).T @ centred / len(inputs)
    return largest_fold(within, between, gains, HIDDEN_GAIN[project.network.activation])


def largest_fold(
    within: Float[Tensor, "input input"],
    between: Float[Tensor, "output input"],
    gains: Float[Tensor, " output"],
    hidden_gain: float,
    steps: int = 150,
) -> float:
    """The maximum over u and v, by gradient ascent from every input alone.

    Args:
        within: C, the covariance of the inputs.
        between: K, the covariance of the outputs with the inputs.
        gains: g, of the outputs.
        hidden_gain: a.
        steps: of the ascent.
    """
    count = len(within)
    sizes = torch.log(torch.full((count, count), 0.1 / count) + torch.eye(count))
    incoming = sizes.double().requires_grad_()
    outgoing = torch.zeros(count, len(gains), dtype=torch.double, requires_grad=True)
    signs = within.sign()
    optimizer = torch.optim.Adam([incoming, outgoing], lr=0.1)
    best = -math.inf
    for _ in range(steps):
        u = signs * incoming.softmax(1)
        slopes = gains * (u @ between.T)
        v = slopes.detach().sign() * outgoing.softmax(1)
        lowered = hidden_gain * (v * slopes).sum(1)
        spread = ((u @ within) * u).sum(1) * (gains * v).square().sum(1)
        logarithm = 1.5 * lowered.log() - 0.5 * (hidden_gain**2 * spread).log()
        best = max(best, float(logarithm.detach().max()))
        optimizer.zero_grad()
        (-logarithm.sum()).backward()
        optimizer.step()
        signs = ((gains * v).detach() @ between).sign()
    return 4 / (3 * math.sqrt(3)) * math.exp(best)
