"""Information loss: how much of each variable an autoencoder does not bring back."""

import numpy as np
import pandas as pd
from jaxtyping import Float

from sparse_lightning.errors import InputError
from sparse_lightning.interpret.structure import Groups


def information_loss(
    inputs: Float[np.ndarray, "row input"],
    outputs: Float[np.ndarray, "row input"],
    groups: Groups,
) -> pd.DataFrame:
    """The information loss of every variable.

        loss = Σ mean (x − x̂)² / Σ var x      the sums over the inputs that stand for the variable

    It is 0 where the variable is rebuilt exactly and 1 where its mean alone is; worse than the mean
    is above 1. Variances are those of these rows, in the unit of the network's inputs.

    Args:
        inputs: the network's inputs.
        outputs: the network's outputs for them.
        groups: the variables and their inputs.

    Returns:
        One row a variable, in their order: variable, variance, squared_error (both summed over its
        inputs) and loss, which is nan where the variance is 0.

    Raises:
        InputError: there are no rows, or inputs and outputs have different shapes.
    """
    if inputs.shape != outputs.shape:
        raise InputError(f"inputs have the shape {inputs.shape}, outputs {outputs.shape}")
    if not len(inputs):
        raise InputError("there are no rows, so nothing can be lost")
    exact = np.asarray(inputs, dtype=np.float64)
    errors = np.square(exact - outputs).mean(axis=0)
    variances = exact.var(axis=0)
    # A constant's variance can come out as a rounding error, by which nothing must be divided.
    variances[np.ptp(exact, axis=0) == 0] = 0.0
    return losses_of(variances, errors, groups)


def losses_of(
    variances: Float[np.ndarray, " input"], errors: Float[np.ndarray, " input"], groups: Groups
) -> pd.DataFrame:
    """The frame of `information_loss` from the variances and squared errors of the inputs."""
    rows = [
        {
            "variable": name,
            "variance": float(variances[part].sum()),
            "squared_error": float(errors[part].sum()),
        }
        for name, part in groups
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(
        loss=frame["squared_error"] / frame["variance"].where(frame["variance"] > 0)
    )


def rank_correlation(
    one: Float[np.ndarray, " variable"], other: Float[np.ndarray, " variable"]
) -> float:
    """Spearman's rank correlation, equals sharing their mean rank; pairs with a nan are left out.

    It is nan where fewer than two pairs are left or one side is constant.
    """
    pairs = pd.DataFrame({"one": one, "other": other}).dropna()
    if len(pairs) < 2 or (pairs.nunique() < 2).any():
        return float("nan")
    ranks = pairs.rank().to_numpy()
    return float(np.corrcoef(ranks, rowvar=False)[0, 1])
