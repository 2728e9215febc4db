"""Recording the history of a fit."""

from typing import Any

import numpy as np
import pytorch_lightning as pl
from torch import Tensor, nn

from sparse_lightning.nn.layers import connections
from sparse_lightning.nn.population import PopulationModule
from sparse_lightning.training.result import HISTORY_POINTS, History


class HistoryRecorder(pl.Callback):
    """Records errors and connections of a fit at evenly spaced epochs.

    Args:
        trained: the layers whose connections are counted.
        threshold: of a connection.
        epochs: of the fit.
    """

    def __init__(self, trained: nn.Module, threshold: float, epochs: int):
        self.trained = trained
        self.threshold = threshold
        self.epochs = epochs
        self.recorded = set(np.linspace(1, epochs, min(epochs, HISTORY_POINTS)).round().astype(int))
        self._measured: dict[int, tuple[Tensor, Tensor]] = {}  # by epoch

    def state_dict(self) -> dict[str, Any]:
        return {"measured": self._measured}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._measured = dict(state_dict["measured"])

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, PopulationModule)
        epoch = trainer.current_epoch + 1
        if epoch in self.recorded:
            # Lightning calls callbacks before the module's own hook, which clears the sums.
            counts = connections(self.trained, self.threshold)
            self._measured[epoch] = counts.cpu(), pl_module.epoch_error().cpu()

    def add_to(self, histories: list[History]) -> None:
        """Add what was recorded to the histories of the replicas, after all that they hold."""
        for epoch, (counts, errors) in self._measured.items():
            for history, count, error in zip(
                histories, counts.tolist(), errors.tolist(), strict=True
            ):
                step = history.epochs + epoch
                history.points.append(("connections", step, count))
                history.points.append(("training_squared_error", step, error))
        for history in histories:
            history.epochs += self.epochs
