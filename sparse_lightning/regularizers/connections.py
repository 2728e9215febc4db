"""A callback that logs how many connections count."""

import math
from collections.abc import Sequence
from typing import ClassVar

import pytorch_lightning as pl

from sparse_lightning.errors import RegularizerError, check_number
from sparse_lightning.regularizers.late import LateCallback
from sparse_lightning.regularizers.layers import (
    checked_patterns,
    named_weights,
    unit_rows,
    weighted_layers,
)

_ROOT = "root"


class ConnectionCount(LateCallback):
    """Logs after every epoch what is left of the connections, to every logger of the trainer.

    `connections` is the number of weights with |w| > threshold, `density` their share of all
    weights, and `dead_units` the number of units without an incoming connection. Of each layer
    `density/<layer>` and `dead_units/<layer>` are logged too; the layer of weights that are the
    module's own is called `root`.

    The weights are those that `L1` penalises: of two or more axes, trainable, no biases. Under
    `torch.nn.utils.prune`, `weight_norm`, `spectral_norm` and other parametrizations they are those
    that the layer computes with. For ordinary LightningModules; a population's connections are
    counted one network at a time.

    Args:
        threshold: smaller weights do not count.
        layers: patterns of layer names; default: every layer with weights.
        per_layer: also log the measures of each layer.

    Raises:
        RegularizerError: the threshold is negative or not finite, or no layer matches `layers`.

    Examples:
        >>> trainer = pl.Trainer(callbacks=[ConnectionCount(threshold=0.01)])  # doctest: +SKIP
    """

    place: ClassVar[int] = 3

    def __init__(
        self,
        threshold: float = 0.01,
        layers: str | Sequence[str] | None = None,
        per_layer: bool = True,
    ):
        check_number(threshold, "ConnectionCount: threshold", RegularizerError)
        if not 0 <= threshold < math.inf:
            raise RegularizerError(
                f"ConnectionCount: threshold must be finite and at least 0, got {threshold:g}"
            )
        self.threshold = threshold
        self.layers = checked_patterns(layers, "ConnectionCount")
        self.per_layer = per_layer

    def measures(self, module: pl.LightningModule) -> dict[str, float]:
        """What is logged: `connections`, `density`, `dead_units`, and those of each layer."""
        found = weighted_layers(module, self.layers, type(self).__name__)
        connections = weights = dead_units = 0
        per_layer: dict[str, float] = {}
        for weight in named_weights(found):
            counted = unit_rows(weight.module, weight.read().detach()).abs() > self.threshold
            layer = weight.layer or _ROOT
            connected, dead = int(counted.sum()), int((~counted.any(1)).sum())
            connections, dead_units = connections + connected, dead_units + dead
            weights += counted.numel()
            # A recurrent or attention layer holds several weights: they are counted together.
            size = per_layer.get(f"weights/{layer}", 0) + counted.numel()
            before = per_layer.get(f"connections/{layer}", 0)
            per_layer[f"weights/{layer}"] = size
            per_layer[f"connections/{layer}"] = before + connected
            per_layer[f"density/{layer}"] = (before + connected) / size
            per_layer[f"dead_units/{layer}"] = per_layer.get(f"dead_units/{layer}", 0) + dead
        measures: dict[str, float] = {
            "connections": connections,
            "density": connections / weights,
            "dead_units": dead_units,
        }
        if self.per_layer:
            logged = ("density/", "dead_units/")
            measures |= {name: v for name, v in per_layer.items() if name.startswith(logged)}
        return {name: float(value) for name, value in measures.items()}

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # The weights are the same in all processes; Lightning wants the mean spelled out.
        pl_module.log_dict(self.measures(pl_module), sync_dist=trainer.world_size > 1)
