"""Magnitude pruning as a group of project files: prune a share of the weights, then fine-tune."""

from collections.abc import Sequence
from typing import ClassVar

import pytorch_lightning as pl

from sparse_lightning.errors import RegularizerError
from sparse_lightning.regularizers.base import Strength
from sparse_lightning.regularizers.prune import Prune


class Magnitude(Prune):
    """Prunes the share λ of each layer's weights with the smallest |w|, and trains the others on.

    It is `Prune(amount=λ, epoch=0.5, per_layer=True)`, for one stage of a population after the
    other: what is exactly zero when a fit begins stays so, and counts. Each layer has its share,
    to within the rounding of a number, and so has every network made of such layers, whatever is
    taken out of a stage or trained together later.

    Args:
        weight: λ, the share that is pruned, between 0 and 1; one value for each replica.
        epoch: when; a fraction below 1 is one of `max_epochs`.
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
