"""The penalties of sparse modelling as pure functions of tensors, one value a replica.

A replica is one network of a population; a single network is a population of one. Every function
returns the penalty without its weight (λ or η), so that a regularizer multiplies by a strength that
may differ from replica to replica. Beside each value stands its gradient in closed form: a
population's step is bound by the number of tensor operations, and a closed form takes a third of
what recording and differentiating the value does.

Source of the definitions: M. Ishikawa, "Comprehensible deep learning with the aid of sparse
modeling", KAKENHI report 18K11487.
"""

import torch
from jaxtyping import Float
from torch import Tensor

Weights = Float[Tensor, "replica *shape"]
Hidden = Float[Tensor, "replica batch unit"]
PerReplica = Float[Tensor, " replica"]


def l1(weight: Weights) -> PerReplica:
    """The L1 norm of the weights, Σ|w| (symbol `L1`)."""
    return weight.abs().sum(_but_first(weight))


def l1_gradient(weight: Weights) -> Weights:
    """∂/∂w Σ|w| = sign(w), 0 at 0."""
    return weight.sign()


def selective_l1(weight: Weights, threshold: PerReplica) -> PerReplica:
    """The L1 norm of the small weights, Σ|w| over |w| < θ (symbol `sL1`).

    A weight that has grown past the threshold θ is let go: it adds nothing and gets no gradient.
    """
    size = weight.abs()
    return (size * (size < spread(threshold, weight))).sum(_but_first(weight))


def selective_l1_gradient(weight: Weights, threshold: PerReplica) -> Weights:
    """sign(w) where |w| < θ, else 0."""
    return weight.sign().mul_(_small(weight, threshold))


def hidden_l1(hidden: Hidden, threshold: PerReplica) -> PerReplica:
    """The batch mean of Σ_j |h_j| over the outputs with |h_j| < τ (symbol `sh`)."""
    size = hidden.abs()
    return (size * (size < spread(threshold, hidden))).sum((1, 2)) / hidden.shape[1]


def hidden_l1_gradient(hidden: Hidden, threshold: PerReplica) -> Hidden:
    """sign(h) / B where |h| < τ, else 0, with B the batch size."""
    return hidden.sign().mul_(_small(hidden, threshold)).div_(hidden.shape[1])


def hidden_l2(hidden: Hidden, threshold: PerReplica) -> PerReplica:
    """The batch mean of Σ_j h_j² over the outputs with |h_j| < τ (symbol `sh2`)."""
    small = hidden.abs() < spread(threshold, hidden)
    return (hidden.square() * small).sum((1, 2)) / hidden.shape[1]


def hidden_l2_gradient(hidden: Hidden, threshold: PerReplica) -> Hidden:
    """2 h / B where |h| < τ, else 0, with B the batch size."""
    return _small(hidden, threshold).mul_(hidden).mul_(2 / hidden.shape[1])


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


def proximal_l1(weight: Weights, step: PerReplica) -> Weights:
    """The proximal step of the L1 norm: soft thresholding, sign(w) · max(|w| − t, 0).

    `step` t is the learning rate times λ; the result is argmin_u ½(u − w)² + t|u|.
    """
    return weight.sign() * (weight.abs() - spread(step, weight)).clamp(min=0)


def proximal_selective_l1(weight: Weights, step: PerReplica, threshold: PerReplica) -> Weights:
    """The proximal step of selective L1, argmin_u ½(u − w)² + t|u|·[|u| < θ].

    Weights at or past θ stay. Below θ the penalty is not convex, since it drops from tθ to 0 at θ:
    the smaller of the two candidates wins, soft thresholding or the jump to θ.
    """
    t, theta = spread(step, weight), spread(threshold, weight)
    size = weight.abs()
    soft = (size - t).clamp(min=0)
    cost_soft = 0.5 * (soft - size).square() + t * soft
    cost_jump = 0.5 * (theta - size).square()
    small = torch.where(cost_soft <= cost_jump, soft, theta)
    return weight.sign() * torch.where(size < theta, small, size)


def spread(values: PerReplica, like: Tensor) -> Tensor:
    """Values of the replicas, shaped to broadcast over the other axes of `like`."""
    return values.view(-1, *[1] * (like.ndim - 1))


def _small(tensor: Tensor, threshold: PerReplica) -> Tensor:
    """1.0 where |value| < threshold, else 0.0; compared in place, three times as fast as bools."""
    return tensor.abs().lt_(spread(threshold, tensor))


def _but_first(tensor: Tensor) -> tuple[int, ...]:
    return tuple(range(1, tensor.ndim))


def _open_unit_mean(hidden: Hidden) -> Tensor:
    margin = torch.finfo(hidden.dtype).eps
    return hidden.mean(1).clamp(margin, 1 - margin)


def _off_diagonal_covariance(centred: Hidden) -> Tensor:
    covariance = centred.mT @ centred / centred.shape[1]
    covariance.diagonal(dim1=1, dim2=2).zero_()
    return covariance
