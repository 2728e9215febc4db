"""What each column does to the numbers that regressors predict, network by network."""

from typing import Any

import numpy as np
from torch import nn

from sparse_lightning.data.contrasts import contrasts
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.examples import Examples
from sparse_lightning.interpret.average_effects import average_effects
from sparse_lightning.interpret.effects import effects_document, effects_frame
from sparse_lightning.nn.layers import linear_layers, take
from sparse_lightning.nn.moments import evenly
from sparse_lightning.training import measuring
from sparse_lightning.training.grid import chunks
from sparse_lightning.training.measuring import MOST_ROWS


def effects_of(
    network: nn.Sequential, encoding: Encoding, examples: Examples
) -> list[list[dict[str, Any]]]:
    """The document `EFFECTS` of each replica: its average effects over the rows trained on.

    Of more than `MOST_ROWS` rows, so many at even distances are taken.
    """
    target, rows = examples.number_target, examples.training().inputs
    assert target is not None
    rows, columns = rows[evenly(len(rows), MOST_ROWS)].numpy(), contrasts(encoding)
    layers = linear_layers(network)
    widest = max(max(layer.weight.shape[1:]) for layer in layers)
    size = max(1, measuring.MOST_VALUES // (len(rows) * widest))
    effects = np.concatenate(
        [
            average_effects(take(network, part).double(), rows, columns)
            for part in chunks(layers[0].replicas, size)
        ]
    )
    return [
        effects_document(effects_frame(one, columns, target.names, target.deviations))
        for one in effects
    ]
