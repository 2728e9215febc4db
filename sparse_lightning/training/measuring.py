"""Measuring populations: the error on a whole table, and the history of a fit."""

from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from jaxtyping import Float
from torch import Tensor, nn

from sparse_lightning.modules.population import PopulationModule
from sparse_lightning.moments import variance_of
from sparse_lightning.population import connections, linear_layers
from sparse_lightning.training.result import History

HISTORY_POINTS = 50
"""How many epochs of a fit are recorded at most."""

MOST_VALUES = 2**20
"""Of a layer of all replicas that are held at once: about a cache, beyond which it takes longer."""


def rows_at_once(network: nn.Module) -> int:
    """How many rows are measured at once, so that memory does not grow with replicas × rows."""
    weights = [layer.weight for layer in linear_layers(network)]
    return max(1, MOST_VALUES // (len(weights[0]) * max(max(w.shape[1:]) for w in weights)))


def squared_errors(
    network: nn.Module,
    rows: Float[Tensor, "row unit"],
    targets: Float[Tensor, "row output"],
    replicas: int,
) -> Float[np.ndarray, "replica output"]:
    """The mean over rows of the squared error of each replica's outputs."""
    total = torch.zeros(replicas, targets.shape[1], dtype=torch.float64)
    size = rows_at_once(network)
    with torch.no_grad():
        for batch, target in zip(rows.split(size), targets.split(size), strict=True):
            total += (network(batch) - target).square().sum(1).double()
    return (total / len(rows)).numpy()


def input_errors(
    rows: Float[Tensor, "row unit"], errors: Float[np.ndarray, "replica output"]
) -> list[dict[str, list[float]]]:
    """The document `INPUT_ERRORS` of each replica that rebuilds the rows with these errors."""
    variances = variance_of(rows).tolist()
    return [{"variance": variances, "squared_error": error.tolist()} for error in errors]


def outputs(
    network: nn.Module, rows: Float[Tensor, "row unit"]
) -> Float[np.ndarray, "replica row output"]:
    """What each replica makes of each row."""
    with torch.no_grad():
        return torch.cat([network(batch) for batch in rows.split(rows_at_once(network))], 1).numpy()


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
