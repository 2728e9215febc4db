"""A callback that fixes small connections at zero and lets the others train on."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from sparse_lightning.errors import RegularizerError, check_number, kind_of
from sparse_lightning.nn._torch import PRUNED
from sparse_lightning.regularizers.base import Strength
from sparse_lightning.regularizers.late import ZeroKeeper
from sparse_lightning.regularizers.layer_weights import LAZY, LayerWeight, refuse_computed
from sparse_lightning.regularizers.layers import (
    checked_patterns,
    is_population,
    named_weights,
    refuse_sparse_steps,
    tell_uncounted,
    weighted_layers,
)


class Prune(ZeroKeeper):
    """Sets small weights to zero, once, and holds them there while the others train on.

    The weights are those that `L1` penalises when the time comes: of two or more axes, trainable,
    no biases. Their gradients and the optimizer's moments are zero from then on, and every step of
    the optimizer is followed by zeroing them again, so that neither momentum nor weight decay
    brings one back. The weights stay ordinary parameters: a checkpoint holds the pruned ones as
    exact zeros, and no masked copies; the masks themselves are in the callback's state, from which
    a fit resumes. Averages of the weights that other callbacks make
    (`StochasticWeightAveraging`, …) are zero there too; it is called after them, wherever it is in
    the trainer's list.

    Args:
        threshold: weights with |w| at or below it are pruned.
        amount: the share of the connections that is pruned, the smallest first; in a
            population one value for each replica.
        epoch: at the beginning of which epoch, counted from 0; a fraction below 1 is one of
            `max_epochs`; None prunes at the end of the fit, with nothing trained afterwards.
        layers: patterns of layer names; default: every layer with weights.
        replicas: the slice of a population that it is for.
        per_layer: whether `amount` is the share of each layer, and not of all layers together.

    Raises:
        RegularizerError: not exactly one of `threshold` and `amount` is given, a value is out of
            range, no layer matches, the epoch lies behind the end of the fit, or a state that is
            restored is one of another module.

    Examples:
        >>> Prune(threshold=0.01, epoch=20).state_key
        'Prune None slice(None, None, None) threshold 0.01 epoch 20'
    """

    symbol: ClassVar[str] = ""
    place: ClassVar[int] = 2

    def __init__(
        self,
        threshold: float | None = None,
        amount: Strength | None = None,
        epoch: float | None = None,
        layers: str | Sequence[str] | None = None,
        replicas: slice | None = None,
        per_layer: bool = False,
    ):
        name = type(self).__name__
        if (threshold is None) == (amount is None):
            raise RegularizerError(f"{name}: give either threshold= or amount=")
        for field, value in (("threshold", threshold), ("epoch", epoch)):
            if value is not None:
                check_number(value, f"{name}: {field}", RegularizerError)
        if threshold is not None and not 0 <= threshold < math.inf:
            raise RegularizerError(
                f"{name}: threshold must be finite and at least 0, got {threshold:g}"
            )
        self.threshold = threshold
        try:
            self.amount = (
                None if amount is None else torch.as_tensor(amount, dtype=torch.float64).reshape(-1)
            )
        except (TypeError, ValueError, RuntimeError) as error:
            raise RegularizerError(
                f"{name}: amount must be a number, or one for each replica, got {kind_of(amount)}"
            ) from error
        if self.amount is not None and not bool(((self.amount >= 0) & (self.amount <= 1)).all()):
            raise RegularizerError(f"{name}: amount must be between 0 and 1, got {amount}")
        if epoch is not None and not 0 <= epoch < math.inf:
            raise RegularizerError(f"{name}: epoch must be finite and at least 0, got {epoch:g}")
        self.epoch = epoch
        self.layers = checked_patterns(layers, name)
        self.replicas = replicas if replicas is not None else slice(None)
        self.per_layer = per_layer
        self.masks: dict[str, Tensor] = {}
        self._pruned = False
        self._weights: dict[str, nn.Parameter] = {}
        self._read: dict[str, LayerWeight] = {}
        self._module: pl.LightningModule | None = None
        self._hooks: list[Any] = []
        self._batched = False
        one = None if self.amount is None or len(self.amount) > 1 else self.amount.item()
        chosen = f"threshold {threshold:g}" if threshold is not None else f"amount {one}"
        self._key = f"{name} {self.layers} {self.replicas} {chosen} epoch {epoch}"

    @property
    def state_key(self) -> str:
        # Of several, as of a gradual pruning, each has its own. Lightning asks at every hook.
        return self._key

    def state_dict(self) -> dict[str, Any]:
        masks = {name: mask.cpu() for name, mask in self.masks.items()}
        return {"masks": masks, "pruned": self._pruned}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.masks = dict(state_dict["masks"])
        self._pruned = state_dict["pruned"]

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        super().setup(trainer, pl_module, stage)
        if stage == "fit":
            # Of an earlier fit; those of a checkpoint are restored after this.
            self.masks, self._pruned = {}, False

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._batched = is_population(pl_module)
        self._module = pl_module
        self._collect()
        if self.layers is None and not self._batched:
            tell_uncounted(pl_module, type(self).__name__)
        refuse_sparse_steps(trainer, list(self._weights.values()), type(self).__name__)
        start, epochs = self._start(trainer), trainer.max_epochs
        if start is not None and epochs is not None and 0 <= epochs <= start:
            raise RegularizerError(
                f"{type(self).__name__}: epoch must be less than max_epochs {epochs}, got {start}"
            )
        for name, mask in self.masks.items():
            weight = self._weights.get(name)
            if weight is None or self.part(weight).shape != mask.shape:
                raise RegularizerError(
                    f"{type(self).__name__}: the checkpoint holds a mask for {name} of the shape "
                    f"{tuple(mask.shape)}, which this module has not"
                )
            self.masks[name] = mask.to(weight.device)
        self._hooks = [
            optimizer.register_step_post_hook(lambda *_: self.hold())
            for optimizer in trainer.optimizers
        ]
        self.hold()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        start = self._start(trainer)
        if start is not None and trainer.current_epoch >= start and not self._pruned:
            self.prune(trainer.optimizers)
        super().on_train_epoch_start(trainer, pl_module)

    def on_before_optimizer_step(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        for name, mask in self.masks.items():
            gradient = self._weights[name].grad
            if gradient is not None:
                if gradient.is_sparse:
                    gradient = self._weights[name].grad = gradient.to_dense()
                self.part(gradient).mul_(mask)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # Before the checkpoint of the last epoch is written, where it is known to be the last.
        last = (
            trainer.max_epochs is not None and trainer.current_epoch + 1 >= trainer.max_epochs > 0
        )
        if self.epoch is None and not self._pruned and (last or trainer.should_stop):
            self.prune(trainer.optimizers)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not self._pruned:  # it has ended early, or by its number of steps
            self.prune(trainer.optimizers)
        super().on_train_end(trainer, pl_module)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        self.on_fit_end(trainer, pl_module)

    def prune(self, optimizers: Sequence[torch.optim.Optimizer] = ()) -> None:
        """Choose the weights to prune, set them and the optimizers' moments of them to zero."""
        self._collect()  # lazy layers have a shape by now, and others may be unfrozen or pruned
        for name, weight in self._read.items():
            if not weight.trained():
                raise RegularizerError(
                    f"{type(self).__name__}: {name} has no shape yet; prune in a later epoch, or "
                    "run a batch through the module before the fit"
                )
        sizes = {
            name: self.part(weight.read().detach()).abs() for name, weight in self._read.items()
        }
        self.masks, self._pruned = self._chosen(sizes), True
        for optimizer in optimizers:
            for name, mask in self.masks.items():
                weight = self._weights[name]
                for moment in optimizer.state.get(weight, {}).values():
                    if isinstance(moment, Tensor) and moment.shape == weight.shape:
                        self.part(moment).mul_(mask)
        self.hold()

    def _collect(self) -> None:
        assert self._module is not None
        name, waiting = type(self).__name__, () if self._batched or self._pruned else (LAZY,)
        found = weighted_layers(self._module, self.layers, name, waiting)
        weights = named_weights(found, waiting)
        needs = "what is pruned must be the parameter itself"
        refuse_computed(weights, name, needs, allowed=(PRUNED,))
        names = {id(weight): name for name, weight in self._module.named_parameters()}
        self._read = {names[id(weight.sources[0])]: weight for weight in weights}
        self._weights = {name: weight.sources[0] for name, weight in self._read.items()}

    def _chosen(self, sizes: dict[str, Tensor]) -> dict[str, Tensor]:
        """The masks of the weights that stay, by name, from the sizes `(replica, …)` of all."""
        if self.amount is None:
            assert self.threshold is not None
            return {name: size > self.threshold for name, size in sizes.items()}
        if self.per_layer and len(sizes) > 1:
            return {k: v for name in sizes for k, v in self._chosen({name: sizes[name]}).items()}
        together = torch.cat([size.flatten(1) for size in sizes.values()], dim=1)
        replicas, count = together.shape
        if len(self.amount) not in (1, replicas):
            raise RegularizerError(
                f"{type(self).__name__}: amount has {len(self.amount)} values for {replicas} "
                "replicas"
            )
        pruned = (self.amount.expand(replicas) * count).round().long().to(together.device)
        # The rank of each weight by its size; equal ones in the order of the layers.
        rank = together.argsort(dim=1, stable=True).argsort(dim=1)
        staying = (rank >= pruned[:, None]).split([s[0].numel() for s in sizes.values()], dim=1)
        return {
            name: mask.view_as(size)
            for (name, size), mask in zip(sizes.items(), staying, strict=True)
        }

    def kept(self) -> Iterator[tuple[str, nn.Parameter, Tensor]]:
        for name, mask in self.masks.items():
            if name in self._weights:
                yield name, self._weights[name], mask

    def _start(self, trainer: pl.Trainer) -> int | None:
        start = self._chosen_start(trainer)
        # A trial of all code by one epoch tries the pruning, too.
        return start if start is None or not getattr(trainer, "fast_dev_run", False) else 0

    def _chosen_start(self, trainer: pl.Trainer) -> int | None:
        if self.epoch is None or self.epoch >= 1 or self.epoch == 0:
            return None if self.epoch is None else math.ceil(self.epoch)
        if trainer.max_epochs is None or trainer.max_epochs < 0:
            raise RegularizerError(
                f"{type(self).__name__}: a fraction of the epochs needs max_epochs of the trainer"
            )
        return int(self.epoch * trainer.max_epochs)

    def part(self, tensor: Tensor) -> Tensor:
        return tensor[self.replicas] if self._batched else tensor.unsqueeze(0)


