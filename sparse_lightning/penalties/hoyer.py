"""The Hoyer-square penalty (Yang, Wen and Li 2020)."""

from sparse_lightning.penalties.published import PerReplica, Weights, spread

_SMALLEST = 1e-12
"""So small a sum of squares counts as a layer of zeros, of which the quotient is 0."""


def hoyer_square(weight: Weights) -> PerReplica:
    """(Σ|w|)² / Σw² of each layer: the number of its weights if all are of one size.

    It does not change when all weights are multiplied by a number (symbol `hoyer`).
    """
    size = weight.abs().flatten(1)
    return size.sum(1).square() / size.square().sum(1).clamp(min=_SMALLEST)


def hoyer_square_gradient(weight: Weights) -> Weights:
    """2 sign(w) (s/q) (1 − |w| s/q), with s = Σ|w| and q = Σw²."""
    size = weight.abs().flatten(1)
    quotient = spread(size.sum(1) / size.square().sum(1).clamp(min=_SMALLEST), weight)
    return 2 * weight.sign() * quotient * (1 - weight.abs() * quotient)
