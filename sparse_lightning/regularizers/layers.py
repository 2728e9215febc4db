"""Which layers and weights of a module a regularizer is for."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from torch import Tensor, nn

from sparse_lightning.errors import RegularizerError


def matching(
    modules: Mapping[str, nn.Module], patterns: Sequence[str] | None, asked_by: str
) -> dict[str, nn.Module]:
    """The modules whose name matches one of the patterns; all of them where there is no pattern.

    Raises:
        RegularizerError: no name matches; the message lists the names.
    """
    if isinstance(patterns, str):
        patterns = (patterns,)
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


def matching_all(
    modules: Mapping[str, nn.Module],
    patterns: Sequence[str] | None,
    each: bool,
    asked_by: str,
) -> dict[str, nn.Module]:
    """As `matching`; where `each` is set, every pattern must match a name.

    Raises:
        RegularizerError: no name matches.
    """
    if each:
        for pattern in patterns or ():
            matching(modules, (pattern,), asked_by)
    return matching(modules, patterns, asked_by)


def weighted_modules(root: nn.Module) -> dict[str, nn.Module]:
    """The modules that hold penalised weights of their own, by name."""
    return {name: module for name, module in root.named_modules() if own_weights(module)}


def own_weights(module: nn.Module) -> list[nn.Parameter]:
    """Trainable weights of two or more axes: no biases, no normalisations, no frozen layers.

    They are told by their names: `weight` of most layers, `in_proj_weight` of attention,
    `weight_ih_l0` of recurrent layers, `weight_orig` of layers that torch has pruned.
    """
    return [
        parameter
        for name, parameter in module.named_parameters(recurse=False)
        if "weight" in name.split("_") and parameter.ndim >= 2 and parameter.requires_grad
    ]


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
    """The weights of an ordinary layer as `(unit, incoming weight)`."""
    transposed = isinstance(module, nn.modules.conv._ConvTransposeNd)
    return (weight.transpose(0, 1) if transposed else weight).flatten(1)


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
