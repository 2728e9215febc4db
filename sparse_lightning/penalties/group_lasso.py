"""The group lasso (Yuan and Lin 2006), with the incoming weights of a unit as a group."""

import torch
from jaxtyping import Float
from torch import Tensor

from sparse_lightning.penalties.published import PerReplica, spread

Units = Float[Tensor, "replica unit incoming"]


def group_lasso(weight: Units) -> PerReplica:
    """√n Σ_j ‖w_j‖, with w_j the n incoming weights of unit j (symbol `group`).

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
