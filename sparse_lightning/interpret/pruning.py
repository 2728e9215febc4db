"""Pruning: the same network without what does not count."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from sparse_lightning.interpret.structure import Structure
from sparse_lightning.weights import ACTIVATIONS, Layer


def prune(layers: Sequence[Layer], threshold: float = 0.01) -> tuple[Layer, ...]:
    """The layers of a network in which only live connections differ from 0.

    Weights with |w| ≤ threshold become 0, and so do all connections of dead units. A unit that no
    input reaches has the same activation for every row, φ(bias); what it contributes to the next
    layer, w φ(bias), is folded into that layer's bias. So the outputs are, up to rounding, those of
    the network whose small weights alone were set to 0.

    Raises:
        InputError: the threshold is negative, or a weight is not finite.
    """
    weights = [layer.weight for layer in layers]
    inputs, outputs = (
        [str(unit) for unit in range(count)] for count in (weights[0].shape[1], len(weights[-1]))
    )
    structure = Structure.of(weights, inputs, outputs, threshold=threshold)
    pruned = []
    activations = np.zeros(structure.widths[0])
    for place, layer in enumerate(layers):
        unfed = ~structure.fed[place]
        bias = layer.bias.astype(np.float64)
        bias += structure.weights[place][:, unfed] @ activations[unfed]
        weight = structure.live_weights[place].astype(layer.weight.dtype)
        pruned.append(replace(layer, weight=weight, bias=bias.astype(layer.bias.dtype)))
        # Of units that are fed this is no activation at all; only those of the others are read.
        activations = ACTIVATIONS[layer.activation](bias)
    return tuple(pruned)


def without(layers: Sequence[Layer], units: Sequence[np.ndarray]) -> tuple[Layer, ...]:
    """The layers of a network that has only some of its units.

    Args:
        layers: a network in which the other units lead nowhere, as `prune` leaves them.
        units: which units stay, `(unit,)` of every layer, the inputs first; at least one of each.
    """
    return tuple(
        Layer(layer.weight[below][:, above], layer.bias[below], layer.activation)
        for layer, (above, below) in zip(layers, pairwise(units), strict=True)
    )
