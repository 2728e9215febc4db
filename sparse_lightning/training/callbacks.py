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

    A weight of the layers `trained` is a connection if it is larger than `threshold`.
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
        """Append what was recorded to the histories of the replicas."""
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
    rows. A fit that goes on from it ends with the same weights, bit for bit. `result` is what an
    earlier process has left of a fit that it finished, else None. Raises `CheckpointError` where
    what is stored of the fit cannot be used.
    """

    def __init__(self, checkpoints: Checkpoints, name: str):
        self._checkpoints = checkpoints
        self._name = name
        stored = checkpoints.read(name) or {}
        self.result: State | None = stored.get(_RESULT)
        self._interrupted: State | None = stored.get(_TRAINER)
        self._seconds_before: float = stored.get(_SECONDS, 0.0)
        self._began = self._last = time.monotonic()

    @property
    def seconds_before(self) -> float:
        """How long earlier processes trained the fit."""
        return self._seconds_before

    @property
    def path(self) -> str | None:
        """What a trainer with this fit's `plugin` resumes from, None where it begins."""
        return None if self._interrupted is None else self._name

    @property
    def plugin(self) -> CheckpointIO:
        """Lets a trainer write and read the states of this fit."""
        return _FitIO(self._store, self._interrupted)

    def finish(self, result: State) -> None:
        """Store the result of the fit in place of its state."""
        self._checkpoints.write(self._name, {_RESULT: result, _SECONDS: self._seconds()})

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # Not at the end of an epoch: there Lightning has not moved the learning rate on yet.
        due = time.monotonic() - self._last >= self._checkpoints.every
        if trainer.current_epoch > 0 and due:
            forget_batches(trainer)
            trainer.save_checkpoint(self._name)
            self._last = time.monotonic()

    def _store(self, checkpoint: State) -> None:
        self._checkpoints.write(self._name, {_TRAINER: checkpoint, _SECONDS: self._seconds()})

    def _seconds(self) -> float:
        return self._seconds_before + time.monotonic() - self._began


class _FitIO(CheckpointIO):
    def __init__(self, write: Any, interrupted: State | None):
        self._write = write
        self._interrupted = interrupted

    def save_checkpoint(self, checkpoint: State, path: Any, storage_options: Any = None) -> None:
        self._write(checkpoint)

    def load_checkpoint(self, path: Any, *_: Any, **__: Any) -> State:
        assert self._interrupted is not None
        return self._interrupted

    def remove_checkpoint(self, path: Any) -> None: ...
