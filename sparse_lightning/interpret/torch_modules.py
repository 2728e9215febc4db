"""The structure of any torch module whose linear layers follow one another."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import torch
from torch import Tensor, nn

from sparse_lightning.errors import InputError
from sparse_lightning.interpret.steps import Step, check_step, hooked, noise_of, outputs_of
from sparse_lightning.interpret.structure import Groups, Structure

MOST_ROWS = 64
"""So many rows show how the data flows."""


def structure_of(
    model: nn.Module,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    *,
    rows: Tensor | None = None,
    groups: Groups | None = None,
    threshold: float = 0.01,
    code_layer: int | None = None,
) -> Structure:
    """Read the structure of any torch module that is a chain of linear layers.

    Between the layers, before the first and after the last may be whatever acts on each unit alone:
    activations, dropout, normalization with fixed statistics; after the last also softmax, its
    logarithm, or the class of the largest output. Whether that is so, in what order the layers
    follow one another, and that no way leads around one is seen from what the module does with
    `rows`. An `nn.Sequential` shows it with rows drawn at random, too. Of another module without
    rows nothing is seen, and the order is that of the definition.

    Args:
        model: the module; it is left as it is.
        input_names: default: `input 1`, …
        output_names: default: those of the inputs, where there are as many, else `output 1`, …
        rows: `(row, input)`, as the module takes them.
        groups: the inputs that stand for each variable, see `Structure.of`.
        threshold: a connection counts when |w| exceeds it.
        code_layer: the layer of the codes, see `Structure.of`.

    Raises:
        InputError: the module has no linear layer, others with matrices of weights, layers that do
            not follow one another, or something among them that mixes units; or names do not fit.
    """
    layers = linear_chain(model, rows)
    inputs, outputs = layers[0].in_features, layers[-1].out_features
    if input_names is None:
        input_names = [f"input {place}" for place in range(1, inputs + 1)]
    if output_names is None and outputs != inputs:
        output_names = [f"output {place}" for place in range(1, outputs + 1)]
    weights = [layer.weight.detach().cpu().numpy() for layer in layers]
    return Structure.of(weights, input_names, output_names, groups, threshold, code_layer)


def linear_chain(model: nn.Module, rows: Tensor | None = None) -> list[nn.Linear]:
    """The linear layers of a module in the order of the data; errors as of `structure_of`."""
    for name, part in model.named_modules():
        matrices = [weight for weight in part.parameters(recurse=False) if weight.ndim > 1]
        if matrices and not isinstance(part, nn.Linear):
            raise InputError(
                f"{name or 'the module'} is a {type(part).__name__}; only a chain of nn.Linear "
                "layers can be read"
            )
    layers = {name: part for name, part in model.named_modules() if isinstance(part, nn.Linear)}
    if not layers:
        raise InputError(f"the {type(model).__name__} has no nn.Linear layer")
    chain = list(layers.values())
    if _is_sequential(model):
        if any(above.out_features != below.in_features for above, below in pairwise(chain)):
            return chain  # which says what is wrong with it as soon as it is read
        if rows is None or not len(rows) or rows.shape[1:] != (chain[0].in_features,):
            rows = noise_of((MOST_ROWS, chain[0].in_features))
    if rows is None:
        return chain
    if len(rows) < 1 or rows.ndim != 2:
        raise InputError(f"rows must be (row, input), got the shape {tuple(rows.shape)}")
    with _at_rest(model), torch.no_grad():
        rows = _as_taken(model, rows[:MOST_ROWS]).nan_to_num()
        called = _called(model, layers, rows)
        steps: list[str | None] = [None, *called, None]
        for above, below in pairwise(steps):
            check_step(Step(model, layers, above, below, rows))
    return [layers[name] for name in called]


def apply(model: nn.Module, rows: Tensor) -> Tensor:
    """The outputs of a module at rest, in the precision and on the device that it has.

    Raises:
        InputError: the module does not take the rows.
    """
    with _at_rest(model), torch.no_grad():
        return outputs_of(model, _as_taken(model, rows)).cpu()


def _is_sequential(model: nn.Module) -> bool:
    if not isinstance(model, nn.Sequential):
        return isinstance(model, nn.Linear)
    return all(_is_sequential(part) or not list(part.children()) for part in model)


def _called(model: nn.Module, layers: dict[str, nn.Linear], rows: Tensor) -> list[str]:
    called: list[str] = []
    with hooked(
        (layer, lambda *_, name=name: called.append(name)) for name, layer in layers.items()
    ):
        outputs_of(model, rows)
    twice = [name for name in called if called.count(name) > 1]
    if twice:
        raise InputError(f"the layer {twice[0]} is applied more than once")
    if not called:
        raise InputError("the module applies none of its nn.Linear layers to the rows")
    return called


@contextmanager
def _at_rest(model: nn.Module) -> Iterator[None]:
    """The module in evaluation mode: dropout is off, and statistics do not move."""
    training = [part for part in model.modules() if part.training]
    model.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True


def _as_taken(model: nn.Module, rows: Tensor) -> Tensor:
    weight = next(part.weight for part in model.modules() if isinstance(part, nn.Linear))
    return rows.to(weight)
