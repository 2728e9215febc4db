"""What lies between the layers of a module: whether each unit goes its way alone."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sparse_lightning.errors import InputError

READOUTS: tuple[Callable[[Tensor], Tensor], ...] = (
    lambda outputs: outputs.softmax(-1),
    lambda outputs: outputs.log_softmax(-1),
    lambda outputs: outputs.argmax(-1),
)
"""What may follow the last layer though it does not act on each unit alone."""


@dataclass(frozen=True, eq=False)
class Step:
    """What lies between two layers, before the first of them or after the last.

    Attributes:
        model: the module, at rest.
        layers: its linear layers by name.
        above: the name of the layer whose outputs go in; None: the rows do.
        below: the name of the layer that takes what comes out; None: the module gives it.
        rows: rows that the module takes.
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
    """Check that no way leads around it, and that each unit that comes out is made of one alone.

    Raises:
        InputError: it is not so, but for what may follow the last layer (`READOUTS`).
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
    """What a module gives, or the first of several things.

    Raises:
        InputError: it is no tensor.
    """
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
    """What a module gives for rows.

    Raises:
        InputError: it does not take them, or gives no tensor.
    """
    try:
        return first_tensor(model(rows))
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise InputError(
            f"the {type(model).__name__} does not take rows of {rows.shape[1]} numbers: {first}"
        ) from error
