"""Measuring populations: the error on a whole table, and the history of a fit."""

import numpy as np
import pytorch_lightning as pl
import torch
from jaxtyping import Float
from torch import Tensor, nn

from sparse_lightning.modules.population import PopulationModule
from sparse_lightning.moments import variance_of
from sparse_lightning.population import connections
from sparse_lightning.training.result import History

HISTORY_POINTS = 50
"""How many epochs of a fit are recorded at most."""

ROWS_AT_ONCE = 1024


def squared_errors(
    network: nn.Module,
    rows: Float[Tensor, "row unit"],
    targets: Float[Tensor, "row output"],
    replicas: int,
) -> Float[np.ndarray, "replica output"]:
    """The mean over rows of the squared error of each replica's outputs."""
    total = torch.zeros(replicas, targets.shape[1], dtype=torch.float64)
    with torch.no_grad():
        for batch, target in zip(
            rows.split(ROWS_AT_ONCE), targets.split(ROWS_AT_ONCE), strict=True
        ):
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
        return torch.cat([network(batch) for batch in rows.split(ROWS_AT_ONCE)], 1).numpy()


class HistoryRecorder(pl.Callback):
    """Records errors and connections of a fit at evenly spaced epochs.

    Args:
        histories: one a replica of the population; points are added to them.
        trained: the layers whose connections are counted.
        threshold: of a connection.
        epochs: of the fit.
    """

    def __init__(self, histories: list[History], trained: nn.Module, threshold: float, epochs: int):
        self.histories = histories
        self.trained = trained
        self.threshold = threshold
        self.epochs = epochs
        self.recorded = set(np.linspace(1, epochs, min(epochs, HISTORY_POINTS)).round().astype(int))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, PopulationModule)
        epoch = trainer.current_epoch + 1
        if epoch in self.recorded:
            counts = connections(self.trained, self.threshold).tolist()
            # Lightning calls callbacks before the module's own hook, which clears the sums.
            errors = pl_module.epoch_error().tolist()
            for history, count, error in zip(self.histories, counts, errors, strict=True):
                step = history.epochs + epoch
                history.points.append(("connections", step, count))
                history.points.append(("training_squared_error", step, error))
        if epoch == self.epochs:
            for history in self.histories:
                history.epochs += self.epochs
