"""What every regularizer callback does: check its strengths, add its gradient to the fit's."""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from sparse_lightning.errors import RegularizerError
from sparse_lightning.penalties import spread

Strength = float | Sequence[float] | Tensor


class Regularizer(pl.Callback):
    """Adds `weight · penalty` to the loss of a fit.

    On an ordinary LightningModule a strength is a number. On a population (a module with the
    attribute `replicas`) it is one value a replica of the slice `replicas`, and the penalty of a
    replica reaches no other.

    The gradient of the penalty joins the gradient of the loss during the backward pass, divided by
    `accumulate_grad_batches` and multiplied by the gradient scaler (16-bit), as the gradient of the
    loss is. On an ordinary module the penalty's value is added to the loss too, so that the loss in
    the outputs of `on_train_batch_end` includes it (for the callbacks after this one and the module
    itself; what `training_step` logs is its own); a population saves that work.

    A subclass gives `value`; it may give `gradient` in closed form, which is faster.

    Args:
        weight: the strength of the penalty, λ or η, at least 0.
        layers: a pattern of module names as in `fnmatch`; several may be given in a sequence.
        replicas: the slice of a population that this regularizer is for; default: all of it.
        parameters: thresholds and the like; greater than 0, a sparsity also less than 1.

    Raises:
        RegularizerError: a strength is out of range, or no layer matches `layers`.
    """

    symbol: ClassVar[str] = ""

    def __init__(
        self,
        weight: Strength,
        layers: str | Sequence[str] | None = None,
        replicas: slice | None = None,
        **parameters: Strength,
    ):
        self.layers = (layers,) if isinstance(layers, str) else layers
        self.replicas = replicas if replicas is not None else slice(None)
        self.strengths = {
            name: self._checked(name, value)
            for name, value in {"weight": weight, **parameters}.items()
        }
        self.batched = False
        self._hooks: list[RemovableHandle] = []
        self._reported: Tensor | None = None

    def value(self, tensor: Tensor) -> Tensor:
        """The penalty `(replica,)` of weights or outputs `(replica, …)`, without its weight."""
        raise NotImplementedError

    def gradient(self, tensor: Tensor) -> Tensor:
        """The gradient of `value`, of the shape of `tensor`; differentiated unless overridden."""
        with torch.enable_grad():
            variable = tensor.detach().requires_grad_()
            return torch.autograd.grad(self.value(variable).sum(), variable)[0]

    @property
    def state_key(self) -> str:
        # Lightning wants distinct keys where a trainer has several callbacks of one class.
        return f"{type(self).__qualname__}{self.layers}{self.replicas}"

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.batched = hasattr(pl_module, "replicas")
        size = len(range(*self.replicas.indices(getattr(pl_module, "replicas", 1))))
        for name, strength in self.strengths.items():
            if len(strength) not in (1, size):
                raise RegularizerError(
                    f"{type(self).__name__}: {name} has {len(strength)} values for {size} replicas"
                )
            self.strengths[name] = strength.expand(size).to(pl_module.device)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, *_: Any, **__: Any
    ) -> None:
        # Lightning has copied the loss before `on_before_backward`.
        if self._reported is not None and isinstance(outputs, dict) and "loss" in outputs:
            outputs["loss"].add_(self._reported)
        self._reported = None

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        self.on_fit_end(trainer, pl_module)

    def added_gradient(self, tensor: Tensor, trainer: pl.Trainer) -> Tensor:
        """What is to be added to the gradient of the loss with respect to `tensor`."""
        addition = self.gradient(tensor) * spread(self._share(trainer), tensor)
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        return addition if scaler is None else scaler.scale(addition)

    def add_value(self, loss: Tensor, tensors: list[Tensor], trainer: pl.Trainer) -> None:
        """Add the penalty's value to the loss that an ordinary module reports."""
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        with torch.no_grad():
            values = torch.stack([self.value(tensor) for tensor in tensors]).sum(0)
            total = (self._share(trainer) * values).sum()
            self._reported = total
            loss.add_(total if scaler is None else scaler.scale(total))

    def _share(self, trainer: pl.Trainer) -> Tensor:
        """The weight `(replica,)` of the penalty in one of the accumulated batches."""
        return self.strengths["weight"] / trainer.accumulate_grad_batches

    def _checked(self, name: str, value: Strength) -> Tensor:
        strength = torch.as_tensor(value, dtype=torch.float32).reshape(-1)
        upper = 1.0 if name == "sparsity" else math.inf
        above = (strength >= 0) if name == "weight" else (strength > 0)
        bad = ~(above & (strength < upper) & strength.isfinite())
        if bool(bad.any()):
            allowed = {
                "weight": "finite and at least 0",
                "sparsity": "between 0 and 1, both excluded",
            }.get(name, "finite and greater than 0")
            raise RegularizerError(
                f"{type(self).__name__}: {name} must be {allowed}, got {strength[bad][0].item():g}"
            )
        return strength
