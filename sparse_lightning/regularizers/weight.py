"""What every penalty of the weights does: find them, and add its gradient or proximal step."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, TypedDict

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from sparse_lightning.errors import RegularizerError
from sparse_lightning.nn._torch import PRUNED
from sparse_lightning.regularizers.base import (
    Regularizer,
    Strength,
    Weight,
    has_gradient,
    scaled,
    times,
    unfreezes,
)
from sparse_lightning.regularizers.layer_weights import FROZEN, LAZY, LayerWeight, refuse_computed
from sparse_lightning.regularizers.layers import (
    refuse_sparse_steps,
    shared_weights,
    stepped,
    tell_uncounted,
    unit_rows,
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

    What is penalised is the weight that a layer computes with: under `torch.nn.utils.prune`,
    `weight_norm` and other parametrizations the gradient goes on to the parameters from which torch
    computes it. `spectral_norm` is refused.

    Attributes:
        has_proximal_step: whether there is one.
        by_unit: whether an ordinary layer's weights come as `(replica, unit, incoming weight)`,
            whatever the layer; else they come in their own shape.
    """

    kind = "weight"
    takes = ("l1_weight",)
    has_proximal_step: ClassVar[bool] = True
    by_unit: ClassVar[bool] = False

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
        self._weights: list[tuple[LayerWeight, Tensor]] = []
        self._stale = self._automatic = False
        self._share = 0.0  # of λ in the step of the optimizer that is made
        self._clipped: set[int] = set()  # optimizers whose gradients hold the penalty already

    def proximal_step(self, weight: Tensor, step: Tensor) -> Tensor:
        """The proximal operator with `step` = learning rate · λ for each replica."""
        raise NotImplementedError

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_fit_start(trainer, pl_module)
        self._automatic, self._share = pl_module.automatic_optimization, 0.0
        waiting = (LAZY, FROZEN) if unfreezes(trainer) else (LAZY,)
        self._collect(pl_module, waiting)
        if self.layers is None and not self.batched:
            tell_uncounted(pl_module, type(self).__name__)
        weights = [weight for weight, _ in self._weights]
        needs = "a proximal step needs the parameter itself" if self.proximal else ""
        refuse_computed(weights, type(self).__name__, needs, allowed=(PRUNED,))
        sources = [source for weight in weights for source in weight.sources]
        refuse_sparse_steps(trainer, sources, type(self).__name__)
        if self.proximal:
            for optimizer in trainer.optimizers:
                # Before a schedule changes the learning rate that the step was taken with.
                self._hooks.append(optimizer.register_step_post_hook(self._shrink))
                if isinstance(optimizer, torch.optim.SGD):
                    continue
                if stepped(optimizer) & {id(source) for source in sources}:
                    raise RegularizerError(
                        f"{type(self).__name__}: proximal=True needs torch.optim.SGD, got "
                        f"{type(optimizer).__name__}; use proximal=False with this optimizer"
                    )

        if not (self.batched or self.proximal or pl_module.automatic_optimization):
            self._come_before_clipping(trainer, pl_module)

    def _come_before_clipping(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add the penalty before a training step clips gradients by hand, for as long as the fit.

        Lightning tells of the optimizer's step only afterwards.
        """
        own: Any = pl_module
        clip = own.clip_gradients

        def clip_gradients(optimizer: Any, *arguments: Any, **options: Any) -> None:
            inner = getattr(optimizer, "optimizer", optimizer)
            self._penalise(trainer, pl_module, inner)
            self._clipped.add(id(inner))
            clip(optimizer, *arguments, **options)

        own.clip_gradients = clip_gradients

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_fit_end(trainer, pl_module)
        vars(pl_module).pop("clip_gradients", None)

    def layers_of(self, module: nn.Module) -> tuple[str, ...]:
        return tuple(weighted_layers(module, self.layers, type(self).__name__))

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # Callbacks after this one and the module itself may yet unfreeze, prune or add layers.
        self._stale = True

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._stale = True

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        super().on_train_batch_start(trainer, pl_module, batch, batch_idx)
        self._clipped.clear()
        if self._stale:
            self._collect(pl_module, (LAZY, FROZEN))

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        super().on_before_backward(trainer, pl_module, loss)
        if not self.batched:
            tensors = [
                (self._part(weight, weight.read().detach()), strength)
                for weight, strength in self._weights
                if weight.trained()
            ]
            self.report_value(tensors, trainer, pl_module)

    def on_before_optimizer_step(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        if id(optimizer) in self._clipped:
            self._clipped.remove(id(optimizer))
        else:
            self._penalise(trainer, pl_module, optimizer)

    def _penalise(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        """Add the penalty's gradient to what the optimizer is about to step by."""
        self._share = self.factor * self.part_of_step(trainer, pl_module, optimizer)
        if self.proximal or not self._share:
            return
        for weight, sources, strength in self._of(optimizer):
            share = scaled(times(strength, self._share), trainer, optimizer)
            if weight.computed is None and not self._arranged:
                self._add(weight, share)
            else:
                self._add_through(weight, sources, share)

    def _add(self, weight: LayerWeight, share: Tensor) -> None:
        """Add the penalty's gradient to that of a parameter."""
        (parameter,) = weight.sources
        with torch.no_grad():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            elif parameter.grad.is_sparse:  # of an embedding: the penalty is one of all rows
                parameter.grad = parameter.grad.to_dense()
            self.add_gradient(
                self._part(weight, parameter.grad), self._part(weight, parameter), share
            )

    def _add_through(self, weight: LayerWeight, sources: list[nn.Parameter], share: Tensor) -> None:
        """Add the penalty's gradient to those of the parameters that a weight is computed from."""
        with torch.enable_grad():
            tensor = self._part(weight, weight.read())
        addition = torch.zeros_like(tensor)
        self.add_gradient(addition, tensor.detach(), share)
        gradients = torch.autograd.grad(tensor, sources, addition, allow_unused=True)
        for source, gradient in zip(sources, gradients, strict=True):
            if gradient is None:
                continue
            if source.grad is None or source.grad.is_sparse:
                before = 0.0 if source.grad is None else source.grad.to_dense()
                source.grad = gradient + before
            else:
                source.grad.add_(gradient)

    def _collect(self, pl_module: pl.LightningModule, waiting: Collection[str]) -> None:
        """Find the weights, and those that may count later in the fit."""
        self._stale = False
        waiting = () if self.batched else waiting
        found = weighted_layers(pl_module, self.layers, type(self).__name__, waiting)
        weights = [
            (weight, self.weight_of(*layers)) for weight, layers in shared_weights(found, waiting)
        ]
        # A strength of 0 leaves an ordinary module as it is, gradients that are None too.
        self._weights = [(w, s) for w, s in weights if self.batched or bool(s.any())]

    def _of(
        self, optimizer: torch.optim.Optimizer
    ) -> list[tuple[LayerWeight, list[nn.Parameter], Tensor]]:
        """The weights that an optimizer steps, each with what of it is stepped and its strength."""
        held = stepped(optimizer)
        found = []
        for weight, strength in self._weights:
            sources = [source for source in weight.trained() if id(source) in held]
            if sources:
                found.append((weight, sources, strength))
        return found

    def _shrink(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        share = self._share
        if not self._automatic:  # its steps need not be known to Lightning
            share = self.factor if self.batched or has_gradient(optimizer) else 0.0
        if not share:
            return
        rates = {
            id(one): group["lr"] for group in optimizer.param_groups for one in group["params"]
        }
        for weight, sources, strength in self._of(optimizer):
            parameter = sources[0]
            step = rates[id(parameter)] * share * strength
            if weight.computed is None and not self._arranged:
                with torch.no_grad():
                    part = self._part(weight, parameter)
                    part.copy_(self.proximal_step(part, step))
                continue
            with torch.enable_grad():
                tensor = self._part(weight, weight.read())
            change = self.proximal_step(tensor.detach(), step) - tensor.detach()
            # Units are an order of the weights and a mask is of zeros and ones.
            (moved,) = torch.autograd.grad(tensor, parameter, change)
            with torch.no_grad():
                parameter.add_(moved)

    def _part(self, weight: LayerWeight, tensor: Tensor) -> Tensor:
        """What this regularizer is for of a weight, or of a tensor of its shape, replicas first."""
        if self.batched:
            return tensor[self.replicas]
        own = unit_rows(weight.module, tensor) if self.by_unit else tensor
        return own.unsqueeze(0)

    @property
    def _arranged(self) -> bool:
        return self.by_unit and not self.batched
