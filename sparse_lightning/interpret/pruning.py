"""Pruning: the same network without what does not count."""

from copy import deepcopy

import torch
from torch import nn

from sparse_lightning.interpret.structure import Structure, layers_of, weights_of


def prune(model: nn.Sequential, threshold: float = 0.01) -> nn.Sequential:
    """A copy of a network in which only live connections differ from 0.

    Weights with |w| ≤ threshold become 0, and so do all connections of dead units. A unit that no
    input reaches has the same activation for every row, φ(bias); what it contributes to the next
    layer, w φ(bias), is folded into that layer's bias. So the outputs are, up to rounding, those of
    the network whose small weights alone were set to 0.

    Args:
        model: `nn.Linear` layers, and activations φ that act on each unit alone.
        threshold: a connection counts when |w| exceeds it.

    Returns:
        A network of the same layers; the given one is left as it is.

    Raises:
        InputError: the threshold is negative, or a weight is not finite.
    """
    pruned = deepcopy(model)
    widths = [weight.shape for weight in weights_of(model)]
    names = [[str(unit) for unit in range(n)] for n in (widths[0][1], widths[-1][0])]
    structure = Structure.of(model, names[0], names[1], threshold=threshold)
    layer = 0
    constant = torch.zeros(structure.widths[0], dtype=torch.float64)
    with torch.no_grad():
        for module in layers_of(pruned):
            if not isinstance(module, nn.Linear):
                constant = module(constant)
                continue
            counts = torch.from_numpy(structure.weights[layer])
            live = torch.from_numpy(structure.live_weights[layer])
            unfed = torch.from_numpy(~structure.fed[layer])
            if module.bias is None:
                module.bias = nn.Parameter(torch.zeros_like(module.weight[:, 0]))
            bias = module.bias.double() + counts[:, unfed] @ constant[unfed]
            module.weight.copy_(live)
            module.bias.copy_(bias)
            # Of units that are fed this is no activation at all; only those of the others are read.
            constant = bias
            layer += 1
    return pruned
