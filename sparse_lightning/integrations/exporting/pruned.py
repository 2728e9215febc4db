"""The network that is exported: pruned, and without the units that pruning has left dead."""

from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from sparse_lightning.interpret.pruning import prune
from sparse_lightning.interpret.structure import Structure
from sparse_lightning.network import Network

SCORES = {"sae": "code", "pca": "component"}
"""What the values of the code layer are called, with the number of their unit."""


@dataclass(frozen=True, eq=False)
class ExportedNetwork:
    """What every format is written from.

    Attributes:
        network: that it was made of; its model is as trained.
        model: `nn.Linear` layers and activations in the order of the data.
        threshold: by which it was pruned; 0: it was not.
        code_layers: how many layers of the model lead to the codes; 0 for a classifier.
        codes: the numbers of the code units that are left, from 1 on.
        connections: weights of the model that are not 0.
    """

    network: Network
    model: nn.Sequential
    threshold: float
    code_layers: int
    codes: tuple[int, ...]
    connections: int

    @property
    def constant(self) -> bool:
        """Whether no path leads from an input to an output: every row is given the same."""
        reached = torch.ones(1, dtype=torch.bool)
        for layer in self.model:
            if isinstance(layer, nn.Linear):
                reached = ((layer.weight != 0) & reached).any(dim=1)
        return not bool(reached.any())

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of what the model gives, one a column; those of the user's table first.

        A classifier: `class` and `probability_CLASS` for each class. Otherwise the table's columns
        and `code_1`, … (`component_1`, … of principal components); underscores are added where the
        table has columns of such names.
        """
        network = self.network
        if network.task == "classifier":
            return ("class", *(f"probability_{name}" for name in network.classes))
        names = [f"{SCORES[network.task]}_{unit}" for unit in self.codes]
        while not set(names).isdisjoint(network.encoding.columns):
            names = [f"{name}_" for name in names]
        return (*network.encoding.columns, *names)


def exported(network: Network, threshold: float) -> ExportedNetwork:
    """Prune a network and take its dead units out.

    Of principal components, whose loadings alone are connections, only the loadings are pruned, and
    the scores stay centred.

    Args:
        network: as trained.
        threshold: a connection counts when |w| exceeds it; 0 leaves the network as trained.

    Raises:
        InputError: the threshold is negative, or a weight is not finite.
    """
    structure = network.structure(threshold)
    code_layers = 0 if network.task == "classifier" else 2 * structure.code_layer
    if threshold == 0:
        model, alive = network.model, [np.ones(n, dtype=bool) for n in structure.widths]
    elif network.task == "pca":
        model, alive = _prune_loadings(network.model, threshold)
    else:
        model, alive = prune(network.model, threshold), _kept(structure)
    model = without(model, alive)
    codes = np.flatnonzero(alive[structure.code_layer]) + 1 if code_layers else np.array([], int)
    weights = [layer.weight for layer in model if isinstance(layer, nn.Linear)]
    return ExportedNetwork(
        network=network,
        model=model,
        threshold=threshold,
        code_layers=code_layers,
        codes=tuple(codes.tolist()),
        connections=sum(int(weight.count_nonzero()) for weight in weights),
    )


def without(model: nn.Sequential, alive: list[np.ndarray]) -> nn.Sequential:
    """A copy of a network that lacks the units that are not alive.

    Args:
        model: in which these units lead nowhere, as `prune` leaves them.
        alive: `(unit,)` of every layer, the inputs first; at least one unit of each.
    """
    layers: list[nn.Module] = []
    kept = pairwise(torch.from_numpy(units) for units in alive)
    for layer in model:
        if not isinstance(layer, nn.Linear):
            layers.append(type(layer)())
            continue
        above, below = next(kept)
        smaller = nn.Linear(int(above.sum()), int(below.sum()))
        with torch.no_grad():
            smaller.weight.copy_(layer.weight[below][:, above])
            smaller.bias.copy_(layer.bias[below])
        layers.append(smaller)
    return nn.Sequential(*layers).eval()


def _kept(structure: Structure) -> list[np.ndarray]:
    """The units that stay: all inputs and outputs, and of each hidden layer at least one."""
    inputs, *_, outputs = structure.widths
    hidden = [_or_first(units) for units in structure.alive[1:-1]]
    return [np.ones(inputs, dtype=bool), *hidden, np.ones(outputs, dtype=bool)]


def _or_first(units: np.ndarray) -> np.ndarray:
    """The units, or the first where none is there: a layer of no units is none."""
    return units if units.any() else np.arange(len(units)) == 0


def _prune_loadings(
    model: nn.Sequential, threshold: float
) -> tuple[nn.Sequential, list[np.ndarray]]:
    loadings, _, back, _ = model
    assert isinstance(loadings, nn.Linear)
    assert isinstance(back, nn.Linear)
    pruned = deepcopy(loadings)
    with torch.no_grad():
        pruned.weight[pruned.weight.abs() <= threshold] = 0.0
        # The second layer's bias is the mean of the inputs, that of the first the mean score.
        pruned.bias.add_((loadings.weight - pruned.weight) @ back.bias)
        alive = _or_first((pruned.weight != 0).any(dim=1).numpy())
    ends = np.ones(loadings.in_features, dtype=bool)
    return nn.Sequential(pruned, nn.Identity(), back, nn.Identity()), [ends, alive, ends]
