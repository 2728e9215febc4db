"""Paths: how strongly a variable acts on a unit, and a unit on a variable's outputs.

What flows along several paths may add up or cancel, and a unit passes on some of it in some rows
and none in others. So the strength of paths together is the root mean square of two: what arrives
where all units pass everything on, by the products of the signed weights, and what arrives where
each path is independent of the others, by the products of their squares. Of rectified units that
are open in half of the rows it is the expectation. It is there to order paths, not to predict
outputs.
"""

from functools import reduce

import numpy as np
from jaxtyping import Bool, Float

from sparse_lightning.errors import InputError, check_number
from sparse_lightning.interpret.structure import Moments, Structure


def reaching(structure: Structure, end: int) -> Float[np.ndarray, "unit variable"]:
    """The strengths of the live paths from each variable to the units of a layer.

        S² = (var(N) + W_end² … W_2² var(W_1)) / 2,  N = W_end … W_1

    var(W) is the variance over the rows of what the inputs k of the variable send to a unit through
    these weights, Σ_k w_k x_k: neither the unit of a number nor the number of a column's levels
    decides. Squares of weights are those of each single one.

    Args:
        structure: that of the network.
        end: the layer, counted from the inputs, which are 0; at least 1.
    """
    first, *others = structure.live_weights[:end]
    together = _variances(reduce(_after, others, first), structure)
    return np.sqrt((together + _squared(others, _variances(first, structure))) / 2)


def rebuilding(structure: Structure, start: int) -> Float[np.ndarray, "unit variable"]:
    """The strengths of the live paths from the units of a layer to each variable's outputs.

        S² = Σ_(k ∈ v) (N² + W_last² … W_(start+1)²)_k / 2,  N = W_last … W_(start+1)

    The outputs of one variable are one vector: what counts is its length, not their number.

    Args:
        structure: that of an autoencoder.
        start: the layer, counted from the inputs, which are 0; before the outputs.
    """
    first, *others = structure.live_weights[start:]
    squares = (reduce(_after, others, first) ** 2 + _squared(others, first**2)) / 2
    sums = [squares[part].sum(axis=0) for _, part in structure.groups]
    return np.sqrt(np.stack(sums, axis=1))


def _after(
    before: Float[np.ndarray, "middle start"], weight: Float[np.ndarray, "end middle"]
) -> Float[np.ndarray, "end start"]:
    return weight @ before


def _squared(
    weights: list[np.ndarray], variances: Float[np.ndarray, "unit start"]
) -> Float[np.ndarray, "end start"]:
    """Variances carried on along independent paths."""
    return reduce(lambda carried, weight: weight**2 @ carried, weights, variances)


def _variances(
    weights: Float[np.ndarray, "unit input"], structure: Structure
) -> Float[np.ndarray, "unit variable"]:
    """The variance of what each variable sends through weights, over the rows."""
    moments = structure.moments or _alike(structure.widths[0])
    columns = []
    for _, part in structure.groups:
        squared = weights[:, part] ** 2 @ moments.squares[part]
        variance = squared - (weights[:, part] @ moments.means[part]) ** 2
        # Levels that are all weighed alike send a constant; what is left of it is rounding.
        columns.append(np.where(variance > 1e-12 * squared, variance, 0.0))
    return np.stack(columns, axis=1)


def _alike(inputs: int) -> Moments:
    return Moments(np.ones(inputs), np.zeros(inputs))


def noticeable(
    strengths: Float[np.ndarray, "unit variable"], share: float
) -> Bool[np.ndarray, "unit variable"]:
    """Which variables count for a unit: those with at least `share` of the strongest.

    Measured against the strongest and not against the sum, because ten equal variables would each
    have a tenth of a sum, but are all as strong as the strongest. An InputError refuses a share
    outside 0…1.
    """
    check_number(share, "the share")
    if not 0 <= share <= 1:
        raise InputError(f"the share must be in 0…1, got {share}")
    strongest = strengths.max(axis=1, initial=0.0, keepdims=True)
    return (strengths > 0) & (strengths >= share * strongest)


def strongest_first(
    strengths: Float[np.ndarray, " place"], chosen: Bool[np.ndarray, " place"]
) -> list[int]:
    """The chosen places, the strongest first; equals in their order."""
    order = np.argsort(-strengths, kind="stable")
    return [int(place) for place in order if chosen[place]]
