"""Measuring populations on a whole table, as they are and with their small weights set to zero."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sparse_lightning.nn.layers import connections, linear_layers, take
from sparse_lightning.nn.moments import evenly, variance_of

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
    weights: Float[Tensor, " row"] | None = None,
) -> Float[np.ndarray, "replica output"]:
    """The squared error of each replica's outputs, the mean over rows, by their weights."""
    total = torch.zeros(replicas, targets.shape[1], dtype=torch.float64)
    size = rows_at_once(network)
    with torch.no_grad():
        if weights is not None:
            parts = zip(rows.split(size), targets.split(size), weights.split(size), strict=True)
            for batch, target, own in parts:
                errors = (network(batch) - target).square()
                total += (errors * own[:, None]).sum(1).double()
            return (total / weights.double().sum()).numpy()
        for batch, target in zip(rows.split(size), targets.split(size), strict=True):
            total += (network(batch) - target).square().sum(1).double()
    return (total / len(rows)).numpy()


def input_errors(
    rows: Float[Tensor, "row unit"],
    errors: Float[np.ndarray, "replica output"],
    weights: Float[Tensor, " row"] | None = None,
) -> list[dict[str, list[float]]]:
    """The document `INPUT_ERRORS` of each replica that rebuilds the rows with these errors."""
    variances = variance_of(rows, weights).tolist()
    return [{"variance": variances, "squared_error": error.tolist()} for error in errors]


def outputs(
    network: nn.Module, rows: Float[Tensor, "row unit"]
) -> Float[np.ndarray, "replica row output"]:
    """The outputs of each replica for each row."""
    with torch.no_grad():
        return torch.cat([network(batch) for batch in rows.split(rows_at_once(network))], 1).numpy()


THRESHOLDS = (
    *(0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07),
    *(0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 2.0),
)

MOST_ROWS = 2000
"""Of larger tables, so many rows at even distances are measured."""


def sweep(
    network: nn.Sequential,
    rows: Float[Tensor, "row unit"],
    targets: Float[Tensor, "row output"],
    labels: Int[Tensor, " row"] | None = None,
    weights: Float[Tensor, " row"] | None = None,
) -> list[dict[str, Any]]:
    """Measure every replica with the weights |w| ≤ t set to 0, for each threshold t.

    Nothing is trained on; biases stay as they are, and so does `network`. `labels` are the classes
    of the rows, of a classifier. For each replica it gives thresholds, connections, squared_error
    (mean over rows and outputs), accuracy (None without labels), rows (how many were measured) and
    rows_total. A number that is not finite is None.
    """
    total = len(rows)
    chosen = evenly(total, MOST_ROWS)
    rows, targets = rows[chosen], targets[chosen]
    labels = None if labels is None else labels[chosen]
    weights = None if weights is None else weights[chosen]
    pruned = take(network, slice(None))
    counts, errors, accuracies = [], [], []
    for threshold in THRESHOLDS:
        with torch.no_grad():
            for layer in linear_layers(pruned):
                # NaN is kept, so that a network that has failed has no error here either.
                layer.weight[layer.weight.abs() <= threshold] = 0.0
            counts.append(connections(pruned, threshold).int().numpy())
            error, accuracy = _measured(pruned, rows, targets, labels, weights)
        errors.append(error)
        accuracies.append(accuracy)
    by_replica = (np.stack(values, 1) for values in (counts, errors, accuracies))
    return [
        {
            "thresholds": list(THRESHOLDS),
            "connections": count.tolist(),
            "squared_error": _numbers(error),
            "accuracy": None if labels is None else _numbers(accuracy),
            "rows": len(rows),
            "rows_total": total,
        }
        for count, error, accuracy in zip(*by_replica, strict=True)
    ]


def _measured(
    network: nn.Sequential,
    rows: Float[Tensor, "row unit"],
    targets: Float[Tensor, "row output"],
    labels: Int[Tensor, " row"] | None,
    weights: Float[Tensor, " row"] | None,
) -> tuple[Float[np.ndarray, " replica"], Float[np.ndarray, " replica"]]:
    """The squared error and the share of rows whose class has the greatest output."""
    replicas, size = linear_layers(network)[0].replicas, rows_at_once(network)
    error, found = (torch.zeros(replicas, dtype=torch.float64) for _ in range(2))
    total = len(rows) if weights is None else weights.double().sum()
    for start in range(0, len(rows), size):
        part = slice(start, start + size)
        outputs = network(rows[part])
        by_row = (outputs - targets[part]).square().mean(2)
        error += (by_row if weights is None else by_row * weights[part]).sum(1).double()
        if labels is not None:
            hits = outputs.argmax(2) == labels[part]
            found += (hits if weights is None else hits * weights[part]).sum(1).double()
    return (error / total).numpy(), (found / total).numpy()


def _numbers(values: Float[np.ndarray, " threshold"]) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
