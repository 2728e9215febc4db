"""A callback that logs how many connections count."""

import pytorch_lightning as pl

from sparse_lightning.regularizers.layers import distinct_weights, weighted_modules


class ConnectionCount(pl.Callback):
    """Logs `connections`, the number of weights with |w| > threshold, after every epoch.

    The weights are those that `L1` penalises: of two or more axes, trainable, no biases. For
    ordinary LightningModules; a population's connections are counted one network at a time.

    Args:
        threshold: smaller weights do not count.
    """

    def __init__(self, threshold: float = 0.01):
        self.threshold = threshold

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        weights = distinct_weights(weighted_modules(pl_module))
        count = sum(int((weight.detach().abs() > self.threshold).sum()) for weight in weights)
        pl_module.log("connections", float(count))
