"""What this package uses of Lightning beyond its documented interface."""

import pytorch_lightning as pl
import torch


def gradient_scaler(trainer: pl.Trainer) -> torch.amp.GradScaler | None:
    """What scales the gradients of 16-bit training; None where nothing does."""
    return getattr(trainer.precision_plugin, "scaler", None)
