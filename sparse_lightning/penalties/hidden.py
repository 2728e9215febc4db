"""The penalties of the hidden outputs as pure functions of tensors, one value a replica."""

import torch
from torch import Tensor

from sparse_lightning.penalties.weights import Hidden, PerReplica, below, spread


def hidden_l1(hidden: Hidden, threshold: PerReplica) -> PerReplica:
    """The batch mean of Σ_j |h_j| over the outputs with |h_j| < τ (symbol `sh`)."""
    size = hidden.abs()
    return (size * (size < spread(threshold, hidden))).sum((1, 2)) / hidden.shape[1]


def hidden_l1_gradient(hidden: Hidden, threshold: PerReplica) -> Hidden:
    """sign(h) / B where |h| < τ, else 0, with B the batch size."""
    return hidden.sign().mul_(below(hidden, threshold)).div_(hidden.shape[1])


def hidden_l2(hidden: Hidden, threshold: PerReplica) -> PerReplica:
    """The batch mean of Σ_j h_j² over the outputs with |h_j| < τ (symbol `sh2`)."""
    small = hidden.abs() < spread(threshold, hidden)
    return (hidden.square() * small).sum((1, 2)) / hidden.shape[1]


def hidden_l2_gradient(hidden: Hidden, threshold: PerReplica) -> Hidden:
    """2 h / B where |h| < τ, else 0, with B the batch size."""
    return below(hidden, threshold).mul_(hidden).mul_(2 / hidden.shape[1])


def hidden_kl(hidden: Hidden, sparsity: PerReplica, squash: bool = False) -> PerReplica:
    """Σ_j KL(ρ ‖ ρ̂_j), with ρ̂_j the batch mean of h_j (symbol `KL`).

    KL(ρ ‖ ρ̂) = ρ log(ρ/ρ̂) + (1 − ρ) log((1 − ρ)/(1 − ρ̂)). It wants 0 < ρ̂ < 1, so that the units
    must be sigmoid (or otherwise between 0 and 1). For units that are not, `squash` takes the batch
    mean of tanh|h_j|, the mean activity of a unit, 0 for one that is silent. A mean that has
    saturated at 0 or 1 in floating point is held one rounding error inside, where value and
    gradient are finite.
    """
    rho = sparsity[:, None]
    mean = _open_unit_mean(hidden.abs().tanh() if squash else hidden)
    divergence = rho * (rho / mean).log() + (1 - rho) * ((1 - rho) / (1 - mean)).log()
    return divergence.sum(1)


def hidden_kl_gradient(hidden: Hidden, sparsity: PerReplica, squash: bool = False) -> Hidden:
    """(ρ̂ − ρ) / (ρ̂ (1 − ρ̂)) / B for every row of the batch, with B the batch size.

    Squashed: the same times ∂/∂h tanh|h| = sign(h) (1 − tanh²h).
    """
    activity = hidden.abs().tanh() if squash else hidden
    mean = _open_unit_mean(activity)
    slope = (mean - sparsity[:, None]) / (mean * (1 - mean) * hidden.shape[1])
    if squash:
        return slope[:, None, :] * hidden.sign() * (1 - activity.square())
    return slope[:, None, :].expand_as(hidden)


def hidden_covariance(hidden: Hidden) -> PerReplica:
    """Σ_{i≠j} C_ij², with C the batch covariance, divided by the batch size (symbol `decs`)."""
    return _off_diagonal_covariance(hidden - hidden.mean(1, keepdim=True)).square().sum((1, 2))


def hidden_covariance_gradient(hidden: Hidden) -> Hidden:
    """4 (h − ρ̂) C̸ / B, with C̸ the covariance without its diagonal and B the batch size."""
    centred = hidden - hidden.mean(1, keepdim=True)
    return centred @ _off_diagonal_covariance(centred) * (4 / hidden.shape[1])


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


def _open_unit_mean(hidden: Hidden) -> Tensor:
    margin = torch.finfo(hidden.dtype).eps
    return hidden.mean(1).clamp(margin, 1 - margin)


def _off_diagonal_covariance(centred: Hidden) -> Tensor:
    covariance = centred.mT @ centred / centred.shape[1]
    covariance.diagonal(dim1=1, dim2=2).zero_()
    return covariance


def _trimmed(hidden: Hidden, sparsity: PerReplica) -> Tensor:
    active = (sparsity * hidden.shape[2]).round().clamp(min=1)
    order = hidden.detach().abs().argsort(dim=2, descending=True, stable=True)
    return torch.argsort(order, dim=2) >= active[:, None, None]
