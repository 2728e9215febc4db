"""Which layers of an ordinary module a hidden penalty is for: those that are named, or a guess."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from pytorch_lightning.utilities import rank_zero_info
from torch import nn

from sparse_lightning.regularizers.layers import (
    further_names,
    is_activation,
    matching,
    output_modules,
)


def chosen_outputs(
    root: nn.Module, patterns: Sequence[str], asked_by: str
) -> dict[str, tuple[nn.Module, str]]:
    """The modules whose outputs are penalised, by name, each with the pattern that chose it.

    A pattern that names a layer (`encoder.0`, `*.linear1`) chooses it, whatever it is. One that
    ends in an asterisk for any layer (`encoder.*`) names none: of those it covers the activations
    are chosen, where there are none all but identities. Raises `RegularizerError` with the names if
    a pattern matches none.
    """
    modules = output_modules(root, patterns)
    matching(modules | dict(further_names(root, modules, patterns)), patterns, asked_by)
    chosen: dict[int, tuple[str, nn.Module, str]] = {}
    for pattern in patterns:
        found = output_modules(root, [pattern])
        found |= dict(further_names(root, found, [pattern]))
        own = {name: module for name, module in found.items() if fnmatchcase(name, pattern)}
        named = {name: module for name, module in own.items() if names_layer(pattern, name)}
        rest = {name: module for name, module in own.items() if name not in named}
        for name, module in (named | guessed(rest)).items():
            chosen.setdefault(id(module), (name, module, pattern))
    return {name: (module, pattern) for name, module, pattern in chosen.values()}


def names_layer(pattern: str, name: str) -> bool:
    """Whether a pattern names this layer: there are letters in what stands for its own name."""
    last = pattern.rpartition(".")[2]
    return bool(last.strip("*?")) and fnmatchcase(name.rpartition(".")[2], last)


def guessed(modules: dict[str, nn.Module]) -> dict[str, nn.Module]:
    """The activations among modules; where there are none all but identities, else these."""
    layers = {n: module for n, module in modules.items() if not isinstance(module, nn.Identity)}
    return {n: module for n, module in layers.items() if is_activation(module)} or layers or modules


def tell_guesses(chosen: dict[str, tuple[nn.Module, str]], asked_by: str) -> None:
    """Log which layers were chosen by patterns that name none."""
    guesses: dict[str, list[str]] = {}
    for name, (_, pattern) in chosen.items():
        if not names_layer(pattern, name):
            guesses.setdefault(pattern, []).append(name)
    for pattern, names in guesses.items():
        rank_zero_info(f"{asked_by}: of {pattern} takes the outputs of {', '.join(names)}")
