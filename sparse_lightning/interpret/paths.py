"""The strength of paths: how much of one layer arrives at another."""

from functools import reduce

import numpy as np
from jaxtyping import Bool, Float

from sparse_lightning.errors import InputError, check_number
from sparse_lightning.interpret.structure import Structure


def path_strengths(structure: Structure, start: int, end: int) -> Float[np.ndarray, "end start"]:
    """The sum over all live paths between two units of the product of |w| along the path.

        S = |W_end| … |W_(start+2)| |W_(start+1)|

    It is a bound of the influence, and the influence itself where no two paths cancel and no
    activation saturates; it is there to order paths, not to predict outputs.

    `start` and `end` are layers, counted from the inputs, which are 0; `end` is not before `start`.
    """
    steps = [np.abs(weight) for weight in structure.live_weights[start:end]]
    if not steps:
        return np.eye(structure.widths[start])
    # Not from the identity on: that of a wide layer does not fit into memory.
    return reduce(lambda strengths, step: step @ strengths, steps)


def by_variable(
    strengths: Float[np.ndarray, "unit input"], structure: Structure
) -> Float[np.ndarray, "unit variable"]:
    """Strengths summed over the inputs that stand for one variable."""
    return np.stack([strengths[:, part].sum(axis=1) for _, part in structure.groups], axis=1)


def noticeable(
    strengths: Float[np.ndarray, "unit variable"], share: float
) -> Bool[np.ndarray, "unit variable"]:
    """Which variables count for a unit: those of at least `share` of the strongest.

    Measured against the strongest and not against the sum, because ten equal variables would each
    have a tenth of a sum, but are all as strong as the strongest.

    Args:
        strengths: not negative.
        share: a part from 0, where every path counts, to 1, where only the strongest variable does.

    Raises:
        InputError: `share` is not in 0…1.
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
