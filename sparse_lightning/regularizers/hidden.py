"""What every penalty of hidden outputs does: capture them, and add its gradient."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypedDict

import pytorch_lightning as pl
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from sparse_lightning.errors import RegularizerError, kind_of
from sparse_lightning.nn._torch import base_of
from sparse_lightning.nn.backpropagation import OutputPenalty
from sparse_lightning.penalties import spread
from sparse_lightning.regularizers.base import (
    Regularizer,
    Strength,
    Weight,
    scaled,
    strength_name,
    unfreezes,
)
from sparse_lightning.regularizers.layers import checked_patterns
from sparse_lightning.regularizers.outputs import chosen_outputs, tell_guesses
from sparse_lightning.regularizers.schedules import Schedule
from sparse_lightning.regularizers.views import Place


class HiddenOptions(TypedDict, total=False):
    """What every regularizer of the hidden outputs can be given besides strengths and layers."""

    replicas: slice | None
    schedule: Schedule | None
    unit_axis: int | None


class HiddenRegularizer(Regularizer):
    """A penalty on the outputs of the matching layers, captured while the loss is computed.

    Its gradient joins that of the loss in Lightning's own backward passes alone: what
    `torch.autograd.grad` gives within a training step, as for a gradient penalty, is free of it.
    With manual optimization that means `manual_backward`; each of its passes counts as a batch.

    Args:
        weight: the strength η, or one for each pattern of layers.
        layers: patterns of layer names. A layer that is named (`encoder.0`, `*.linear1`) is taken
            as it is. A pattern that ends in an asterisk for any layer (`encoder.*`) names none: of
            what it covers the activations (`torch.nn.Sigmoid`, …) are taken, where there are none
            all layers but identities. A pattern that matches no layer without layers inside is for
            blocks of layers. Of a layer with several outputs (`nn.LSTM`, `nn.MultiheadAttention`)
            it is the first. Default: what the module names in its attribute `hidden_layers`.
            `layers_of(module)` tells what is chosen.
        replicas: the slice of a population.
        schedule: a factor on η that changes over the fit.
        unit_axis: the axis of an output that counts as its units, while all others are rows: 1 for
            the channels of a convolution, −1 for the features of a transformer. Default: the first
            axis is the rows and all others together are units.
        parameters: thresholds and the like.

    In a population the axes are `(replica, batch, unit)`.

    Attributes:
        rowwise: whether the penalty is a mean over the rows of something of each row. Of others
            the rows of all processes are gathered, since no mean of theirs is the value of all.
    """

    kind = "hidden"
    takes = ("hidden_weight",)
    rowwise: ClassVar[bool] = False

    def __init__(
        self,
        weight: Weight,
        layers: str | Sequence[str] | None = None,
        replicas: slice | None = None,
        schedule: Schedule | None = None,
        unit_axis: int | None = None,
        parameters: Mapping[str, Strength] | None = None,
    ):
        super().__init__(weight, layers, replicas, schedule, parameters)
        if unit_axis is not None and not isinstance(unit_axis, int):
            raise RegularizerError(
                f"{type(self).__name__}: unit_axis must be a whole number, got {kind_of(unit_axis)}"
            )
        self.unit_axis = unit_axis
        self._outputs: list[tuple[Tensor, Tensor]] = []
        self._handles: list[RemovableHandle] = []
        self._patterns: set[str] = set()  # those of layers that have hooks
        self._called: set[str] = set()  # those of layers that a training step has called
        self._captured: set[str] = set()  # … with a gradient
        self._in_backward = False
        self._passed = False  # whether this batch had a backward pass of Lightning's
        self._others = False  # … or one of others
        self._differentiated = False  # whether there was any in this fit

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_fit_start(trainer, pl_module)
        chosen = self._chosen(pl_module)
        if not self.batched:
            # Graphs that were compiled before know nothing of the hooks that come now.
            torch.compiler.reset()
            tell_guesses(chosen, type(self).__name__)
        self._called, self._captured, self._patterns = set(), set(), set()
        self._differentiated = False
        for name, (module, pattern) in chosen.items():
            weight = self._strength(name, module, pattern, pl_module)
            if self.batched or bool(weight.any()):
                self._patterns.add(pattern)
                hook = _Penalty(self, name, pattern, weight, trainer)
                # A compiled module leaves its graph here: what is registered is no part of it.
                call: Any = hook if self.batched else torch.compiler.disable(hook.__call__)
                self._hooks.append(module.register_forward_hook(call))

    def layers_of(self, module: nn.Module) -> tuple[str, ...]:
        return tuple(self._chosen(module))

    def _chosen(self, module: nn.Module) -> dict[str, tuple[nn.Module, str]]:
        name = type(self).__name__
        patterns = self.layers or checked_patterns(getattr(module, "hidden_layers", None), name)
        if not patterns:
            raise RegularizerError(
                f'{name}: name the layers whose outputs it is for, as in layers="encoder.*"'
            )
        return chosen_outputs(module, patterns, name)

    def _strength(self, name: str, module: nn.Module, pattern: str, root: nn.Module) -> Tensor:
        if not self.by_layer:
            return self.strengths["weight"]
        others = (n for n, m in root.named_modules(remove_duplicate=False) if m is module)
        self.weight_of(name, *others)  # an error if it is named twice, with two strengths
        return self.strengths[strength_name(pattern)]

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        super().on_train_batch_start(trainer, pl_module, batch, batch_idx)
        self._forget()  # also of layers that activation checkpointing has run again
        self._in_backward = self._passed = self._others = False

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_train_epoch_end(trainer, pl_module)
        missed = sorted(self._patterns - self._called)
        if missed and self._differentiated:
            raise RegularizerError(
                f"{type(self).__name__}: no training step has called the layers of "
                f"{', '.join(missed)}, so that nothing was penalised there; a layer whose weights "
                "are used directly has no output of its own, and code that was compiled without "
                "the penalty calls it by no hook (torch.compiler.reset() forgets such code)"
            )

    def _refuse_frozen(self, trainer: pl.Trainer) -> None:
        missed = sorted(self._called - self._captured)
        if missed and not unfreezes(trainer):
            raise RegularizerError(
                f"{type(self).__name__}: the outputs of {', '.join(missed)} have no gradient, so "
                "that nothing can be penalised there: what comes before them is frozen or "
                "detached; leave them out, or unfreeze it by a BaseFinetuning callback"
            )

    def _first(self, output: Any, layer: str) -> Tensor:
        first = output
        while isinstance(first, tuple | list) and first:
            first = first[0]
        if not isinstance(first, Tensor):
            raise RegularizerError(
                f"{type(self).__name__}: the layer {layer} gives {type(output).__name__}, of which "
                "no tensor is the first; choose a layer inside it"
            )
        return first

    def _capture(self, output: Tensor, weight: Tensor, trainer: pl.Trainer) -> None:
        hidden = self._taken(output)
        own, processes = slice(None), 1
        if trainer.world_size > 1 and not self.rowwise:
            # In the forward pass, whose order is the same in all processes.
            hidden, own = gathered(hidden)
            processes = trainer.world_size
        if not self.batched:
            self._outputs.append((hidden, weight))
        shape = output.shape
        # A view that is written to later is no longer on the way of the gradient: what it is a view
        # of always is.
        base = None if self.batched else base_of(output)
        base = base if base is not None and base.requires_grad else None
        place = None if base is None else Place.of(output, base)

        def add_penalty(gradient: Tensor) -> Tensor:
            if not self._in_backward:
                self._others = True
                return gradient
            share = scaled(self.share(weight, trainer), trainer)
            if self.batched and processes == 1:
                # The gradient that a population's decoder passes down is nobody else's.
                self.add_gradient(gradient[self.replicas], hidden, share)
                return gradient
            slope = self.gradient(hidden) * spread(share, hidden)
            self._watch(slope)
            # The gradients of the processes will be averaged.
            addition = (slope[:, own] * processes).to(gradient.dtype)
            if self.batched:
                gradient[self.replicas].add_(addition)
                return gradient
            addition = self._shaped(addition, shape)
            return gradient + (addition if place is None else place.put(addition))

        tensor = output if base is None else base
        handle = tensor.register_hook(add_penalty)
        if tensor.is_leaf:  # a parameter, which outlives the batch
            self._handles.append(handle)

    def _penalise(
        self, output: Tensor, gradient: Tensor, weight: Tensor, trainer: pl.Trainer
    ) -> None:
        """Add the penalty's gradient to that of a population's outputs, which have no graph."""
        share = self.share(weight, trainer)
        self.add_gradient(gradient[self.replicas], self._taken(output), share)

    def _taken(self, output: Tensor) -> Tensor:
        """The penalised part of a layer's outputs, without a graph."""
        # Of an ordinary module a copy, since what follows may write to the outputs.
        hidden = self._part(output.detach()).to(torch.float32, copy=not self.batched)
        self._check(hidden)
        return hidden

    def _check(self, hidden: Tensor) -> None:
        """Raise an error if the outputs are not such as the penalty is for."""

    def _part(self, output: Tensor) -> Tensor:
        if self.batched:
            return output[self.replicas]
        if self.unit_axis is None:
            return output.reshape(len(output), -1).unsqueeze(0)
        if not -output.ndim <= self.unit_axis < output.ndim:
            raise RegularizerError(
                f"{type(self).__name__}: unit_axis is {self.unit_axis}, but an output has the "
                f"shape {tuple(output.shape)}"
            )
        return output.movedim(self.unit_axis, -1).flatten(0, -2).unsqueeze(0)

    def _shaped(self, part: Tensor, shape: torch.Size) -> Tensor:
        """A part that `_part` gave of an ordinary layer's output, in the output's shape again."""
        if self.unit_axis is None:
            return part.view(shape)
        axis = self.unit_axis % len(shape)
        moved = [size for place, size in enumerate(shape) if place != axis]
        return part.view(*moved, shape[axis]).movedim(-1, axis)

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        super().on_before_backward(trainer, pl_module, loss)
        self._in_backward = self._passed = self._differentiated = True
        self.report_value(self._outputs, trainer, pl_module)
        self._outputs = []

    def on_after_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._in_backward = False

    def on_before_optimizer_step(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        if self._others and not self._passed and not pl_module.automatic_optimization:
            raise RegularizerError(
                f"{type(self).__name__}: the optimizer steps without a backward pass of "
                "Lightning's in this batch; call self.manual_backward(loss) instead of "
                "loss.backward()"
            )
        if self._passed and pl_module.automatic_optimization:
            self._refuse_frozen(trainer)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, *_: Any, **__: Any
    ) -> None:
        super().on_train_batch_end(trainer, pl_module, outputs)
        if self._passed and not (self.batched or pl_module.automatic_optimization):
            self._refuse_frozen(trainer)  # not before a step: other passes may have a gradient

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_fit_end(trainer, pl_module)
        self._forget()

    def _forget(self) -> None:
        self._outputs = []
        for handle in self._handles:
            handle.remove()
        self._handles = []


