"""The penalties of the weights as pure functions of tensors, one value a replica.

A replica is one network of a population; a single network is a population of one. Every function
returns the penalty without its weight (λ or η), so that a regularizer multiplies by a strength that
may differ from replica to replica. Beside each value stands its gradient in closed form: a
population's step is bound by the number of tensor operations, and a closed form takes a third of
what recording and differentiating the value does.

Source of what is published: M. Ishikawa, "Comprehensible deep learning with the aid of sparse
modeling", KAKENHI report 18K11487.
"""

import torch
from jaxtyping import Float
from torch import Tensor

Weights = Float[Tensor, "replica *shape"]
Hidden = Float[Tensor, "replica batch unit"]
Units = Float[Tensor, "replica unit incoming"]
PerReplica = Float[Tensor, " replica"]

_SMALLEST = 1e-12
"""So small a sum of squares counts as a layer of zeros, of which the Hoyer quotient is 0."""


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
    return weight.sign().mul_(below(weight, threshold))


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


def elastic_net(weight: Weights, ratio: float) -> PerReplica:
    """Σ α|w| + ½(1 − α)w², with α the share of L1 (symbol `elastic`; Zou and Hastie 2005)."""
    values = ratio * weight.abs() + 0.5 * (1 - ratio) * weight.square()
    return values.flatten(1).sum(1)


def elastic_net_gradient(weight: Weights, ratio: float) -> Weights:
    """α sign(w) + (1 − α)w."""
    return ratio * weight.sign() + (1 - ratio) * weight


def proximal_elastic_net(weight: Weights, step: PerReplica, ratio: float) -> Weights:
    """The proximal step: soft thresholding by tα, divided by 1 + t(1 − α)."""
    return proximal_l1(weight, step * ratio) / (1 + spread(step, weight) * (1 - ratio))


def group_lasso(weight: Units) -> PerReplica:
    """√n Σ_j ‖w_j‖, with w_j the n incoming weights of unit j (symbol `group`; Yuan and Lin 2006).

    The factor makes units with many and with few inputs pay alike for weights of one size.
    """
    return weight.norm(dim=2).sum(1) * weight.shape[2] ** 0.5


def group_lasso_gradient(weight: Units) -> Units:
    """√n w_j / ‖w_j‖, 0 where all weights of a unit are 0."""
    norm = weight.norm(dim=2, keepdim=True)
    return torch.where(norm > 0, weight / norm, 0.0) * weight.shape[2] ** 0.5


def proximal_group_lasso(weight: Units, step: PerReplica) -> Units:
    """The proximal step: w_j · max(1 − t√n/‖w_j‖, 0), which takes away whole units."""
    norm = weight.norm(dim=2, keepdim=True)
    shrunk = 1 - spread(step, weight) * weight.shape[2] ** 0.5 / norm
    return weight * torch.where(norm > 0, shrunk.clamp(min=0), 0.0)


def hoyer_square(weight: Weights) -> PerReplica:
    """(Σ|w|)² / Σw² of each layer: the number of its weights if all are of one size.

    It does not change when all weights are multiplied by a number (symbol `hoyer`; Yang, Wen and
    Li 2020).
    """
    size = weight.abs().flatten(1)
    return size.sum(1).square() / size.square().sum(1).clamp(min=_SMALLEST)


def hoyer_square_gradient(weight: Weights) -> Weights:
    """2 sign(w) (s/q) (1 − |w| s/q), with s = Σ|w| and q = Σw²."""
    size = weight.abs().flatten(1)
    quotient = spread(size.sum(1) / size.square().sum(1).clamp(min=_SMALLEST), weight)
    return 2 * weight.sign() * quotient * (1 - weight.abs() * quotient)


def spread(values: PerReplica, like: Tensor) -> Tensor:
    """Values of the replicas, shaped to broadcast over the other axes of `like`."""
    return values.view(-1, *[1] * (like.ndim - 1))


def below(tensor: Tensor, threshold: PerReplica) -> Tensor:
    """1.0 where |value| < threshold, else 0.0; compared in place, three times as fast as bools."""
    return tensor.abs().lt_(spread(threshold, tensor))


def _but_first(tensor: Tensor) -> tuple[int, ...]:
    return tuple(range(1, tensor.ndim))
