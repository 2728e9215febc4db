"""Which layers and weights of a module a regularizer is for."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities import rank_zero_info
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from sparse_lightning.errors import RegularizerError
from sparse_lightning.nn._torch import computed_weights
from sparse_lightning.regularizers.layer_weights import (
    COMPUTED,
    FROZEN,
    ONE_AXIS,
    OTHER_NAME,
    LayerWeight,
    is_weight,
    own_weights,
    why_not,
)

_PARAMETRIZATIONS = "parametrizations"
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
    root: nn.Module,
    patterns: Sequence[str] | None,
    asked_by: str,
    waiting: Collection[str] = (),
) -> dict[str, nn.Module]:
    """The modules with weights that count, as chosen by the patterns.

    Weights that do not count yet (`FROZEN`, `LAZY`) do if `waiting` holds the reason. Raises
    `RegularizerError` if a pattern matches none of them; the message lists them, and why the other
    parameters of two or more axes do not count.
    """
    try:
        return matching(weighted_modules(root, patterns, waiting), patterns, asked_by)
    except RegularizerError as error:
        others = [f"{name} ({reason})" for name, reason in uncounted(root).items()]
        shown = [*others[:_SHOWN], *["…"] * (len(others) > _SHOWN)]
        rest = f"; what does not count: {', '.join(shown)}" if others else ""
        raise RegularizerError(f"{error}{rest}") from None


def weighted_modules(
    root: nn.Module, patterns: Sequence[str] | None = None, waiting: Collection[str] = ()
) -> dict[str, nn.Module]:
    """The modules that hold penalised weights of their own, by name.

    Those inside a parametrization are there only for patterns that name it, and a further name of a
    module only for patterns that match no other.
    """
    own = any(_PARAMETRIZATIONS in pattern for pattern in patterns or ())
    modules = root.named_modules() if own else _modules(root)
    found = {name: module for name, module in modules if own_weights(name, module, waiting)}
    others = further_names(root, found, patterns)
    return found | {name: module for name, module in others if own_weights(name, module, waiting)}


def further_names(
    root: nn.Module, modules: Mapping[str, nn.Module], patterns: Sequence[str] | None
) -> list[tuple[str, nn.Module]]:
    """Modules under the other names that they have, for patterns that match none of `modules`."""
    missed = [p for p in patterns or () if not any(fnmatchcase(name, p) for name in modules)]
    if not missed:
        return []
    return [
        (name, module)
        for name, module in root.named_modules(remove_duplicate=False)
        if any(fnmatchcase(name, pattern) for pattern in missed)
    ]


def uncounted(root: nn.Module) -> dict[str, str]:
    """The parameters of two or more axes that do not count as weights, each with the reason."""
    found = {}
    for layer, module in _modules(root):
        computed = computed_weights(module).items()
        inside = {id(source) for name, one in computed if is_weight(name) for source in one.sources}
        for name, parameter in module.named_parameters(recurse=False):
            reason = why_not(module, name, parameter)
            if id(parameter) in inside:
                reason = None if parameter.requires_grad else FROZEN
            if reason not in (None, ONE_AXIS):
                found[f"{layer}.{name}" if layer else name] = reason
    return found


def tell_uncounted(root: nn.Module, asked_by: str) -> None:
    """Log which trainable parameters do not count, for those who have chosen no layers."""
    names = [name for name, why in uncounted(root).items() if why in (COMPUTED, OTHER_NAME)]
    if names:
        rank_zero_info(
            f"{asked_by}: leaves {', '.join(names[:_SHOWN])} alone, see docs/reference/callbacks.md"
        )


def _modules(root: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules that are layers, by name: none of those that compute the weights of layers."""
    for name, module in root.named_modules():
        if _PARAMETRIZATIONS not in name.split("."):
            yield name, module


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


def shared_weights(
    modules: Mapping[str, nn.Module], waiting: Collection[str] = ()
) -> list[tuple[LayerWeight, list[str]]]:
    """The penalised weights of the modules, each with the names of the layers that share it."""
    found: dict[tuple[int, ...], tuple[LayerWeight, list[str]]] = {}
    for name, module in modules.items():
        for weight in own_weights(name, module, waiting):
            found.setdefault(weight.identity, (weight, []))[1].append(name)
    return list(found.values())


def named_weights(
    modules: Mapping[str, nn.Module], waiting: Collection[str] = ()
) -> list[LayerWeight]:
    """The penalised weights of the modules; one that several of them share is of the first."""
    return [weight for weight, _ in shared_weights(modules, waiting)]


def distinct_weights(modules: Mapping[str, nn.Module]) -> list[nn.Parameter]:
    """The parameters of the penalised weights; one that several modules share is listed once."""
    return [source for weight in named_weights(modules) for source in weight.sources]


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
    if isinstance(module, nn.MultiheadAttention):  # it has its place among them
        return False
    return type(module).__module__ == "torch.nn.modules.activation" or isinstance(
        module, nn.Identity
    )
