"""Every use of torch's inner parts: the hooks of modules, and what a fused optimizer can do.

Any minor version of torch may change them. All were looked at in torch 2.13; the bounds in
`pyproject.toml` are the versions that were tested.
"""

from typing import Any

import torch
from torch import nn


def forward_hooks(module: nn.Module) -> dict[int, Any]:
    """The module's own dictionary of its forward hooks, in which they come and go.

    torch registers hooks in public, but does not say whether there are any.
    """
    return module._forward_hooks


def other_hooks(module: nn.Module) -> tuple[dict[int, Any], ...]:
    """The module's own dictionaries of its hooks of every other kind that a graph would call."""
    return module._forward_pre_hooks, module._backward_hooks, module._backward_pre_hooks


def unscales(optimizer: torch.optim.Optimizer) -> bool:
    """Whether an optimizer takes the scale of 16-bit gradients out in its step, as fused ones do.

    `torch.amp.GradScaler` asks the same.
    """
    return getattr(optimizer, "_step_supports_amp_scaling", False)
