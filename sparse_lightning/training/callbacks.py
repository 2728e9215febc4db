"""Lightning callbacks of a fit: its history, its checkpoint, its progress."""

import time
from typing import Any

import numpy as np
import pytorch_lightning as pl
from lightning_fabric.plugins.io.checkpoint_io import CheckpointIO
from torch import Tensor, nn

from sparse_lightning.nn._lightning import forget_batches
from sparse_lightning.nn.layers import connections
from sparse_lightning.nn.population import PopulationModule
from sparse_lightning.training.checkpoints import Checkpoints, State
from sparse_lightning.training.progress import Progress
from sparse_lightning.training.result import HISTORY_POINTS, History


class EpochProgress(pl.Callback):
    """Reports each epoch of a fit to a `Progress`."""

    def __init__(self, progress: Progress):
        self.progress = progress

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        for _ in range(trainer.current_epoch):  # of a fit that goes on
            self.progress.advance()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.progress.advance()


class HistoryRecorder(pl.Callback):
    """Records errors and connections of a fit at evenly spaced epochs.

    Args:
        trained: the layers whose connections are counted.
        threshold: the size above which a weight is a connection.
        epochs: the number of epochs of the fit.
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


_RESULT, _TRAINER, _SECONDS = "result", "trainer", "seconds"


class FitCheckpoint(pl.Callback):
    """Keeps the state of a fit every so many seconds, between two epochs, and its result.

    The state is Lightning's own: weights, optimizers, schedules, the callbacks', the order of the
    rows. A fit that goes on from it ends with the same weights, bit for bit.

    Args:
        checkpoints: the store of the study's fits.
        name: the fit's name among them.

    Raises:
        CheckpointError: what is kept of the fit cannot be used.

    Attributes:
        result: what the fit has left if it was trained to its end before; None where it was not.
    """

    def __init__(self, checkpoints: Checkpoints, name: str):
        self._checkpoints = checkpoints
        self._name = name
        kept = checkpoints.read(name) or {}
        self.result: State | None = kept.get(_RESULT)
        self._interrupted: State | None = kept.get(_TRAINER)
        self._seconds_before: float = kept.get(_SECONDS, 0.0)
        self._began = self._last = time.monotonic()

    @property
    def seconds_before(self) -> float:
        """How long the fit was trained before this process."""
        return self._seconds_before

    @property
    def path(self) -> str | None:
        """What a trainer with this fit's `plugin` is to go on from, if anything."""
        return None if self._interrupted is None else self._name

    @property
    def plugin(self) -> CheckpointIO:
        """What lets a trainer write and read the states of this fit."""
        return _FitIO(self._keep, self._interrupted)

    def finish(self, result: State) -> None:
        """Keep what the fit has left in the place of its state."""
        self._checkpoints.write(self._name, {_RESULT: result, _SECONDS: self._seconds()})

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # Not at the end of an epoch: there Lightning has not moved the learning rate on yet.
        due = time.monotonic() - self._last >= self._checkpoints.every
        if trainer.current_epoch > 0 and due:
            forget_batches(trainer)
            trainer.save_checkpoint(self._name)
            self._last = time.monotonic()

    def _keep(self, checkpoint: State) -> None:
        self._checkpoints.write(self._name, {_TRAINER: checkpoint, _SECONDS: self._seconds()})

    def _seconds(self) -> float:
        return self._seconds_before + time.monotonic() - self._began


class _FitIO(CheckpointIO):
    def __init__(self, keep: Any, kept: State | None):
        self._keep = keep
        self._kept = kept

    def save_checkpoint(self, checkpoint: State, path: Any, storage_options: Any = None) -> None:
        self._keep(checkpoint)

    def load_checkpoint(self, path: Any, *_: Any, **__: Any) -> State:
        assert self._kept is not None
        return self._kept

    def remove_checkpoint(self, path: Any) -> None: ...
