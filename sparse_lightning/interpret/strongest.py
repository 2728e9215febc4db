"""What is drawn of a network with more units than anyone could tell apart."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from sparse_lightning.errors import InputError
from sparse_lightning.interpret.structure import Structure

MOST_UNITS = 300
"""So many inputs or outputs are drawn, one below the other."""


def strongest(structure: Structure, most: int = MOST_UNITS) -> Structure:
    """The structure with only the inputs and outputs of the strongest connections.

    What an input or output is worth here is the sum of |w| over its live connections; of an
    autoencoder an input and its reconstruction are kept together, by the sum of both. The order of
    the units and what is fed, used and counted stays as it was.

    A structure with no more of them is returned as it is.

    Raises:
        InputError: a hidden layer has more units than that, so that no part of the network would
            tell what it does.
    """
    hidden = max(structure.widths[1:-1], default=0)
    if hidden > most:
        raise InputError(
            f"a layer of {hidden} units cannot be drawn, at most {most} can; the mappings and "
            "sentences of the network say what it does"
        )
    if max(structure.widths) <= most:
        return structure
    weights = [np.abs(weight) for weight in structure.live_weights]
    worth = [weights[0].sum(axis=0), weights[-1].sum(axis=1)]
    if structure.is_autoencoder:
        worth = [worth[0] + worth[1]] * 2
    first, last = (np.sort(np.argsort(-values, kind="stable")[:most]) for values in worth)
    layers = [first, *(np.arange(width) for width in structure.widths[1:-1]), last]
    return replace(
        structure,
        names=tuple(
            tuple(names[place] for place in chosen)
            for names, chosen in zip(structure.names, layers, strict=True)
        ),
        weights=tuple(
            weight[np.ix_(below, above)]
            for weight, (above, below) in zip(structure.weights, pairwise(layers), strict=True)
        ),
        fed=tuple(fed[chosen] for fed, chosen in zip(structure.fed, layers, strict=True)),
        used=tuple(used[chosen] for used, chosen in zip(structure.used, layers, strict=True)),
        groups=_groups(structure, first),
    )


def _groups(structure: Structure, chosen: np.ndarray) -> tuple[tuple[str, slice], ...]:
    groups, start = [], 0
    for name, part in structure.groups:
        count = int(np.count_nonzero((chosen >= part.start) & (chosen < part.stop)))
        if count:
            groups.append((name, slice(start, start + count)))
            start += count
    return tuple(groups)
