"""The hard concrete gates of L0 regularization (Louizos, Welling and Kingma 2018).

A weight is multiplied by its gate z in [0, 1], which is exactly 0 or 1 with probabilities that its
parameter log α moves; the expected number of weights that are not 0 can so be differentiated. With
u uniform in (0, 1):

    s = sigmoid((log u − log(1 − u) + log α) / β),  z = min(1, max(0, s(ζ − γ) + γ))
"""

import math

from sparse_lightning.penalties.weights import Weights

TEMPERATURE = 2 / 3
"""β, as published."""

LOW, HIGH = -0.1, 1.1
"""γ and ζ, between which s is stretched, as published."""

_SHIFT = TEMPERATURE * math.log(-LOW / HIGH)


def hard_concrete(log_alpha: Weights, uniform: Weights) -> tuple[Weights, Weights]:
    """A gate z drawn by u, and ∂z/∂log α: s(1 − s)(ζ − γ)/β where 0 < z < 1, else 0."""
    s = ((uniform.logit() + log_alpha) / TEMPERATURE).sigmoid()
    stretched = s * (HIGH - LOW) + LOW
    inside = (stretched > 0) & (stretched < 1)
    return stretched.clamp(0, 1), s * (1 - s) * inside * ((HIGH - LOW) / TEMPERATURE)


def final_gate(log_alpha: Weights) -> tuple[Weights, Weights]:
    """The gate of a trained network, min(1, max(0, sigmoid(log α)(ζ − γ) + γ)), and its slope."""
    s = log_alpha.sigmoid()
    stretched = s * (HIGH - LOW) + LOW
    inside = (stretched > 0) & (stretched < 1)
    return stretched.clamp(0, 1), s * (1 - s) * inside * (HIGH - LOW)


def open_probability(log_alpha: Weights) -> Weights:
    """P(z ≠ 0) = sigmoid(log α − β log(−γ/ζ)), of each gate (symbol `L0`: the sum over them)."""
    return (log_alpha - _SHIFT).sigmoid()


def open_probability_gradient(log_alpha: Weights) -> Weights:
    """P(1 − P)."""
    probability = open_probability(log_alpha)
    return probability * (1 - probability)
