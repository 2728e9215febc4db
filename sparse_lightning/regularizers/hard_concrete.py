"""The L0 regularizer: a hard concrete gate for every weight."""

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor, nn

from sparse_lightning.errors import RegularizerError, check_number
from sparse_lightning.nn._lightning import skips_steps
from sparse_lightning.regularizers.base import Regularizer, Weight, scaled
from sparse_lightning.regularizers.gated import GatedWeights
from sparse_lightning.regularizers.late import ZeroKeeper
from sparse_lightning.regularizers.layer_weights import LAZY, refuse_computed
from sparse_lightning.regularizers.layers import (
    is_population,
    refuse_sparse_steps,
    shared_weights,
    stepped,
    tell_uncounted,
    weighted_layers,
)
from sparse_lightning.regularizers.schedules import Schedule


class L0(ZeroKeeper, Regularizer):
    """The L0 regularizer, λ Σ P(z ≠ 0), with a hard concrete gate z on every weight.

    Louizos, Welling and Kingma, *Learning sparse neural networks through L0 regularization*, 2018.
    The forward pass of a training step is made with the weights w·z, z drawn anew for each step;
    everywhere else, in validation, in checkpoints and after the fit, the module holds w·ẑ with the
    gates ẑ of a trained network: many weights are exactly zero, and there is no gate left to carry
    along. w and log α are in the callback, and in its state, from which a fit resumes. Weights that
    are exactly zero when a fit begins stay so, and so do those that another callback prunes. An
    average of weights that another callback makes is zero where the gates are shut at the end.

    The chain rule is applied around the optimizer's step, so that layers of every kind, populations
    and optimizers with one evaluation a step will do. Layers that are unfrozen during the fit get
    no gates.

    Args:
        weight: λ, or a mapping of patterns of layer names to its values.
        layers: patterns of layer names; default: every layer with weights.
        replicas: the slice of a population that it is for.
        schedule: a factor on λ that changes over the fit.
        learning_rate: the learning rate of Adam, which learns log α.
        drop_rate: the share d that is dropped at the start, where log α is log((1 − d)/d).
        seed: the seed of the noise; one value, or one for each replica. The noise of a replica
            does not depend on what other replicas there are.

    Raises:
        RegularizerError: a value is out of range, no layer matches, the optimizer evaluates the
            loss several times a step, two of them have one weight, or a state that is restored is
            one of another module.

    Examples:
        >>> trainer = pl.Trainer(callbacks=[L0(weight=1e-4)])  # doctest: +SKIP
    """

    symbol = "L0"
    kind = "weight"
    takes = ("l1_weight",)
    place: ClassVar[int] = 1

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
        Regularizer.__init__(self, weight, layers, replicas, schedule)
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
        super().setup(trainer, pl_module, stage)
        if stage == "fit":
            self._restored = None  # of an earlier fit; a checkpoint's is restored after this

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_fit_start(trainer, pl_module)
        networks: Any = pl_module.replicas if is_population(pl_module) else 1
        size = len(range(*self.replicas.indices(networks)))
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

    def layers_of(self, module: nn.Module) -> tuple[str, ...]:
        return tuple(weighted_layers(module, self.layers, "L0"))

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        super().on_train_batch_start(trainer, pl_module, batch, batch_idx)
        if skips_steps(trainer):
            return
        for block in self._blocks.values():
            block.sample(partial(self._uniform, block))

    def value(self, tensor: Tensor) -> Tensor:
        """The gates of trained weights that are open: of a shut one the weight is exactly zero."""
        return tensor.flatten(1).count_nonzero(1)

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        super().on_before_backward(trainer, pl_module, loss)
        if not self.batched and pl_module.automatic_optimization:
            penalties = [block.penalty() for block in self._blocks.values()]
            self._reported = self.share(torch.stack(penalties).sum(), trainer)

    def on_before_optimizer_step(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        number = next(n for n, other in enumerate(trainer.optimizers) if other is optimizer)
        if number in self._blocks:
            block = self._blocks[number]
            part = self.part_of_step(trainer, pl_module, optimizer)
            scale = scaled(block.raw.new_ones(()), trainer, optimizer)
            block.open(self.factor * part, scale, learns=part > 0)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, *_: Any, **__: Any
    ) -> None:
        super().on_train_batch_end(trainer, pl_module, outputs)
        self._settle()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        self._settle()
        super().on_exception(trainer, pl_module, exception)

    def _gated(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> dict[int, GatedWeights]:
        waiting = () if self.batched else (LAZY,)
        found = weighted_layers(pl_module, self.layers, "L0", waiting)
        weights = shared_weights(found, waiting)
        refuse_computed(
            [weight for weight, _ in weights], "L0", "a gate needs the parameter itself"
        )
        for weight, _ in weights:
            if not weight.trained():
                raise RegularizerError(
                    f"L0: {weight.full_name} has no shape yet; run a batch through the module "
                    "before the fit, or leave the layer out by layers="
                )
        if self.layers is None and not self.batched:
            tell_uncounted(pl_module, "L0")
        names = {id(weight): name for name, weight in pl_module.named_parameters()}
        strengths = {id(weight.sources[0]): self.weight_of(*of) for weight, of in weights}
        parameters = [weight.sources[0] for weight, _ in weights]
        refuse_sparse_steps(trainer, parameters, "L0")
        self._refuse_a_second(trainer, pl_module, set(strengths))
        blocks = {}
        for number, optimizer in enumerate(trainer.optimizers):
            if isinstance(optimizer, torch.optim.LBFGS):
                raise RegularizerError(
                    "L0: needs an optimizer with one evaluation of the loss a step, got LBFGS"
                )
            held = stepped(optimizer)
            own = [parameter for parameter in parameters if id(parameter) in held]
            for weight in own if not self.batched else ():
                if not weight.detach().any():
                    rank_zero_warn(
                        f"L0: every weight of {names[id(weight)]} is zero, where it stays; begin "
                        "with other weights, or leave the layer out by layers="
                    )
            if own:
                blocks[number] = GatedWeights(
                    {names[id(weight)]: weight for weight in own},
                    [strengths[id(weight)] for weight in own],
                    self.part,
                    log_alpha=math.log((1 - self.drop_rate) / self.drop_rate),
                    learning_rate=self.learning_rate,
                )
        return blocks

    def _refuse_a_second(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, gated: set[int]
    ) -> None:
        networks: Any = pl_module.replicas if self.batched else 1
        own = set(range(*self.replicas.indices(networks)))
        for other in getattr(trainer, "callbacks", ()):
            if other is self:
                return  # those after this one will look themselves
            if not isinstance(other, L0) or not own & set(range(*other.replicas.indices(networks))):
                continue
            for name, weight, _ in other.kept():
                if id(weight) in gated:
                    raise RegularizerError(f"L0: another L0 has gates for {name} already")

    def _settle(self) -> None:
        for block in self._blocks.values():
            if not block.settled:
                block.settle()

    def _restore(self, state: dict[str, Any]) -> None:
        stored = state["blocks"]
        if set(stored) != set(self._blocks) or set(state["noise"]) != set(self._noise):
            raise RegularizerError("L0: the checkpoint holds gates of other optimizers or seeds")
        for number, block in self._blocks.items():
            if not block.fits(stored[number]):
                raise RegularizerError(
                    f"L0: the checkpoint holds gates for {', '.join(stored[number]['sizes'])}, and "
                    f"this module has {', '.join(block.weights)} of other sizes or names"
                )
            block.load_state_dict(stored[number])
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

    def kept(self) -> Iterator[tuple[str, nn.Parameter, Tensor]]:
        for block in self._blocks.values():
            yield from block.kept()

    def part(self, tensor: Tensor) -> Tensor:
        return tensor[self.replicas] if self.batched else tensor.unsqueeze(0)


def _after_step(block: GatedWeights, *_: Any) -> None:
    block.close()
