"""Every use of torch's inner parts: hooks, views, computed weights, what a fused optimizer can do.

Any minor version of torch may change them. All were looked at in torch 2.13; the bounds in
`pyproject.toml` are the versions that were tested.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import ParametrizationList, is_parametrized
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

PRUNED, WEIGHT_NORM, SPECTRAL_NORM = "torch.nn.utils.prune", "weight_norm", "spectral_norm"

_PARAMETRIZATIONS = {"_WeightNorm": WEIGHT_NORM, "_SpectralNorm": SPECTRAL_NORM}


def forward_hooks(module: nn.Module) -> dict[int, Any]:
    """The module's own dictionary of its forward hooks, in which they come and go.

    torch registers hooks in public, but does not say whether there are any.
    """
    return module._forward_hooks


def other_hooks(module: nn.Module) -> tuple[dict[int, Any], ...]:
    """The module's own dictionaries of its hooks of every other kind that a graph would call."""
    return module._forward_pre_hooks, module._backward_hooks, module._backward_pre_hooks


def base_of(tensor: Tensor) -> Tensor | None:
    """The tensor that a tensor is a view of, None if it is no view."""
    return tensor._base


@dataclass(frozen=True)
class Computed:
    """A weight that torch computes from parameters before each forward pass of its layer.

    Attributes:
        by: what computes it, as users call it.
        sources: the parameters that it is computed from.
        read: computes it as of now, with a graph to its sources, and leaves no trace in the layer.
    """

    by: str
    sources: tuple[nn.Parameter, ...]
    read: Callable[[], Tensor]


def computed_weights(module: nn.Module) -> dict[str, Computed]:
    """What torch's pruning, its norms and its parametrizations compute for a layer, by name."""
    found = {}
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, BasePruningMethod):
            name, by, read = hook._tensor_name, PRUNED, partial(hook.apply_mask, module)
            parts: tuple[str, ...] = ("orig",)
        elif isinstance(hook, WeightNorm):
            name, by, read = hook.name, WEIGHT_NORM, partial(hook.compute_weight, module)
            parts = "g", "v"
        elif isinstance(hook, SpectralNorm):
            name, by, parts = hook.name, SPECTRAL_NORM, ("orig",)
            read = partial(hook.compute_weight, module, do_power_iteration=False)
        else:
            continue
        sources = tuple(module.get_parameter(f"{name}_{part}") for part in parts)
        found[name] = Computed(by, sources, read)
    lists: Any = module.parametrizations if is_parametrized(module) else {}
    for name, steps in lists.items():
        kinds = [type(step).__name__ for step in steps]
        by = " and ".join(_PARAMETRIZATIONS.get(kind, kind.lstrip("_")) for kind in kinds)
        found[name] = Computed(by, tuple(steps.parameters()), partial(_read_in_evaluation, steps))
    return found


def _read_in_evaluation(steps: ParametrizationList) -> Tensor:
    """A parametrized weight, computed as in evaluation: spectral_norm learns at other times."""
    training = [one for one in steps.modules() if one.training]
    for one in training:
        one.training = False
    try:
        return steps()
    finally:
        for one in training:
            one.training = True


def unscales(optimizer: torch.optim.Optimizer) -> bool:
    """Whether an optimizer takes the scale of 16-bit gradients out in its step, as fused ones do.

    `torch.amp.GradScaler` asks the same.
    """
    return getattr(optimizer, "_step_supports_amp_scaling", False)
