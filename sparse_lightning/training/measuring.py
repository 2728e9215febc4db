"""Measuring populations on a whole table."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from sparse_lightning.nn.layers import linear_layers
from sparse_lightning.nn.moments import variance_of

MOST_VALUES = 2**20
"""Of a layer of all replicas that are held at once: about a cache, beyond which it takes longer."""


def rows_at_once(network: nn.Module) -> int:
    """How many rows are measured at once, so that memory does not grow with replicas × rows."""
    weights = [layer.weight for layer in linear_layers(network)]
    return max(1, MOST_VALUES // (len(weights[0]) * max(max(w.shape[1:]) for w in weights)))


def squared_errors(
    network: nn.Module,
    rows: Float[Tensor, "row unit"],
    targets: Float[Tensor, "row output"],
    replicas: int,
) -> Float[np.ndarray, "replica output"]:
    """The mean over rows of the squared error of each replica's outputs."""
    total = torch.zeros(replicas, targets.shape[1], dtype=torch.float64)
    size = rows_at_once(network)
    with torch.no_grad():
        for batch, target in zip(rows.split(size), targets.split(size), strict=True):
            total += (network(batch) - target).square().sum(1).double()
    return (total / len(rows)).numpy()


def input_errors(
    rows: Float[Tensor, "row unit"], errors: Float[np.ndarray, "replica output"]
) -> list[dict[str, list[float]]]:
    """The document `INPUT_ERRORS` of each replica that rebuilds the rows with these errors."""
    variances = variance_of(rows).tolist()
    return [{"variance": variances, "squared_error": error.tolist()} for error in errors]


def outputs(
    network: nn.Module, rows: Float[Tensor, "row unit"]
) -> Float[np.ndarray, "replica row output"]:
    """What each replica makes of each row."""
    with torch.no_grad():
        return torch.cat([network(batch) for batch in rows.split(rows_at_once(network))], 1).numpy()
