"""Callbacks that a trainer calls after all others, and what they keep at zero."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor, nn

from sparse_lightning.regularizers.layers import is_population


class LateCallback(pl.Callback):
    """A callback that must see what the others have done, wherever it is in the trainer's list.

    When a fit begins it puts the list in order, as Lightning does with its checkpoints: callbacks
    of other kinds in the order in which they were given, late ones by their `place`, the smaller
    first, checkpoints.
    """

    place: ClassVar[int] = 1

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        if stage == "fit":
            own: Any = trainer  # Lightning declares no type of the list
            # A new list: the one there is now is being gone through.
            own.callbacks = sorted(own.callbacks, key=_place)


class ZeroKeeper(LateCallback):
    """Keeps weights at zero when another callback writes others into the module.

    That is what averages of weights do (`StochasticWeightAveraging`, `EMAWeightAveraging`): at the
    end of the fit, for validation and in checkpoints. Of an ordinary module a warning says at
    the end of the fit where nothing is left of a weight.
    """

    def kept(self) -> Iterator[tuple[str, nn.Parameter, Tensor]]:
        """Each weight with its name and a mask `(replica, …)`, 0 where it is to be zero."""
        raise NotImplementedError

    def part(self, tensor: Tensor) -> Tensor:
        """The view of a weight, or of a tensor of its shape, that is this callback's."""
        raise NotImplementedError

    def hold(self) -> None:
        """Set to zero in the module what the masks leave out."""
        for _, weight, mask in self.kept():
            self._clear(weight, mask)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.hold()

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.hold()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.hold()
        if not is_population(pl_module):
            for name in (name for name, _, mask in self.kept() if not mask.any()):
                rank_zero_warn(f"{type(self).__name__}: no weight of {name} is left, all are zero")

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        stored = checkpoint["state_dict"]
        for name, _, mask in self.kept():
            if name in stored:
                self._clear(stored[name], mask)

    def _clear(self, tensor: Tensor, mask: Tensor) -> None:
        with torch.no_grad():
            own = self.part(tensor)
            own.mul_(mask.view_as(own).to(own.device))


def _place(callback: pl.Callback) -> float:
    if isinstance(callback, LateCallback):
        return callback.place
    return float("inf") if isinstance(callback, Checkpoint) else 0
