"""Many steps of a population in one `training_step` of Lightning.

Of a step of a small population Lightning's loop takes longer than the networks do. A module that
optimises by itself may make all the steps of an epoch in one call; here the hooks of the callbacks
and of the module are called around each of them as Lightning's loop calls them.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Protocol, runtime_checkable

import pytorch_lightning as pl
import torch
from pytorch_lightning.strategies import SingleDeviceStrategy
from torch import Tensor

from sparse_lightning.nn._lightning import step_progress
from sparse_lightning.nn.differentiation import ByGraph, ByHand


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