class _Penalty(OutputPenalty):
    """The forward hook of a regularizer on a layer."""

    def __init__(
        self,
        regularizer: HiddenRegularizer,
        layer: str,
        pattern: str,
        weight: Tensor,
        trainer: pl.Trainer,
    ):
        self._regularizer = regularizer
        self._layer = layer
        self._pattern = pattern
        self._weight = weight
        self._trainer = trainer

    def __call__(self, module: nn.Module, inputs: Any, output: Any) -> None:
        if not self._trainer.training:
            return
        tensor = self._regularizer._first(output, self._layer)
        self._regularizer._called.add(self._pattern)
        if tensor.requires_grad:
            self._regularizer._captured.add(self._pattern)
            self._regularizer._capture(tensor, self._weight, self._trainer)

    def add(self, outputs: Tensor, gradient: Tensor) -> None:
        self._regularizer._called.add(self._pattern)
        self._regularizer._penalise(outputs, gradient, self._weight, self._trainer)


def gathered(rows: Tensor) -> tuple[Tensor, slice]:
    """The rows of all processes in the order of their ranks, and the slice of this process's own.

    A collective: every process calls it, in the same order. No gradient runs through it.
    """
    count = torch.tensor([rows.shape[1]], device=rows.device)
    counts = [torch.zeros_like(count) for _ in range(dist.get_world_size())]
    dist.all_gather(counts, count)
    sizes = [int(one) for one in counts]
    # The backends want equal shapes.
    padded = rows.new_zeros(rows.shape[0], max(sizes), rows.shape[2])
    padded[:, : rows.shape[1]] = rows
    parts = [torch.empty_like(padded) for _ in sizes]
    dist.all_gather(parts, padded)
    rank = dist.get_rank()
    start = sum(sizes[:rank])
    whole = torch.cat([part[:, :size] for part, size in zip(parts, sizes, strict=True)], dim=1)
    return whole, slice(start, start + sizes[rank])
