"""One fit of a population by Lightning's trainer."""

import logging
import signal
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytorch_lightning as pl
import torch
from jaxtyping import Float
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor

from sparse_lightning.data.loading import TableModule
from sparse_lightning.errors import TrainingError
from sparse_lightning.nn._lightning import gradient_scaler
from sparse_lightning.nn.population import Optimization, PopulationModule
from sparse_lightning.project import Project
from sparse_lightning.training.callbacks import FitCheckpoint


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
        trainer.fit(module, datamodule=table, ckpt_path=checkpoint and checkpoint.path)
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
) -> pl.Trainer:
    try:
        return pl.Trainer(
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
            # It would train with another precision than it was told to.
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
