"""The L0 regularizer: a hard concrete gate for every weight."""

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from sparse_lightning.errors import RegularizerError, check_number
from sparse_lightning.regularizers.base import Regularizer, Weight
from sparse_lightning.regularizers.gated import GatedWeights
from sparse_lightning.regularizers.layers import matching_all, named_weights, weighted_modules
from sparse_lightning.regularizers.schedules import Schedule


class L0(Regularizer):
    """The L0 regularizer, λ Σ P(z ≠ 0), with a hard concrete gate z on every weight.

    Louizos, Welling and Kingma, *Learning sparse neural networks through L0 regularization*, 2018.
    The forward pass of a training step is made with the weights w·z, z drawn anew for each step;
    everywhere else, in validation, in checkpoints and after the fit, the module holds w·ẑ with the
    gates ẑ of a trained network: many weights are exactly zero, and there is no gate left to carry
    along. w and log α are in the callback, and in its state, from which a fit resumes. Weights that
    are exactly zero when a fit begins stay so.

    The chain rule is applied around the optimizer's step, so that layers of every kind, populations
    and optimizers with one evaluation a step will do. Layers that are unfrozen during the fit get
    no gates.

    Args:
        weight: λ, or a mapping of patterns of layer names to its values.
        layers: patterns of layer names; default: every layer with weights.
        replicas: the slice of a population that it is for.
        schedule: a factor on λ that changes over the fit.
        learning_rate: of Adam, which learns log α.
        drop_rate: the log α that gates begin with is log((1 − d)/d).
        seed: of the noise; one value, or one for each replica. The noise of a replica does not
            depend on what other replicas there are.

    Raises:
        RegularizerError: a value is out of range, no layer matches, the optimizer evaluates the
            loss several times a step, or a state that is restored is one of another module.

    Example:
        >>> trainer = pl.Trainer(callbacks=[L0(weight=1e-4)])  # doctest: +SKIP
    """

    symbol = "L0"
    kind = "weight"
    takes = ("l1_weight",)

    def __init__(
        self,
        weight: Weight,
        layers: str | Sequence[str] | None = None,
        replicas: slice | None = None,
        schedule: Schedule | None = None,
        learning_rate: float = 0.05,
        drop_rate: float = 0.05,
        seed: int | Sequence[int] = 0,
    ):
        super().__init__(weight, layers, replicas, schedule)
        check_number(learning_rate, "L0: learning_rate", RegularizerError)
        check_number(drop_rate, "L0: drop_rate", RegularizerError)
        given: Any = seed
        if isinstance(given, str) or not isinstance(given, Iterable):
            given = [given]
        self.seeds: list[int] = list(given)
        for one in self.seeds:
            check_number(one, "L0: seed", RegularizerError)
        if not 0 < learning_rate < math.inf:
            raise RegularizerError(
                f"L0: learning_rate must be finite and greater than 0, got {learning_rate:g}"
            )
        if not 0 < drop_rate < 1:
            raise RegularizerError(
                f"L0: drop_rate must be between 0 and 1, both excluded, got {drop_rate:g}"
            )
        self.learning_rate = learning_rate
        self.drop_rate = drop_rate
        self._blocks: dict[int, GatedWeights] = {}  # by the number of their optimizer
        self._noise: dict[int, torch.Generator] = {}  # by seed
        self._restored: dict[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        return {
            "blocks": {number: block.state_dict() for number, block in self._blocks.items()},
            "noise": {seed: generator.get_state() for seed, generator in self._noise.items()},
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._restored = state_dict

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        if stage == "fit":
            self._restored = None  # of an earlier fit; a checkpoint's is restored after this

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_fit_start(trainer, pl_module)
        size = len(range(*self.replicas.indices(getattr(pl_module, "replicas", 1))))
        if len(self.seeds) not in (1, size):
            raise RegularizerError(f"L0: seed has {len(self.seeds)} values for {size} replicas")
        self._noise = {
            seed: torch.Generator(pl_module.device).manual_seed(seed) for seed in self.seeds
        }
        self._blocks = self._gated(trainer, pl_module)
        if self._restored is not None:
            self._restore(self._restored)
        for number, block in self._blocks.items():
            optimizer = trainer.optimizers[number]
            hook = optimizer.register_step_post_hook(partial(_after_step, block))
            self._hooks.append(hook)
            block.settle()

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        super().on_train_batch_start(trainer, pl_module, batch, batch_idx)
        for block in self._blocks.values():
            if not block.sampled:  # else these gradients are accumulated with those before
                block.sample(self._uniform(block))

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        if not self.batched:
            penalties = [block.penalty() for block in self._blocks.values()]
            share = self.factor / trainer.accumulate_grad_batches
            self.add_to_loss(loss, torch.stack(penalties).sum() * share, trainer)

    def on_before_optimizer_step(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        number = next(n for n, other in enumerate(trainer.optimizers) if other is optimizer)
        if number in self._blocks:
            scaler = getattr(trainer.precision_plugin, "scaler", None)
            # A fused optimizer takes the scale out in its step, for others it is out by now.
            scaled = scaler is not None and getattr(optimizer, "_step_supports_amp_scaling", False)
            scale = scaler.get_scale() if scaler is not None and scaled else 1.0
            self._blocks[number].open(self.factor, scale)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        for block in self._blocks.values():
            block.settle()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        self.on_train_end(trainer, pl_module)
        super().on_exception(trainer, pl_module, exception)

    def _gated(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> dict[int, GatedWeights]:
        found = matching_all(weighted_modules(pl_module), self.layers, self.by_layer, "L0")
        names = {id(weight): name for name, weight in pl_module.named_parameters()}
        layers = {id(weight): layer for layer, weight in named_weights(found)}
        blocks = {}
        for number, optimizer in enumerate(trainer.optimizers):
            if isinstance(optimizer, torch.optim.LBFGS):
                raise RegularizerError(
                    "L0: needs an optimizer with one evaluation of the loss a step, got LBFGS"
                )
            stepped = {id(one) for group in optimizer.param_groups for one in group["params"]}
            own = [w for _, w in named_weights(found) if id(w) in stepped]
            if own:
                blocks[number] = GatedWeights(
                    {names[id(weight)]: weight for weight in own},
                    [self.weight_of(layers[id(weight)]) for weight in own],
                    self._part,
                    log_alpha=math.log((1 - self.drop_rate) / self.drop_rate),
                    learning_rate=self.learning_rate,
                )
        return blocks

    def _restore(self, state: dict[str, Any]) -> None:
        kept = state["blocks"]
        if set(kept) != set(self._blocks) or set(state["noise"]) != set(self._noise):
            raise RegularizerError("L0: the checkpoint holds gates of other optimizers or seeds")
        for number, block in self._blocks.items():
            if not block.fits(kept[number]):
                raise RegularizerError(
                    f"L0: the checkpoint holds gates for {', '.join(kept[number]['sizes'])}, and "
                    f"this module has {', '.join(block.weights)} of other sizes or names"
                )
            block.load_state_dict(kept[number])
        for seed, generator in self._noise.items():
            generator.set_state(state["noise"][seed])

    def _uniform(self, block: GatedWeights) -> Tensor:
        """Noise `(replica, weight)`; replicas of one seed have the same."""
        replicas, count = block.raw.shape
        drawn = {
            seed: torch.rand(
                count, generator=generator, device=block.raw.device, dtype=block.raw.dtype
            )
            for seed, generator in self._noise.items()
        }
        if len(self.seeds) == 1:
            return drawn[self.seeds[0]].expand(replicas, -1)
        return torch.stack([drawn[seed] for seed in self.seeds])

    def _part(self, tensor: Tensor) -> Tensor:
        return tensor[self.replicas] if self.batched else tensor.unsqueeze(0)


def _after_step(block: GatedWeights, *_: Any) -> None:
    block.close()
