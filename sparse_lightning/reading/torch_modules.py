"""The structure of any torch module whose linear layers follow one another."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from sparse_lightning.errors import InputError
from sparse_lightning.reading.structure import Groups, Structure

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

    Between the layers may be whatever acts on each unit alone: activations, dropout, normalization
    with fixed statistics. In an `nn.Sequential` the layers follow one another as they stand; in
    another module they do as they are called on `rows`, by which it is also seen that no way leads
    around a layer. Without rows their order is that of their definition.

    Args:
        model: the module; it is left as it is.
        input_names: default: `input 1`, …
        output_names: default: those of the inputs, where there are as many, else `output 1`, …
        rows: `(row, input)`, as the module takes them.
        groups: as in `Structure.of`.
        threshold: a connection counts when |w| exceeds it.
        code_layer: as in `Structure.of`.

    Raises:
        InputError: the module has no linear layer, others with matrices of weights, or layers that
            do not follow one another; or names do not fit.
    """
    layers = linear_chain(model, rows)
    inputs, outputs = layers[0].in_features, layers[-1].out_features
    if input_names is None:
        input_names = [f"input {place}" for place in range(1, inputs + 1)]
    if output_names is None and outputs != inputs:
        output_names = [f"output {place}" for place in range(1, outputs + 1)]
    return Structure.of(
        nn.Sequential(*layers), input_names, output_names, groups, threshold, code_layer
    )


def linear_chain(model: nn.Module, rows: Tensor | None = None) -> list[nn.Linear]:
    """The linear layers of a module in the order of the data.

    Args:
        model: the module.
        rows: as in `structure_of`.

    Raises:
        InputError: as in `structure_of`.
    """
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
    if _is_sequential(model) or rows is None:
        return list(layers.values())
    if len(rows) < 1 or rows.ndim != 2:
        raise InputError(f"rows must be (row, input), got the shape {tuple(rows.shape)}")
    with _at_rest(model), torch.no_grad():
        rows = _as_taken(model, rows[:MOST_ROWS])
        called = _called(model, layers, rows)
        for name in called:
            _check_no_way_around(model, name, layers[name], rows)
    return [layers[name] for name in called]


def first_tensor(output: Any) -> Tensor:
    """What a module gives, or the first of several things.

    Raises:
        InputError: it is no tensor.
    """
    while isinstance(output, tuple | list) and output:
        output = output[0]
    if not isinstance(output, Tensor):
        raise InputError(f"the module gives a {type(output).__name__}, expected a tensor")
    return output


def apply(model: nn.Module, rows: Tensor) -> Tensor:
    """The outputs of a module at rest, in the precision and on the device that it has.

    Args:
        model: the module; it is left as it is.
        rows: `(row, input)`.

    Raises:
        InputError: the module does not take the rows.
    """
    with _at_rest(model), torch.no_grad():
        return _output(model, _as_taken(model, rows)).cpu()


def _is_sequential(model: nn.Module) -> bool:
    if not isinstance(model, nn.Sequential):
        return isinstance(model, nn.Linear)
    return all(_is_sequential(part) or not list(part.children()) for part in model)


def _called(model: nn.Module, layers: dict[str, nn.Linear], rows: Tensor) -> list[str]:
    called: list[str] = []
    with _hooked(
        (layer, lambda *_, name=name: called.append(name)) for name, layer in layers.items()
    ):
        _output(model, rows)
    twice = [name for name in called if called.count(name) > 1]
    if twice:
        raise InputError(f"the layer {twice[0]} is applied more than once")
    if not called:
        raise InputError("the module applies none of its nn.Linear layers to the rows")
    return called


def _check_no_way_around(model: nn.Module, name: str, layer: nn.Linear, rows: Tensor) -> None:
    """With the layer's outputs at 0 nothing of the rows can be left in the module's outputs."""
    with _hooked([(layer, lambda module, given, output: torch.zeros_like(output))]):
        outputs = _output(model, rows)
    if not torch.allclose(outputs, outputs[:1].expand_as(outputs), equal_nan=True):
        raise InputError(
            f"the layers do not follow one another: a way leads around the layer {name}"
        )


@contextmanager
def _hooked(hooks: Any) -> Iterator[None]:
    handles = [layer.register_forward_hook(hook) for layer, hook in hooks]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


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


def _output(model: nn.Module, rows: Tensor) -> Tensor:
    try:
        return first_tensor(model(rows))
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise InputError(
            f"the {type(model).__name__} does not take rows of {rows.shape[1]} numbers: {first}"
        ) from error
