"""What every penalty of the weights does: find them, and add its gradient or proximal step."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypedDict

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from sparse_lightning.errors import RegularizerError
from sparse_lightning.regularizers.base import Regularizer, Strength, Weight, scaled
from sparse_lightning.regularizers.layers import (
    named_weights,
    refuse_sparse_steps,
    stepped,
    tell_uncounted,
    weighted_layers,
)
from sparse_lightning.regularizers.schedules import Schedule


class WeightOptions(TypedDict, total=False):
    """What every regularizer of the weights can be given besides its strengths and layers."""

    replicas: slice | None
    proximal: bool
    schedule: Schedule | None


class WeightRegularizer(Regularizer):
    """A penalty on the weights of the matching layers; biases and normalisations never count.

    Its gradient is added once for each step of the optimizer that holds the weights, whatever the
    number of backward passes before it, and before Lightning clips gradients. Where the last of the
    accumulated batches are missing, so is their share of the penalty.

    Args:
        weight: the strength λ, or one for each pattern of layers.
        layers: patterns of layer names; default: every layer that has trainable weights of two or
            more axes.
        replicas: the slice of a population.
        proximal: whether the penalty's proximal step with learning rate · λ follows each step of
            the optimizer, which leaves exact zeros, instead of an addition to the gradient. Needs
            `torch.optim.SGD`: with normalised steps as Adam's it would do almost nothing.
        schedule: a factor on λ that changes over the fit.
        parameters: thresholds and the like.
    """

    kind = "weight"
    takes = ("l1_weight",)
    has_proximal_step: ClassVar[bool] = True

    def __init__(
        self,
        weight: Weight,
        layers: str | Sequence[str] | None = None,
        replicas: slice | None = None,
        proximal: bool = False,
        schedule: Schedule | None = None,
        parameters: Mapping[str, Strength] | None = None,
    ):
        super().__init__(weight, layers, replicas, schedule, parameters)
        given = type(self).proximal_step is not WeightRegularizer.proximal_step
        if proximal and not (self.has_proximal_step and given):
            raise RegularizerError(
                f"{type(self).__name__}: has no proximal step; use proximal=False"
            )
        self.proximal = proximal
        self._weights: list[tuple[nn.Parameter, Tensor]] = []
        self._batches = 0  # whose gradients are accumulated

    def proximal_step(self, weight: Tensor, step: Tensor) -> Tensor:
        """The proximal operator with `step` = learning rate · λ for each replica."""
        raise NotImplementedError

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_fit_start(trainer, pl_module)
        self._collect(pl_module)
        if self.layers is None and not self.batched:
            tell_uncounted(pl_module, type(self).__name__)
        self._batches = 0
        refuse_sparse_steps(trainer, [weight for weight, _ in self._weights], type(self).__name__)
        if self.proximal:
            for optimizer in trainer.optimizers:
                # Before a schedule changes the learning rate that the step was taken with.
                self._hooks.append(optimizer.register_step_post_hook(self._shrink))
                if not isinstance(optimizer, torch.optim.SGD) and self._of(optimizer):
                    raise RegularizerError(
                        f"{type(self).__name__}: proximal=True needs torch.optim.SGD, got "
                        f"{type(optimizer).__name__}; use proximal=False with this optimizer"
                    )

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._collect(pl_module)  # what a callback has unfrozen since

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        self._batches += 1
        if not self.batched:
            tensors = [(self._part(w.detach()), strength) for w, strength in self._weights]
            self.report_value(tensors, trainer, pl_module)

    def on_before_optimizer_step(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        batches, self._batches = self._batches, 0
        if self.proximal:
            return
        # With manual optimization nothing is accumulated by the trainer.
        batches = batches if pl_module.automatic_optimization else 1
        with torch.no_grad():
            for weight, strength in self._of(optimizer):
                if weight.grad is None:
                    weight.grad = torch.zeros_like(weight)
                elif weight.grad.is_sparse:  # of an embedding: the penalty is one of all rows
                    weight.grad = weight.grad.to_dense()
                share = scaled(self.share(strength, trainer, batches), trainer, optimizer)
                self.add_gradient(self._part(weight.grad), self._part(weight), share)

    def _collect(self, pl_module: pl.LightningModule) -> None:
        found = weighted_layers(pl_module, self.layers, type(self).__name__)
        self._weights = [(weight, self.weight_of(layer)) for layer, weight in named_weights(found)]

    def _of(self, optimizer: torch.optim.Optimizer) -> list[tuple[nn.Parameter, Tensor]]:
        """The weights that an optimizer steps, each with its strength."""
        held = stepped(optimizer)
        return [(w, strength) for w, strength in self._weights if id(w) in held]

    def _shrink(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        own = {id(weight): strength for weight, strength in self._weights}
        with torch.no_grad():
            for group in optimizer.param_groups:
                for weight in group["params"]:
                    if id(weight) in own:
                        part = self._part(weight)
                        step = group["lr"] * self.factor * own[id(weight)]
                        part.copy_(self.proximal_step(part, step))

    def _part(self, weight: Tensor) -> Tensor:
        """A view of what this regularizer is for, with the replica as its first axis."""
        return weight[self.replicas] if self.batched else weight.unsqueeze(0)
