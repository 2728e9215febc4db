"""Networks that predict a target, and other methods, judged on the same rows."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float
from torch import nn

from sparse_lightning.data.examples import Examples
from sparse_lightning.nn.layers import linear_layers, take
from sparse_lightning.training import measuring
from sparse_lightning.training.grid import chunks
from sparse_lightning.training.measuring import outputs

Outputs = Float[np.ndarray, "replica row output"]

Judge = Callable[[Outputs, Examples, str], tuple[dict[str, np.ndarray], np.ndarray]]
"""Measures outputs for rows: by the name of each measure, which a prefix begins, one a replica, and
besides what is told of each replica in its own document."""

Method = Callable[[Examples], Callable[[Examples], Outputs]]
"""Fits another method to rows; what it gives makes the outputs for rows, of one replica."""

MOST_REFERENCE_ROWS = 200_000
"""Of more rows other methods are fitted to so many, at even distances: they are a comparison."""


def judge_networks(
    judge: Judge, network: nn.Sequential, examples: Examples, prefix: str
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What `judge` says, without ever holding the outputs of all replicas at once."""
    size = max(1, measuring.MOST_VALUES // examples.targets.numel())
    judged = [
        judge(outputs(take(network, part), examples.inputs), examples, prefix)
        for part in chunks(linear_layers(network)[0].replicas, size)
    ]
    metrics = {name: np.concatenate([part[name] for part, _ in judged]) for name in judged[0][0]}
    return metrics, np.concatenate([detail for _, detail in judged])


def references(
    methods: Mapping[str, Method],
    judge: Judge,
    training: Examples,
    heldout: Examples | None,
    folds: Sequence[Examples],
) -> dict[str, float]:
    """The measures of other methods on the rows that the networks are judged on.

    They are `ridge_r2`, `ridge_heldout_r2` and so on, judged on all rows. With `folds` of a
    cross-validation in place of held-out rows each method is fitted anew for each fold.
    """
    found = {}
    for name, method in methods.items():
        fitted = method(training)
        judged = [(training, fitted(training), "")]
        if heldout is not None:
            judged.append((heldout, fitted(heldout), "heldout_"))
        elif folds:
            predicted = np.zeros((1, len(training.inputs), training.outputs))
            for fold in folds:
                assert fold.heldout is not None
                part = method(fold.training())
                predicted[:, fold.heldout.numpy()] = part(fold.take(fold.heldout))
            judged.append((training, predicted, "heldout_"))
        for rows, output, prefix in judged:
            measures, _ = judge(output, rows, prefix)
            found |= {f"{name}_{key}": float(value[0]) for key, value in measures.items()}
    return found
