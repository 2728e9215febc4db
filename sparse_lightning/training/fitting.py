"""One fit of a population by Lightning's trainer, with its history, checkpoint and progress."""

import logging
import signal
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from jaxtyping import Float
from lightning_fabric.plugins.io.checkpoint_io import CheckpointIO
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn

from sparse_lightning.data.loading import TableModule
from sparse_lightning.errors import TrainingError
from sparse_lightning.nn._lightning import UnseenTrainer, forget_batches, gradient_scaler
from sparse_lightning.nn.layers import connections
from sparse_lightning.nn.population import Optimization, PopulationModule
from sparse_lightning.project import Project
from sparse_lightning.training.checkpoints import Checkpoints, State
from sparse_lightning.training.grid import HISTORY_POINTS, History
from sparse_lightning.training.progress import Progress


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


def optimization_of(project: Project, epochs: int) -> Optimization:
    """How a project trains populations in a stage of so many epochs."""
    training = project.training
    return Optimization(
        optimizer=training.optimizer,
        learning_rate=training.learning_rate,
        epochs=epochs,
        tail=training.schedule.tail,
        factor=training.schedule.factor,
        gradient_clip=training.gradient_clip,
    )


def fit(
    module: PopulationModule,
    rows: Float[Tensor, "row unit"],
    project: Project,
    callbacks: Sequence[pl.Callback],
    batch_size: int,
    order: int = 0,
    checkpoint: FitCheckpoint | None = None,
) -> None:
    """Train a population on a table; afterwards it is on the CPU.

    The seed `order` gives the order of the rows; a fit goes on from its checkpoint. Raises
    `TrainingError` if Lightning or torch cannot use the accelerator or the precision, and
    KeyboardInterrupt if the user stopped it.
    """
    with _quiet(), _interruptible():
        trainer = _trainer(project, module.optimization.epochs, callbacks, checkpoint)
        # A scaler of 16-bit gradients is handled by Lightning's own loop alone.
        itself = gradient_scaler(trainer) is None
        module.automatic_optimization = not itself
        table = TableModule(rows, batch_size, order, whole_epochs=itself)
        trainer.fit(module, table, checkpoint and checkpoint.path)
    module.to(device="cpu", dtype=torch.float32)


def check_accelerator(project: Project) -> None:
    """Raise `TrainingError` if Lightning or torch cannot use the accelerator or the precision."""
    with _quiet():
        _trainer(project, 1, ())


def _trainer(
    project: Project,
    epochs: int,
    callbacks: Sequence[pl.Callback],
    checkpoint: FitCheckpoint | None = None,
) -> UnseenTrainer:
    try:
        return UnseenTrainer(
            max_epochs=epochs,
            accelerator=project.training.accelerator,
            devices=1,
            precision=project.training.precision,
            callbacks=[*callbacks, *([] if checkpoint is None else [checkpoint])],
            plugins=None if checkpoint is None else [checkpoint.plugin],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
    except (MisconfigurationException, ValueError, RuntimeError, UserWarning) as error:
        raise TrainingError(
            f"training.accelerator {project.training.accelerator} with training.precision "
            f"{project.training.precision} cannot be used here: {error}"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning's advice for other uses from the user: tips, one worker, no logger."""
    loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "lightning.pytorch")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            warnings.filterwarnings("ignore", message=".*GPU available but not used.*")
            # It would train with another precision than the project's.
            warnings.filterwarnings("error", message=".*AMP with fp16 is not supported on CPU.*")
            # Lightning's own use of what torch has deprecated.
            warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Turn Lightning's exit on Ctrl-C back into a KeyboardInterrupt, with the handler in place."""
    main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as error:
        if main:
            signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from error
