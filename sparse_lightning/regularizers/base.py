"""What every regularizer callback does: check its strengths, add its gradient to the fit's."""

import inspect
import math
import warnings
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, ClassVar, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import BaseFinetuning
from pytorch_lightning.strategies import DeepSpeedStrategy, FSDPStrategy, ModelParallelStrategy
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from sparse_lightning.errors import RegularizerError, kind_of
from sparse_lightning.nn._lightning import gradient_scaler
from sparse_lightning.nn._torch import unscales
from sparse_lightning.penalties import spread
from sparse_lightning.regularizers.layers import checked_patterns, is_population
from sparse_lightning.regularizers.schedules import Schedule

Strength = float | Sequence[float] | Tensor
Weight = Strength | Mapping[str, Strength]

_SHARES = ("sparsity", "l1_ratio")
_SHARDED = (DeepSpeedStrategy, FSDPStrategy, ModelParallelStrategy)


class Regularizer(pl.Callback):
    """Adds `weight · penalty` to the loss of a fit.

    On an ordinary LightningModule a strength is a number. On a population (a module with the
    attribute `replicas`, each of whose parameters has that many rows) it is one value a replica of
    the slice `replicas`, and the penalty of a replica reaches no other.

    The gradient of the penalty joins the gradient of the loss, before gradients are clipped. On an
    ordinary module with automatic optimization the loss in the outputs of `on_train_batch_end`
    includes the penalty's value (for the callbacks after this one and the module itself; what
    `training_step` logs is its own); a population saves that work.
    Where a value or a gradient is not finite, one warning says so when the epoch ends; of a
    population the replica is marked as failed.

    A step of the optimizer without a backward pass, as after a `training_step` that returns None,
    is one without a penalty, and so is a step with a strength of 0: both leave gradients, moments
    and weights as they are. Of optimizers that look at the loss, as LBFGS does, the loss includes
    the penalty.

    With several processes (DDP) the result is that of one process on the whole batch.

    A subclass gives `value`; it may give `gradient` in closed form, which is faster.

    Args:
        weight: the strength of the penalty, λ or η, at least 0; or a mapping of patterns of module
            names to strengths, as in `{"encoder.*": 1e-4, "decoder.*": 1e-5}`, of which the first
            that matches a layer counts.
        layers: a pattern of module names as in `fnmatch`; several may be given in a sequence.
        replicas: the slice of a population that this regularizer is for; default: all of it.
        schedule: a factor on the strength that changes over the fit: `Warmup`, `Ramp`, or any
            function of the step and the epoch, called before every batch.
        parameters: thresholds and the like; greater than 0, a sparsity also less than 1.

    Raises:
        RegularizerError: a strength is out of range, no layer matches `layers`, the trainer's
            strategy spreads the weights over several devices, or LBFGS is stepped by hand.

    Attributes:
        symbol: the name in project files.
        kind: `weight` or `hidden`, what is penalised.
        takes: the strengths that it takes, by their names in project files.
    """

    symbol: ClassVar[str] = ""
    kind: ClassVar[str] = ""
    takes: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        weight: Weight,
        layers: str | Sequence[str] | None = None,
        replicas: slice | None = None,
        schedule: Schedule | None = None,
        parameters: Mapping[str, Strength] | None = None,
    ):
        self.by_layer = isinstance(weight, Mapping)
        if isinstance(weight, Mapping):
            if layers is not None or not weight:
                raise RegularizerError(
                    f"{type(self).__name__}: name the layers either as the keys of weight= or in "
                    "layers="
                )
            layers = tuple(weight)
            weights = {strength_name(pattern): value for pattern, value in weight.items()}
        else:
            weights = {"weight": weight}
        self.layers = checked_patterns(layers, type(self).__name__)
        if not isinstance(replicas, slice | None):
            raise RegularizerError(
                f"{type(self).__name__}: replicas must be a slice, got {kind_of(replicas)}"
            )
        self.replicas = replicas if replicas is not None else slice(None)
        self.schedule = self._callable(schedule)
        self.strengths = {
            name: self._checked(name, value)
            for name, value in {**weights, **(parameters or {})}.items()
        }
        self.factor = 1.0
        self.batched = False
        self._passes = 0  # backward passes since gradients were set to zero, or since a step
        self._hooks: list[RemovableHandle] = []
        self._unsound: Tensor | None = None
        self._warned = False
        self._reported: Tensor | None = None

    def value(self, tensor: Tensor) -> Tensor:
        """The penalty `(replica,)` of weights or outputs `(replica, …)`, without its weight."""
        raise NotImplementedError

    def gradient(self, tensor: Tensor) -> Tensor:
        """The gradient of `value`, of the shape of `tensor`; differentiated unless overridden."""
        with torch.enable_grad():
            variable = tensor.detach().requires_grad_()
            value = self.value(variable)
            if value.shape != tensor.shape[:1]:
                raise RegularizerError(
                    f"{type(self).__name__}: value must give one number a replica, the shape "
                    f"{tuple(tensor.shape[:1])}, got {tuple(value.shape)}"
                )
            return torch.autograd.grad(value.sum(), variable)[0]

    @property
    def state_key(self) -> str:
        # Lightning wants distinct keys where a trainer has several callbacks of one class.
        return f"{type(self).__qualname__}{self.layers}{self.replicas}"

    def weight_of(self, *layers: str) -> Tensor:
        """The strength `(replica,)` of the layer with this name, or of layers that are one.

        Raises `RegularizerError` if two of them were named, with different strengths.
        """
        if not self.by_layer:
            return self.strengths["weight"]
        assert self.layers is not None
        named = [pattern for pattern in self.layers if pattern in layers]
        for other in named[1:]:
            if not torch.equal(
                self.strengths[strength_name(named[0])], self.strengths[strength_name(other)]
            ):
                raise RegularizerError(
                    f"{type(self).__name__}: {named[0]} and {other} share what is penalised; give "
                    "one of them a strength, or both the same"
                )
        matches = (p for p in self.layers if any(fnmatchcase(one, p) for one in layers))
        return self.strengths[strength_name(next(matches))]

    def layers_of(self, module: nn.Module) -> tuple[str, ...]:
        """The names of the layers that a fit of the module would penalise now."""
        raise NotImplementedError

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if isinstance(trainer.strategy, _SHARDED):
            raise RegularizerError(
                f"{type(self).__name__}: needs every weight whole on its device (one device, or "
                f"strategy='ddp'), got {type(trainer.strategy).__name__}"
            )
        self.batched = is_population(pl_module)
        self._unsound, self._warned, self._passes = None, False, 0
        for optimizer in () if self.batched else trainer.optimizers:
            if isinstance(optimizer, torch.optim.LBFGS) and not pl_module.automatic_optimization:
                raise RegularizerError(
                    f"{type(self).__name__}: LBFGS looks at the loss, which with manual "
                    "optimization has no penalty in it; use automatic optimization, or write the "
                    "penalty into the loss"
                )
            if pl_module.automatic_optimization:
                self._hooks.append(optimizer.register_step_pre_hook(self._with_value))
        networks: Any = pl_module.replicas if self.batched else 1
        size = len(range(*self.replicas.indices(networks)))
        for name, strength in self.strengths.items():
            if len(strength) not in (1, size):
                raise RegularizerError(
                    f"{type(self).__name__}: {name} has {len(strength)} values for {size} replicas"
                )
            self.strengths[name] = strength.expand(size).to(pl_module.device)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        if self.schedule is None:
            return
        # A population's module may make many steps of what is one batch to the trainer.
        batches = getattr(pl_module, "steps_in_epoch", None) or trainer.num_training_batches
        epoch = trainer.current_epoch + (batch_idx / batches if batches else 0.0)
        self.factor = float(self.schedule(trainer.global_step, epoch))
        if not 0 <= self.factor < math.inf:
            raise RegularizerError(
                f"{type(self).__name__}: schedule must give a factor that is finite and at least "
                f"0, got {self.factor:g} at step {trainer.global_step}"
            )

    def on_before_zero_grad(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        self._passes = 0

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        self._passes += 1

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, *_: Any, **__: Any
    ) -> None:
        if self._reported is not None and isinstance(outputs, dict) and "loss" in outputs:
            outputs["loss"] = outputs["loss"] + self._reported  # the tensor may be the user's own
        self._reported = None

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # Asked once an epoch: the answer waits for the device.
        if not self._warned and self._unsound is not None and bool(self._unsound):
            self._warned = True
            where = f" of the layers {', '.join(self.layers)}" if self.layers else ""
            warnings.warn(
                f"{type(self).__name__}: its penalty{where} or the gradient of it was not finite "
                f"in epoch {trainer.current_epoch}: weights or outputs are NaN or infinite, or "
                "too large for the penalty",
                stacklevel=2,
            )
        self._unsound = None

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        self.on_fit_end(trainer, pl_module)

    def add_gradient(self, gradient: Tensor, tensor: Tensor, weight: Tensor) -> None:
        """Add the penalty's gradient with respect to `tensor` to that of the loss, in place."""
        slope, share = self.gradient(tensor), spread(weight, tensor)
        self._watch(slope)
        if gradient.dtype == slope.dtype == share.dtype:
            gradient.addcmul_(slope, share)
        else:  # 16-bit gradients, to which a strength is not rounded
            gradient.add_(slope * share)

    def report_value(
        self,
        tensors: list[tuple[Tensor, Tensor]],
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
    ) -> None:
        """Note the penalty's value for the loss that an ordinary module reports."""
        # With manual optimization there is no telling which of its losses is reported.
        if self.batched or not tensors or not pl_module.automatic_optimization:
            return
        with torch.no_grad():
            values = [self.share(weight, trainer) * self.value(one) for one, weight in tensors]
            self._reported = torch.stack(values).sum()
            self._watch(self._reported)

    def share(self, weight: Tensor, trainer: pl.Trainer) -> Tensor:
        """The weight `(replica,)` of the penalty in one of the accumulated batches."""
        return times(weight, self.factor / trainer.accumulate_grad_batches)

    def part_of_step(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        optimizer: torch.optim.Optimizer,
    ) -> float:
        """The part of a whole penalty that a step of the optimizer is made with.

        It is that of the accumulated batches with a backward pass; 0 if there was none.
        """
        if self.batched:
            return 1.0
        passes, self._passes = self._passes, 0
        if pl_module.automatic_optimization:
            return passes / trainer.accumulate_grad_batches
        return 1.0 if has_gradient(optimizer) else 0.0

    def _with_value(
        self, optimizer: torch.optim.Optimizer, args: Any, kwargs: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]] | None:
        """Let an optimizer that evaluates the loss in its step see it with the penalty's value."""
        closure = kwargs.get("closure")
        if closure is None:
            return None

        def with_value() -> Any:
            self._reported = None
            loss = closure()
            return loss if loss is None or self._reported is None else loss + self._reported

        return args, {**kwargs, "closure": with_value}

    def _watch(self, values: Tensor) -> None:
        """Remember, without waiting for the device, whether something was not finite."""
        if not self.batched:
            bad = ~values.detach().isfinite().all()
            self._unsound = bad if self._unsound is None else self._unsound | bad

    def _callable(self, schedule: Any) -> Schedule | None:
        name = type(self).__name__
        if schedule is None:
            return None
        if not callable(schedule):
            raise RegularizerError(
                f"{name}: schedule must be a function of the step and the epoch, got "
                f"{kind_of(schedule)}"
            )
        try:
            inspect.signature(schedule).bind(0, 0.0)
        except TypeError as error:
            raise RegularizerError(
                f"{name}: schedule is called with the step and the epoch: {error}"
            ) from error
        return cast(Schedule, schedule)

    def _checked(self, name: str, value: Strength) -> Tensor:
        try:
            strength = torch.as_tensor(value, dtype=torch.float32).reshape(-1)
        except (TypeError, ValueError, RuntimeError) as error:
            raise RegularizerError(
                f"{type(self).__name__}: {name} must be a number, or one for each replica, got "
                f"{kind_of(value)}"
            ) from error
        kind = "weight" if name.startswith("weight") else name
        upper = 1.0 if kind in _SHARES else math.inf
        above = (strength >= 0) if kind == "weight" else (strength > 0)
        bad = ~(above & (strength < upper) & strength.isfinite())
        if bool(bad.any()):
            allowed = {
                "weight": "finite and at least 0",
                **dict.fromkeys(_SHARES, "between 0 and 1, both excluded"),
            }.get(kind, "finite and greater than 0")
            raise RegularizerError(
                f"{type(self).__name__}: {name} must be {allowed}, got {strength[bad][0].item():g}"
            )
        return strength


def times(weight: Tensor, factor: float) -> Tensor:
    """A strength times a factor; of 1 the strength itself, which spares an operation."""
    return weight if factor == 1 else weight * factor


def unfreezes(trainer: pl.Trainer) -> bool:
    """Whether a callback of the trainer's is there to train later what is frozen now."""
    return any(isinstance(one, BaseFinetuning) for one in getattr(trainer, "callbacks", ()))


def has_gradient(optimizer: torch.optim.Optimizer) -> bool:
    """Whether a step would move anything."""
    return any(one.grad is not None for group in optimizer.param_groups for one in group["params"])


def scaled(
    tensor: Tensor, trainer: pl.Trainer, optimizer: torch.optim.Optimizer | None = None
) -> Tensor:
    """A tensor scaled as 16-bit gradients are, in a backward pass or before an optimizer's step."""
    scaler = gradient_scaler(trainer)
    # For an optimizer that does not take the scale out in its step, it is out by then.
    inside = optimizer is None or unscales(optimizer)
    return tensor if scaler is None or not inside else scaler.scale(tensor)


def strength_name(pattern: str) -> str:
    """The name among the strengths of what a mapping of patterns gives for one."""
    return f"weight of {pattern}"
