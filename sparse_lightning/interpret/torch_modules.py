"""The structure of any torch module whose linear layers follow one another."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sparse_lightning.errors import InputError
from sparse_lightning.interpret.structure import Groups, Moments, Structure

MOST_ROWS = 64
"""The number of rows that show how the data flows."""

READOUTS: tuple[Callable[[Tensor], Tensor], ...] = (
    lambda outputs: outputs.softmax(-1),
    lambda outputs: outputs.log_softmax(-1),
    lambda outputs: outputs.argmax(-1),
)
"""What may follow the last layer though it does not act on each unit alone."""


def structure_of(
    model: nn.Module,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    *,
    rows: Tensor | np.ndarray | None = None,
    groups: Groups | None = None,
    threshold: float = 0.01,
    code_layer: int | None = None,
    moments: Moments | None = None,
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
        rows: `(row, input)`, as the module takes them, or an array of their numbers.
        groups: the inputs that stand for each variable, see `Structure.of`.
        threshold: a connection counts when |w| exceeds it.
        code_layer: the layer of the codes, see `Structure.of`.
        moments: how much the inputs vary; default: all alike.

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
    weights = [_readable(layer.weight).numpy() for layer in layers]
    return Structure.of(weights, input_names, output_names, groups, threshold, code_layer, moments)


def linear_chain(model: nn.Module, rows: Tensor | np.ndarray | None = None) -> list[nn.Linear]:
    """The linear layers of a module in the order of the data; errors as of `structure_of`."""
    if rows is not None:
        rows = _tensor(rows)
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
    """The outputs of a module at rest, made in its own precision and on its device."""
    with _at_rest(model), torch.no_grad():
        return _readable(outputs_of(model, _as_taken(model, rows)))


def _tensor(rows: Tensor | np.ndarray) -> Tensor:
    if isinstance(rows, Tensor):
        return rows
    try:
        return torch.tensor(np.asarray(rows, dtype=np.float64), dtype=torch.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"rows must be numbers: {error}") from error


def _readable(values: Tensor) -> Tensor:
    """The values on the CPU, those of 16 bits in 32: numpy has no bfloat16."""
    half = values.dtype in (torch.bfloat16, torch.float16)
    return (values.float() if half else values).detach().cpu()


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


@dataclass(frozen=True, eq=False)
class Step:
    """What lies between two layers, before the first of them or after the last.

    Attributes:
        above: the name of the layer whose outputs go in; None: the rows do.
        below: the name of the layer that takes what comes out; None: the module gives it.
    """

    model: nn.Module
    layers: dict[str, nn.Linear]
    above: str | None
    below: str | None
    rows: Tensor

    def run(self, change: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """What goes in, after the change, what comes out, and what the module gives."""
        seen: dict[str, Tensor] = {}

        def enter(module: Any, given: Any, output: Tensor) -> Tensor:
            seen["in"] = change(output)
            return seen["in"]

        def leave(module: Any, given: Any, output: Tensor) -> None:
            seen["out"] = given[0]

        hooks = [(self.layers[self.above], enter)] if self.above is not None else []
        hooks += [(self.layers[self.below], leave)] if self.below is not None else []
        rows = self.rows if self.above is not None else change(self.rows)
        with hooked(hooks):
            outputs = outputs_of(self.model, rows)
        return seen.get("in", rows), seen.get("out", outputs), outputs

    def __str__(self) -> str:
        if self.above is None:
            return f"before the layer {self.below}"
        if self.below is None:
            return f"after the layer {self.above}"
        return f"between the layers {self.above} and {self.below}"


def check_step(step: Step) -> None:
    """Check that no way leads around the step, and that each unit comes from one unit alone.

    What may follow the last layer (`READOUTS`) is let through; an InputError refuses all else.
    """
    if step.above is not None:
        # Where each row has the first one's outputs of a layer, nothing else of it may be left.
        _, out, outputs = step.run(lambda given: given[:1].expand_as(given))
        for left in (out, outputs):
            if not torch.allclose(left, left[:1].expand_as(left), equal_nan=True):
                raise InputError(
                    "the layers do not follow one another: a way leads around the layer "
                    f"{step.above}"
                )
    given, before, _ = step.run(lambda given: given)
    if step.below is None and any(_same(before, read(given)) for read in READOUTS):
        return
    units = given.numel() // len(step.rows)
    if before.numel() != given.numel() or units != _width(step):
        count = before.numel() // len(step.rows)
        raise InputError(f"{step} {units} units become {count}; only a chain can be read")
    # Any two units differ in a binary digit of their places, by which they are told apart.
    places = torch.arange(units, device=given.device)
    for digit in range((units - 1).bit_length()):
        for chosen in ((places >> digit & 1).bool(), ~(places >> digit & 1).bool()):
            noise = noise_of(given.shape).to(given) * (1 + given.abs())
            moved = torch.where(chosen.expand(len(given), -1).reshape(given.shape), noise, 0)
            _, after, _ = step.run(lambda given, moved=moved: given + moved)
            others = ~chosen
            if not _same(after.reshape(-1, units)[:, others], before.reshape(-1, units)[:, others]):
                raise InputError(
                    f"{step} units are mixed or put in another order; only what acts on each "
                    "unit alone can be read"
                )


def _width(step: Step) -> int:
    if step.above is not None:
        return step.layers[step.above].out_features
    return step.layers[step.below].in_features if step.below is not None else 0


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and torch.allclose(one, other.to(one), equal_nan=True)


def noise_of(shape: Sequence[int]) -> Tensor:
    """Normal numbers, the same each time."""
    return torch.randn(tuple(shape), generator=torch.Generator().manual_seed(0))


def first_tensor(output: Any) -> Tensor:
    """The tensor that a module gives, or the first of several."""
    while isinstance(output, tuple | list) and output:
        output = output[0]
    if not isinstance(output, Tensor):
        raise InputError(f"the module gives a {type(output).__name__}, expected a tensor")
    return output


@contextmanager
def hooked(hooks: Any) -> Iterator[None]:
    """Forward hooks, `(layer, hook)`, that are taken off at the end."""
    handles = [layer.register_forward_hook(hook) for layer, hook in hooks]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def outputs_of(model: nn.Module, rows: Tensor) -> Tensor:
    """The outputs of a module; an InputError says when it does not take the rows."""
    try:
        return first_tensor(model(rows))
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise InputError(
            f"the {type(model).__name__} does not take rows of {rows.shape[1]} numbers: {first}"
        ) from error
