"""One fit among the checkpoints of its study: kept while it is trained, and gone on with."""

import time
from typing import Any

import pytorch_lightning as pl
from lightning_fabric.plugins.io.checkpoint_io import CheckpointIO

from sparse_lightning.nn._lightning import forget_batches
from sparse_lightning.training.checkpoints import Checkpoints, State

_RESULT, _TRAINER, _SECONDS = "result", "trainer", "seconds"


class FitCheckpoint(pl.Callback):
    """Keeps the state of a fit every so many seconds, between two epochs, and its result.

    The state is Lightning's own: weights, optimizers, schedules, the callbacks', the order of the
    rows. A fit that goes on from it ends with the same weights, bit for bit.

    Args:
        checkpoints: of the study.
        name: of the fit among them.

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
