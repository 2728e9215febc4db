"""Which layers and weights of a module a regularizer is for."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from torch import nn

from sparse_lightning.errors import RegularizerError


def matching(
    modules: Mapping[str, nn.Module], patterns: Sequence[str] | None, asked_by: str
) -> dict[str, nn.Module]:
    """The modules whose name matches one of the patterns; all of them where there is no pattern.

    Raises:
        RegularizerError: no name matches; the message lists the names.
    """
    patterns = ("*",) if patterns is None else patterns
    found = {
        name: module
        for name, module in modules.items()
        if any(fnmatchcase(name, pattern) for pattern in patterns)
    }
    if not found:
        names = ", ".join(name for name in modules if name) or "none"
        raise RegularizerError(
            f"{asked_by}: no layer matches {', '.join(patterns)}; the layers are {names}"
        )
    return found


def weighted_modules(root: nn.Module) -> dict[str, nn.Module]:
    """The modules that hold penalised weights of their own, by name."""
    return {name: module for name, module in root.named_modules() if own_weights(module)}


def own_weights(module: nn.Module) -> list[nn.Parameter]:
    """Trainable weights of two or more axes: no biases, no normalisations, no frozen layers."""
    return [
        parameter
        for name, parameter in module.named_parameters(recurse=False)
        if name.endswith("weight") and parameter.ndim >= 2 and parameter.requires_grad
    ]


def distinct_weights(modules: Mapping[str, nn.Module]) -> list[nn.Parameter]:
    """The penalised weights of the modules; one that several modules share is listed once."""
    return list({id(w): w for module in modules.values() for w in own_weights(module)}.values())


def output_modules(root: nn.Module) -> dict[str, nn.Module]:
    """The modules without children, by name: those whose outputs can be penalised."""
    return {name: module for name, module in root.named_modules() if not any(module.children())}


def is_activation(module: nn.Module) -> bool:
    """Whether a module is one of torch's activations; an identity counts (linear units)."""
    return type(module).__module__ == "torch.nn.modules.activation" or isinstance(
        module, nn.Identity
    )
