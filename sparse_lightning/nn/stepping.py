"""Many steps of a population in one `training_step` of Lightning.

Of a step of a small population Lightning's loop takes longer than the networks do. A module that
optimises by itself may make all the steps of an epoch in one call; here the hooks of the callbacks
and of the module are called around each of them as Lightning's loop calls them.

The gradients come by torch's graph, or by hand where that serves. Both ways give the loss of a
batch while the gradients of the step before are still in the parameters, and afterwards put those
of that loss there.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Protocol, runtime_checkable

import pytorch_lightning as pl
import torch
from pytorch_lightning.strategies import SingleDeviceStrategy
from torch import Tensor, nn

from sparse_lightning.nn._lightning import step_progress
from sparse_lightning.nn.backpropagation import Backpropagation
from sparse_lightning.nn.failures import FailureRecord


@runtime_checkable
class Trained(Protocol):
    """What the ways to a gradient need of the module whose replicas are trained together."""

    replicas: int
    failures: FailureRecord

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def pair(self, batch: Any) -> tuple[Tensor, Tensor]:
        """The inputs of the trained layers for a batch, and what their outputs should be."""
        ...

    def inputs(self, batch: Any) -> Tensor:
        """The part of a batch that is no weight of a row."""
        ...

    def row_weights(self, batch: Any) -> Tensor | None:
        """The weights on the errors of the rows, None where all are 1."""
        ...

    def row_count(self, batch: Any) -> int | float:
        """How many rows a batch has, or the sum of their weights."""
        ...

    def mean_loss(self, batch: Tensor) -> Tensor:
        """What is minimised, per row of a batch; who has failed and the error are noted."""
        ...

    def noted(self, loss: Tensor, error: Tensor, elements: int | float) -> Tensor:
        """The sum of the losses of the sound replicas; who has failed and the error are noted."""
        ...


class ByGraph:
    """Lets torch record and differentiate the loss of a module."""

    def __init__(self, module: Trained):
        self._module = module
        self._parameters = list(module.parameters())

    def loss(self, batch: Tensor) -> Tensor:
        return self._module.mean_loss(batch)

    def backward(self, loss: Tensor) -> None:
        for parameter in self._parameters:
            parameter.grad = None
        loss.backward()


class ByHand:
    """Back-propagates the squared error of a module's layers; its loss has no graph.

    The error is that of `layers` for the inputs and targets that the module's `pair` gives.
    """

    def __init__(self, module: Trained, layers: Sequence[nn.Module]):
        self._module = module
        self._backpropagation = Backpropagation(layers)
        self._rows: int | float = 0

    def serves(self, batch: Tensor) -> bool:
        """Whether it gives exactly what a graph gives."""
        return self._backpropagation.serves(batch)

    def loss(self, batch: Tensor) -> Tensor:
        x, target = self._module.pair(self._module.inputs(batch))
        error = self._backpropagation.errors(x, target, self._module.row_weights(batch))
        self._rows = self._module.row_count(batch)
        elements = self._rows * target.shape[-1]
        return self._module.noted(error, error, elements) / self._rows

    def backward(self, loss: Tensor) -> None:
        # The derivative of the loss with respect to each error, rounded as the graph rounds it.
        share = loss.new_ones(self._module.replicas) / self._rows
        if not self._module.failures.surely_none:
            share = share.masked_fill(self._module.failures.failed, 0.0)
        self._backpropagation.backward(share)


@runtime_checkable
class Batches(Protocol):
    """The batches of an epoch."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Tensor]: ...


class Steps:
    """Makes steps with the hooks of a trainer's callbacks and of its module.

    Each step calls `on_train_batch_start`, `on_before_backward`, `on_after_backward`,
    `on_before_optimizer_step` and `on_train_batch_end` once, the callbacks' before the module's.
    The first `on_train_batch_start` and the last `on_train_batch_end` of an epoch are Lightning's
    own calls; their batch is the epoch. Gradients are not accumulated and not scaled. The loss that
    `on_before_backward` is given need not have a graph.

    The module has `automatic_optimization = False` and one optimizer. Batches that `by_hand` does
    not serve are differentiated by the graph.
    """

    def __init__(
        self, module: pl.LightningModule, by_graph: ByGraph, by_hand: ByHand | None = None
    ):
        self.module = module
        self.by_graph = by_graph
        self.by_hand = by_hand
        self._begin = self._hooks("on_train_batch_start")
        self._before_backward = self._hooks("on_before_backward")
        self._after_backward = self._hooks("on_after_backward")
        self._before_step = self._hooks("on_before_optimizer_step")
        self._end = self._hooks("on_train_batch_end")

    def run(self, batches: Iterable[Tensor]) -> None:
        """Make a step of each batch of an epoch."""
        device = self.module.device.type
        step = self._optimizer_step()
        for place, batch in enumerate(batches):
            if place:
                _call(self._end, None, batch, place - 1)
                _call(self._begin, batch, place)
            by_hand = self.by_hand
            if by_hand is not None and by_hand.serves(batch):
                differentiation = by_hand
            else:
                differentiation = self.by_graph
            loss = differentiation.loss(batch)
            with _without_autocast(device):
                _call(self._before_backward, loss)
                differentiation.backward(loss)
                _call(self._after_backward)
                step()

    def _optimizer_step(self) -> Callable[[], Any]:
        """The step of the optimizer, with `on_before_optimizer_step` and the trainer's count."""
        trainer: Any = self.module.trainer
        optimizer: Any = self.module.optimizers()
        if type(trainer.strategy) is not SingleDeviceStrategy:
            return optimizer.step
        # What Lightning does there on one device, less what it does for other cases.
        own: torch.optim.Optimizer = optimizer.optimizer
        progress = step_progress(trainer)

        def step() -> None:
            progress.increment_ready()
            _call(self._before_step, own)
            own.step()
            progress.increment_completed()

        return step

    def _hooks(self, name: str) -> list[Callable[..., Any]]:
        """The hooks of a name that do something, the callbacks' before the module's."""
        trainer: Any = self.module.trainer
        found: list[Callable[..., Any]] = [
            partial(getattr(callback, name), trainer, self.module)
            for callback in trainer.callbacks
            if getattr(type(callback), name) is not getattr(pl.Callback, name)
        ]
        if getattr(type(self.module), name) is not getattr(pl.LightningModule, name):
            found.append(getattr(self.module, name))
        return found


def _call(hooks: list[Callable[..., Any]], *arguments: Any) -> None:
    for hook in hooks:
        hook(*arguments)


def _without_autocast(device: str) -> AbstractContextManager[Any]:
    """As Lightning does it: only the forward pass is in 16 bits."""
    if torch.is_autocast_enabled(device):
        return torch.autocast(device, enabled=False)
    return nullcontext()
