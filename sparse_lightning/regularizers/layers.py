"""Which layers and weights of a module a regularizer is for."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities import rank_zero_info
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils.parametrize import ParametrizationList

from sparse_lightning.errors import RegularizerError

_NORMALISATIONS = {
    f"torch.nn.modules.{name}" for name in ("batchnorm", "instancenorm", "normalization")
}
_ONE_AXIS = "of one axis"
_COMPUTED = "a weight is computed from it"
_OTHER_NAME = "not called weight"
_SHOWN = 10


def is_population(module: nn.Module) -> bool:
    """Whether a module is many networks in one: every parameter has a row for each `replicas`."""
    count = getattr(module, "replicas", None)
    return isinstance(count, int) and all(
        not is_lazy(one) and one.ndim > 0 and len(one) == count for one in module.parameters()
    )


def checked_patterns(layers: Any, asked_by: str) -> Sequence[str] | None:
    """The patterns of layer names as a sequence; `RegularizerError` if they are no strings."""
    if layers is None or isinstance(layers, str):
        return None if layers is None else (layers,)
    if not isinstance(layers, Sequence) or not all(isinstance(one, str) for one in layers):
        raise RegularizerError(
            f"{asked_by}: layers must be a pattern of layer names or a list of them, got {layers!r}"
        )
    return layers


def matching(
    modules: Mapping[str, nn.Module], patterns: Sequence[str] | None, asked_by: str
) -> dict[str, nn.Module]:
    """The modules whose name matches one of the patterns; all of them where there is no pattern.

    Raises `RegularizerError` with the names if a pattern matches none.
    """
    patterns = ("*",) if patterns is None else patterns
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in modules):
            names = ", ".join(name for name in modules if name) or "none"
            raise RegularizerError(
                f"{asked_by}: no layer matches {pattern}; the layers are {names}"
            )
    return {
        name: module
        for name, module in modules.items()
        if any(fnmatchcase(name, pattern) for pattern in patterns)
    }


def weighted_layers(
    root: nn.Module, patterns: Sequence[str] | None, asked_by: str
) -> dict[str, nn.Module]:
    """The modules with weights that count, as chosen by the patterns.

    Raises `RegularizerError` if a pattern matches none of them; the message lists them, and why the
    other parameters of two or more axes do not count.
    """
    try:
        return matching(weighted_modules(root), patterns, asked_by)
    except RegularizerError as error:
        others = [f"{name} ({reason})" for name, reason in uncounted(root).items()]
        shown = [*others[:_SHOWN], *["…"] * (len(others) > _SHOWN)]
        rest = f"; what does not count: {', '.join(shown)}" if others else ""
        raise RegularizerError(f"{error}{rest}") from None


def weighted_modules(root: nn.Module) -> dict[str, nn.Module]:
    """The modules that hold penalised weights of their own, by name."""
    return {name: module for name, module in root.named_modules() if own_weights(module)}


def own_weights(module: nn.Module) -> list[nn.Parameter]:
    """Trainable weights of two or more axes: no biases, no normalisations, no frozen layers.

    Their names show which they are: `weight` of most layers, `in_proj_weight` of attention,
    `weight_ih_l0` of recurrent layers, `weight_orig` of layers that torch has pruned.
    """
    return [
        parameter
        for name, parameter in module.named_parameters(recurse=False)
        if _why_not(module, name, parameter) is None
    ]


def uncounted(root: nn.Module) -> dict[str, str]:
    """The parameters of two or more axes that do not count as weights, each with the reason."""
    return {
        f"{layer}.{name}" if layer else name: reason
        for layer, module in root.named_modules()
        for name, parameter in module.named_parameters(recurse=False)
        if (reason := _why_not(module, name, parameter)) not in (None, _ONE_AXIS)
    }


def tell_uncounted(root: nn.Module, asked_by: str) -> None:
    """Log which trainable parameters do not count, for those who have chosen no layers."""
    names = [name for name, why in uncounted(root).items() if why in (_COMPUTED, _OTHER_NAME)]
    if names:
        rank_zero_info(
            f"{asked_by}: leaves {', '.join(names[:_SHOWN])} alone, see docs/reference/callbacks.md"
        )


def _why_not(module: nn.Module, name: str, parameter: nn.Parameter) -> str | None:
    """Why a parameter is no weight that counts."""
    if is_lazy(parameter):
        return "it has no shape yet"
    if parameter.ndim < 2:
        return _ONE_AXIS
    if any(base.__module__ in _NORMALISATIONS for base in type(module).__mro__):
        return "of a normalisation"
    if isinstance(module, ParametrizationList) or name in ("weight_g", "weight_v"):
        return _COMPUTED
    if "weight" not in name.split("_"):
        return _OTHER_NAME
    return None if parameter.requires_grad else "frozen"


def stepped(optimizer: torch.optim.Optimizer) -> set[int]:
    """The identities of the parameters that an optimizer steps."""
    return {id(one) for group in optimizer.param_groups for one in group["params"]}


def refuse_sparse_steps(
    trainer: pl.Trainer, weights: Sequence[nn.Parameter], asked_by: str
) -> None:
    """Raise `RegularizerError` if an optimizer that wants sparse gradients holds one of the
    weights.

    Here every row of a weight has a gradient.
    """
    for optimizer in trainer.optimizers:
        held = stepped(optimizer) if isinstance(optimizer, torch.optim.SparseAdam) else set()
        if any(id(weight) in held for weight in weights):
            raise RegularizerError(
                f"{asked_by}: acts on every row of an embedding, whose gradient is then dense, "
                "which SparseAdam does not take; use another optimizer, or leave the layer out by "
                "layers="
            )


def named_weights(modules: Mapping[str, nn.Module]) -> list[tuple[str, nn.Parameter]]:
    """The penalised weights, each with the name of the first module that holds it."""
    found = {}
    for name, module in modules.items():
        for weight in own_weights(module):
            found.setdefault(id(weight), (name, weight))
    return list(found.values())


def distinct_weights(modules: Mapping[str, nn.Module]) -> list[nn.Parameter]:
    """The penalised weights of the modules; one that several modules share is listed once."""
    return [weight for _, weight in named_weights(modules)]


def unit_rows(module: nn.Module, weight: Tensor) -> Tensor:
    """The weights of an ordinary layer as `(unit, incoming weight)`.

    Of an embedding the units are the columns: its rows are inputs.
    """
    if isinstance(module, nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d):
        groups = weight.unflatten(0, (module.groups, -1))  # group, input, output of the group, …
        return groups.transpose(1, 2).flatten(0, 1).flatten(1)
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        return weight.mT
    return weight.flatten(1)


def output_modules(root: nn.Module, patterns: Sequence[str] = ()) -> dict[str, nn.Module]:
    """The modules whose outputs can be penalised, by name: those without children.

    A pattern that matches none of them adds the modules with children that it matches.
    """
    modules = {name: module for name, module in root.named_modules() if name}
    leaves = {name: module for name, module in modules.items() if not any(module.children())}
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        if not any(fnmatchcase(name, pattern) for name in leaves):
            leaves |= {name: m for name, m in modules.items() if fnmatchcase(name, pattern)}
    return leaves


def is_activation(module: nn.Module) -> bool:
    """Whether a module is one of torch's activations; an identity counts (linear units)."""
    return type(module).__module__ == "torch.nn.modules.activation" or isinstance(
        module, nn.Identity
    )
