"""Refitting: what a penalty has left of a network is trained on without it, zeros stay zeros."""

from collections.abc import Sequence

import pytorch_lightning as pl
import torch
from jaxtyping import Bool
from torch import Tensor

from sparse_lightning.nn.layers import BatchedLinear


class KeptZeros(pl.Callback):
    """Sets the weights |w| ≤ threshold of some layers to 0 when a fit begins, and keeps them there.

    Of a population it does so with the given `replicas` only.

    A penalty leaves the weights that survive it smaller than they would be without it. Trained on
    alone, they lose that bias, and the structure stays what the penalty has found (the relaxed
    lasso of Meinshausen, 2007, at its end point).
    """

    def __init__(
        self,
        layers: Sequence[BatchedLinear],
        threshold: float,
        replicas: Bool[Tensor, " replica"],
    ):
        self._layers = layers
        self._replicas = replicas
        self._threshold = threshold
        self._kept: list[Tensor] = []

    def state_dict(self) -> dict[str, list[Tensor]]:
        return {"kept": self._kept}

    def load_state_dict(self, state_dict: dict[str, list[Tensor]]) -> None:
        self._kept = state_dict["kept"]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not self._kept:  # a fit that goes on knows them
            others = ~self._replicas.view(-1, 1, 1).to(pl_module.device)
            self._kept = [
                (layer.weight.detach().abs() > self._threshold) | others for layer in self._layers
            ]
        device = pl_module.device
        self._kept = [kept.to(device) for kept in self._kept]
        with torch.no_grad():
            for layer, kept in zip(self._layers, self._kept, strict=True):
                layer.weight.mul_(kept)

    def on_before_optimizer_step(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        # Without a gradient Adam's moments stay 0, and so does its step.
        for layer, kept in zip(self._layers, self._kept, strict=True):
            if layer.weight.grad is not None:
                layer.weight.grad.mul_(kept)
