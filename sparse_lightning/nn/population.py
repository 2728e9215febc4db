"""The LightningModule that trains a population: the base of every task's module."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sparse_lightning.nn._lightning import gradient_scaler
from sparse_lightning.nn._torch import unscales
from sparse_lightning.nn.failures import (
    FailureRecord,
    ScaledGradients,
    largest_outputs,
    overflowing,
)
from sparse_lightning.nn.layers import (
    BatchedLinear,
    clear,
    linear_layers,
    squared_errors_of,
)
from sparse_lightning.nn.optimization import (
    ReplicaRates,
    clip_by_replica,
    make_optimizer,
    tail_schedule,
)
from sparse_lightning.nn.stepping import Batches, ByGraph, ByHand, Steps


@dataclass(frozen=True)
class Optimization:
    """How a population is trained.

    The optimizer is `adam` or `sgd`. In the last share `tail` of the epochs the learning rate is
    multiplied by `factor`. `gradient_clip` is the largest norm of a replica's gradient; None does
    not clip.
    """

    optimizer: str = "adam"
    learning_rate: float = 0.01
    epochs: int = 150
    tail: float = 0.2
    factor: float = 0.1
    gradient_clip: float | None = None


class PopulationModule(pl.LightningModule):
    """Trains every replica on the same batches by the sum of their losses.

    The gradient of the sum with respect to one replica's weights is the gradient of its own loss,
    so that replicas never mix. A replica whose loss, weights or gradient are no longer finite is
    taken out of the sum, its weights are set to 0 and stay there, and `failures` tells when and why
    that was. When the fit ends, one whose products overflow has failed as well, even where an
    activation that saturates hides it from the loss.

    It trains with Lightning's own loop on any batches of rows. With `automatic_optimization` off it
    takes all the batches of an epoch at once and makes the same steps by `Steps`. `rates` are
    factors on the learning rate of each replica, 1 by default.

    Attributes:
        hidden_layers: names of the layers whose outputs the hidden regularizers penalise.
        unbounded_units: whether these outputs are not confined to [0, 1].
        trained_layers: the layers, from `flatten`, whose squared error is minimised, unless
            `errors` says otherwise.
        steps_in_epoch: the number of steps of an epoch that is one batch to the trainer.
        weighted: whether a column of a batch, behind those of the inputs, holds the weight of each
            row, by which errors and losses are means over the rows.
        samples: where each replica has its own weights on the errors of the rows, the number of
            its column among the last columns of a batch; None: all replicas have the same.
        sample_count: how many such columns there are.
    """

    hidden_layers: tuple[str, ...] = ()
    unbounded_units: bool = False
    trained_layers: Sequence[nn.Module] = ()
    weighted: bool = False
    samples: Int[Tensor, " replica"] | None
    sample_count: int = 0

    def __init__(
        self,
        replicas: int,
        optimization: Optimization,
        rates: Float[Tensor, " replica"] | None = None,
    ):
        super().__init__()
        self.replicas = replicas
        self.optimization = optimization
        self._initial_rates = torch.ones(replicas, dtype=torch.float32) if rates is None else rates
        self._rates: ReplicaRates | None = None
        self.failures = FailureRecord(replicas)
        self._scaled = ScaledGradients(self.failures)
        self.register_buffer(
            "error_sum", torch.zeros(replicas, dtype=torch.float64), persistent=False
        )
        self.elements_seen: int | float = 0
        self.steps_in_epoch: int | None = None
        self._steps: Steps | None = None
        self.error_sum: Tensor
        self.register_buffer("samples", None, persistent=False)

    def resample(self, samples: Int[Tensor, " replica"], count: int) -> None:
        """Give each replica the weights on the rows that stand in one of the last columns."""
        self.samples, self.sample_count = samples.to(self.device), count

    def pair(self, batch: Any) -> tuple[Tensor, Tensor]:
        """The inputs of `trained_layers` for a batch, and what their outputs should be."""
        raise NotImplementedError

    def errors(self, batch: Any) -> tuple[Float[Tensor, " replica"], int | float]:
        """The sum over batch and outputs of the squared error, and how many elements that are."""
        x, target = self.pair(self.inputs(batch))
        error = squared_errors_of(self.trained_layers, x, target, self.row_weights(batch))
        return error, self.row_count(batch) * target.shape[-1]

    def losses(
        self, batch: Any
    ) -> tuple[Float[Tensor, " replica"], Float[Tensor, " replica"], int | float]:
        """What is minimised, summed over the batch, and what `errors` gives."""
        error, elements = self.errors(batch)
        return error, error, elements

    def inputs(self, batch: Any) -> Tensor:
        """The part of a batch that `forward` takes."""
        beside = self.weighted + self.sample_count
        return batch[:, :-beside] if beside else batch

    def row_weights(self, batch: Any) -> Float[Tensor, "*own batch"] | None:
        """The weights on the errors of the rows, None where all are 1."""
        if self.samples is not None:
            return batch[:, -self.sample_count :].T[self.samples]
        return batch[:, -1] if self.weighted else None

    def row_count(self, batch: Any) -> int | float:
        """How many rows a batch has, or the sum of their weights, which no sample changes."""
        return float(batch[:, -1 - self.sample_count].sum()) if self.weighted else len(batch)

    def on_train_start(self) -> None:
        if self.automatic_optimization:
            return
        own = type(self).losses, type(self).errors
        plain = own == (PopulationModule.losses, PopulationModule.errors)
        # Several processes take the mean of their gradients while a graph is walked.
        by_hand = plain and self.trainer.world_size == 1
        self._steps = Steps(
            self, ByGraph(self), ByHand(self, self.trained_layers) if by_hand else None
        )

    def training_step(self, batch: Tensor | Batches, _: int) -> Tensor | None:
        """Give the loss of a batch, or make the steps of all batches of an epoch."""
        if isinstance(batch, Tensor):
            return self.mean_loss(batch)
        assert self._steps is not None
        self.steps_in_epoch = len(batch)
        self._steps.run(batch)
        return None

    def mean_loss(self, batch: Tensor) -> Float[Tensor, ""]:
        """What is minimised, per row of a batch; who has failed and the error are noted."""
        return self.noted(*self.losses(batch)) / self.row_count(batch)

    def noted(
        self,
        loss: Float[Tensor, " replica"],
        error: Float[Tensor, " replica"],
        elements: int | float,
    ) -> Float[Tensor, ""]:
        """The sum of the losses of the sound replicas; who has failed and the error are noted."""
        self.error_sum.add_(error.detach())
        self.elements_seen += elements
        total = loss.sum()
        if self.failures.surely_none and math.isfinite(total.detach()):
            return total
        self.failures.note_loss(loss.detach(), self.trainer.global_step, self.parameters())
        return torch.where(self.failures.failed, 0.0, loss).sum()

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        if not self.automatic_optimization:  # else the trainer does it
            self.configure_gradient_clipping(optimizer)

    def on_after_backward(self) -> None:
        if gradient_scaler(self.trainer) is not None:
            self._scaled.separate(self.parameters(), self.trainer.global_step)

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        scaler = gradient_scaler(self.trainer)
        if scaler is not None:
            self._scaled.adapt(scaler)

    def epoch_error(self) -> Float[Tensor, " replica"]:
        """The mean squared error per output element over the batches of this epoch so far.

        It is measured while the weights move.
        """
        return self.error_sum / max(self.elements_seen, 1)

    def on_train_epoch_end(self) -> None:
        if not self.automatic_optimization:  # else the trainer does it
            schedule: Any = self.lr_schedulers()
            schedule.step()
        self.error_sum.zero_()
        self.elements_seen = 0
        self.failures.note_weights(self.trainer.global_step - 1, self.parameters())
        self._take_out()

    def on_train_end(self) -> None:
        self._steps = None  # and its memory
        if self._cannot_overflow():
            return
        precision, step = self.trainer.precision_plugin, self.trainer.global_step - 1
        batches = (
            self.trainer.strategy.batch_to_device(precision.convert_input(rows))
            for batch in self.trainer.train_dataloader or ()
            for rows in ([batch] if self.automatic_optimization else batch)
        )
        with precision.forward_context():
            overflowed = overflowing(
                self, batches, lambda batch: self(self.inputs(batch)), self.replicas
            )
        self.failures.note_products(overflowed.to(self.device), step, self.parameters())
        self._take_out()

    def _cannot_overflow(self) -> bool:
        """Whether the weights alone show it: going through all rows takes as long as an epoch."""
        rows = getattr(getattr(self.trainer, "datamodule", None), "rows", None)
        if not isinstance(rows, Tensor):
            return False
        largest = max(abs(float(end)) for end in rows.aminmax())
        half = "16" in str(self.trainer.precision) and "bf16" not in str(self.trainer.precision)
        limit = torch.finfo(torch.float16 if half else torch.float32).max
        return bool((largest_outputs(self, largest, self.replicas) < limit).all())

    def _take_out(self) -> None:
        """Let failed replicas rest: nothing of theirs is of use, nor can it come back."""
        failed = self.failures.failed
        if self._rates is not None and bool(failed.any()):
            self._rates.freeze(failed)
            clear(linear_layers_of(self), failed)

    def configure_optimizers(self) -> Any:
        settings = self.optimization
        optimizer = make_optimizer(settings.optimizer, self.parameters(), settings.learning_rate)
        self._rates = ReplicaRates(optimizer, self._initial_rates.to(self.device))
        return [optimizer], [
            tail_schedule(optimizer, settings.epochs, settings.tail, settings.factor)
        ]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        rates = self._initial_rates if self._rates is None else self._rates.rates
        checkpoint["replicas"] = {"failures": self.failures.kept(), "rates": rates}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        # Before the optimizer is configured, which the rates go into.
        self.failures.restore(checkpoint["replicas"]["failures"])
        self._initial_rates = checkpoint["replicas"]["rates"]

    def configure_gradient_clipping(
        self, optimizer: torch.optim.Optimizer, *_: Any, **__: Any
    ) -> None:
        limit = self.optimization.gradient_clip
        if limit is None:
            return
        scaler = gradient_scaler(self.trainer)
        if scaler is not None and unscales(optimizer):  # in its step, after the clipping
            limit *= scaler.get_scale()
        clip_by_replica(self.parameters(), limit)


def activation_names(prefix: str, layers: nn.Sequential) -> tuple[str, ...]:
    """The names of the modules whose outputs are hidden outputs: every one but the weights'."""
    return tuple(
        f"{prefix}.{place}"
        for place, layer in enumerate(layers)
        if not isinstance(layer, BatchedLinear)
    )


def unbounded(layers: nn.Sequential) -> bool:
    """Whether the outputs of the activations are not confined to [0, 1], as those of sigmoids."""
    return any(not isinstance(layer, BatchedLinear | nn.Sigmoid) for layer in layers)


def linear_layers_of(module: nn.Module) -> list[BatchedLinear]:
    """The trainable batched layers of a module, wherever they are."""
    return [
        layer
        for child in module.children()
        for layer in linear_layers(child)
        if layer.weight.requires_grad
    ]
