"""The penalty of k-sparse codes: all outputs of a row but the k greatest."""

import torch
from torch import Tensor

from sparse_lightning.penalties.published import Hidden, PerReplica


def hidden_trimmed(hidden: Hidden, sparsity: PerReplica) -> PerReplica:
    """The batch mean of Σ|h_j| over all but the k greatest |h_j| of a row (symbol `topk`).

    k is ρ times the number of units, rounded, and at least 1. It is 0 exactly where the codes are
    k-sparse (Makhzani and Frey 2014), and so their exact penalty (the trimmed lasso of Bertsimas,
    Copenhaver and Mazumder 2017): the networks need no step that selects units.
    """
    return (hidden.abs() * _trimmed(hidden, sparsity)).sum((1, 2)) / hidden.shape[1]


def hidden_trimmed_gradient(hidden: Hidden, sparsity: PerReplica) -> Hidden:
    """sign(h) / B for all but the k greatest of a row, with B the batch size."""
    return hidden.sign() * _trimmed(hidden, sparsity) / hidden.shape[1]


def _trimmed(hidden: Hidden, sparsity: PerReplica) -> Tensor:
    active = (sparsity * hidden.shape[2]).round().clamp(min=1)
    order = hidden.detach().abs().argsort(dim=2, descending=True, stable=True)
    return torch.argsort(order, dim=2) >= active[:, None, None]