class Magnitude(Prune):
    """Prunes the share λ of each layer's weights with the smallest |w|, and trains the others on.

    It is `Prune(amount=λ, epoch=0.5, per_layer=True)`, for one stage of a population after the
    other: what is exactly zero when a fit begins stays so, and counts. Each layer has its share,
    to within the rounding of a number, and so has every network made of such layers, whatever is
    taken out of a stage or trained together later.

    Args:
        weight: λ, the share that is pruned, between 0 and 1; one value for each replica.
        epoch: the epoch, counted from 0; a fraction below 1 is one of `max_epochs`.
        layers: patterns of layer names; default: every layer with weights.
        replicas: the slice of a population that it is for.

    Raises:
        RegularizerError: a share is out of range.
    """

    symbol = "magnitude"
    kind: ClassVar[str] = "weight"
    takes: ClassVar[tuple[str, ...]] = ("l1_weight",)

    def __init__(
        self,
        weight: Strength,
        epoch: float = 0.5,
        layers: str | Sequence[str] | None = None,
        replicas: slice | None = None,
    ):
        super().__init__(None, weight, epoch, layers, replicas, per_layer=True)
        assert self.amount is not None
        bad = ~((self.amount > 0) & (self.amount < 1))
        if bool(bad.any()):
            raise RegularizerError(
                "Magnitude: weight must be between 0 and 1, both excluded, got "
                f"{self.amount[bad][0].item():g}"
            )
        self.strengths = {"weight": self.amount}

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_fit_start(trainer, pl_module)
        if not self.masks:
            self.masks = {name: self.part(w.detach()) != 0 for name, w in self._weights.items()}
