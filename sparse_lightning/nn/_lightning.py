"""Every use of Lightning's inner parts: its loops and what its plugins keep beside their interface.

Lightning may change them in any minor version. All were looked at in Lightning 2.6;
`pyproject.toml` lets no other minor version in.
"""

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.trainer import call
from pytorch_lightning.trainer.states import TrainerFn, TrainerStatus


class UnseenTrainer(pl.Trainer):
    """A trainer of fits that are no business of the process they run in.

    Hosts watch Lightning by a `Trainer.fit` of their own (`mlflow.autolog` does) and by callbacks
    that are added to every trainer (the entry points `pytorch_lightning.callbacks_factory`). They
    would take each fit of a population for one of the user's. This trainer's `fit` is Lightning's
    own, and it calls none but the given callbacks.
    """

    def __init__(self, callbacks: Sequence[pl.Callback], **settings: Any):
        super().__init__(callbacks=list(callbacks), **settings)
        self.callbacks = [one for one in self.callbacks if one in callbacks]

    def fit(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, model: pl.LightningModule, datamodule: pl.LightningDataModule, ckpt_path: str | None
    ) -> None:
        """What the body of `pl.Trainer.fit` does."""
        self.strategy._lightning_module = model
        self.state.fn = TrainerFn.FITTING
        self.state.status = TrainerStatus.RUNNING
        self.training = True
        self.should_stop = False
        call._call_and_handle_interrupt(
            self, self._fit_impl, model, datamodule=datamodule, ckpt_path=ckpt_path
        )


def gradient_scaler(trainer: pl.Trainer) -> torch.amp.GradScaler | None:
    """The scaler of the gradients of 16-bit training, None without one."""
    return getattr(trainer.precision_plugin, "scaler", None)


def step_progress(trainer: pl.Trainer) -> Any:
    """The count of the steps of a module that optimises by itself: the trainer's `global_step`.

    Lightning counts in its wrapper of the optimizer; who calls the optimizer itself counts here.
    """
    return trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress


def forget_batches(trainer: pl.Trainer) -> None:
    """Set the batches of the epoch back to none, for a checkpoint at the epoch's start.

    Lightning does so itself when the epoch runs; a fit that goes on from a checkpoint before it
    would take the batches of the epoch before for those of this one.
    """
    trainer.fit_loop.epoch_loop.batch_progress.reset_on_run()


def skips_steps(trainer: pl.Trainer) -> bool:
    """Whether this epoch only renews the statistics of batch norms, for averaged weights."""
    return getattr(trainer.fit_loop, "_skip_backward", False)
