"""The network that is exported: pruned, and without the units that pruning has left dead."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from sparse_lightning.data.cells.levels import level_text
from sparse_lightning.interpret.structure import Structure
from sparse_lightning.network import Network
from sparse_lightning.weights import ACTIVATIONS, Layer, layer_names

VERSION = 2
"""The version of the description, which `tabular_network.py` reads without this package."""

SCORES = {"sae": "code", "pca": "component"}
"""The names of the code layer's values, before the numbers of their units."""


@dataclass(frozen=True, eq=False)
class ExportedNetwork:
    """What every format is written from.

    Attributes:
        threshold: the largest |w| that was pruned; 0: none was.
        code_layer: the layer of the codes, counted from the inputs, which are 0; 0 for a
            classifier or regressor, which has none.
        codes: the numbers of the code units that are left, from 1 on.
    """

    trained: Network
    layers: tuple[Layer, ...]
    threshold: float
    code_layer: int
    codes: tuple[int, ...]

    @property
    def connections(self) -> int:
        """The number of weights that are not 0."""
        return sum(int(np.count_nonzero(layer.weight)) for layer in self.layers)

    @property
    def constant(self) -> bool:
        """Whether no path leads from an input to an output: every row is given the same."""
        reached = np.ones(self.layers[0].weight.shape[1], dtype=bool)
        for layer in self.layers:
            reached = (layer.weight != 0) @ reached
        return not reached.any()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of what the model gives, one a column; those of the user's table first.

        A classifier: `class` and `probability_CLASS` for each class. A regressor: the targets.
        Otherwise the table's columns and `code_1`, … (`component_1`, … of principal components);
        underscores are added where the table has columns of such names.
        """
        trained = self.trained
        if trained.task == "classifier":
            return ("class", *(f"probability_{name}" for name in trained.classes))
        if trained.target is not None:
            return trained.target.names
        names = [f"{SCORES[trained.task]}_{unit}" for unit in self.codes]
        while not set(names).isdisjoint(trained.encoding.columns):
            names = [f"{name}_" for name in names]
        return (*trained.encoding.columns, *names)

    @property
    def description(self) -> dict[str, Any]:
        """The network as JSON can hold it, without its weights.

        version; task; run_id; connection_threshold and connections; layers, `dense` or an
        activation each; code_layers, how many of them lead to the codes; encoding, as
        `Encoding.to_dict` gives it; inputs, their names; codes, the numbers of their units;
        classes; target, as `NumberTarget.to_dict` gives it, of a regressor; outputs, the columns
        of the MLflow model.
        """
        trained = self.trained
        return {
            "version": VERSION,
            "task": trained.task,
            "run_id": trained.run_id,
            "connection_threshold": self.threshold,
            "connections": self.connections,
            "layers": layer_names(self.layers),
            "code_layers": 2 * self.code_layer,
            "encoding": trained.encoding.to_dict(),
            "inputs": list(trained.encoding.input_names),
            "codes": list(self.codes),
            "classes": list(trained.classes),
            "class_values": class_values(trained.classes),
            "target": None if trained.target is None else trained.target.to_dict(),
            "outputs": list(self.columns),
        }


def class_values(classes: Sequence[str]) -> list[Any]:
    """The classes as the table holds them, with which predictions are compared.

    Names that all are numbers as the encoding writes them are numbers, `True` and `False` are
    booleans; all others are text.
    """
    if set(classes) <= {"True", "False"}:
        return [name == "True" for name in classes]
    numbers = []
    for name in classes:
        try:
            number = float(name)
        except ValueError:
            return list(classes)
        if not math.isfinite(number) or level_text(number) != name:
            return list(classes)
        numbers.append(number)
    whole = all(number.is_integer() for number in numbers)
    return [int(number) for number in numbers] if whole else numbers


def exported(network: Network, threshold: float) -> ExportedNetwork:
    """Prune a network and take its dead units out; the threshold 0 leaves it as trained.

    Of principal components, whose loadings alone are connections, only the loadings are pruned, and
    the scores stay centred. An InputError refuses a negative threshold.
    """
    structure = network.structure(threshold)
    if threshold == 0:
        layers, units = network.layers, [np.ones(n, dtype=bool) for n in structure.widths]
    elif network.task == "pca":
        layers, units = _prune_loadings(network.layers, threshold)
    else:
        layers = prune(network.layers, threshold)
        units = [_or_first(alive) for alive in structure.alive]
        units[0], units[-1] = np.ones_like(units[0]), np.ones_like(units[-1])
    code_layer = structure.code_layer if network.task in SCORES else 0
    codes = np.flatnonzero(units[code_layer]) + 1 if code_layer else np.array([], int)
    return ExportedNetwork(
        network, without(layers, units), threshold, code_layer, tuple(codes.tolist())
    )


def _or_first(units: np.ndarray) -> np.ndarray:
    """The units, or the first where none is there: a layer of no units is none."""
    return units if units.any() else np.arange(len(units)) == 0


def _prune_loadings(
    layers: Sequence[Layer], threshold: float
) -> tuple[tuple[Layer, ...], list[np.ndarray]]:
    loadings, back = layers
    weight = np.where(np.abs(loadings.weight) <= threshold, 0, loadings.weight)
    # The second layer's bias is the mean of the inputs, that of the first the mean score.
    bias = loadings.bias + (loadings.weight - weight) @ back.bias
    ends = np.ones(weight.shape[1], dtype=bool)
    units = [ends, _or_first((weight != 0).any(axis=1)), ends]
    return (replace(loadings, weight=weight, bias=bias), back), units


def prune(layers: Sequence[Layer], threshold: float = 0.01) -> tuple[Layer, ...]:
    """The layers of a network in which only live connections differ from 0.

    Weights with |w| ≤ threshold become 0, and so do all connections of dead units. A unit that no
    input reaches has the same activation for every row, φ(bias); what it contributes to the next
    layer, w φ(bias), is folded into that layer's bias. So the outputs are, up to rounding, those of
    the network whose small weights alone were set to 0.
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

    `units` marks those that stay, `(unit,)` of every layer, the inputs first; at least one of each.
    The others must lead nowhere, as `prune` leaves them.
    """
    return tuple(
        Layer(layer.weight[below][:, above], layer.bias[below], layer.activation)
        for layer, (above, below) in zip(layers, pairwise(units), strict=True)
    )
