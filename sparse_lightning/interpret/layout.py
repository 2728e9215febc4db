"""What of a network a structure diagram draws, where it lies, and how it is labelled."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from sparse_lightning._text import counted
from sparse_lightning.errors import InputError
from sparse_lightning.interpret.structure import Structure

MOST_UNITS = 300
"""The number of inputs or outputs drawn, one below the other."""

SWEEPS = 8
"""Passes through the layers that put hidden units near what they are connected to."""

GROUP_GAP = 0.7
"""The gap between a one-hot variable and its neighbours, in rows."""

THINNEST = 0.08
"""The least width, as a part of the widest of a layer; thinner lines would not be seen."""


@dataclass(frozen=True)
class Connection:
    """One line of the diagram, from a unit of `layer` to one of the next.

    Attributes:
        width: |weight| as a part of the largest of this layer, at least `THINNEST`.
        alive: it joins two units that are alive.
    """

    layer: int
    source: int
    target: int
    weight: float
    width: float
    alive: bool


@dataclass(frozen=True)
class Block:
    """Adjacent inputs, or outputs, that stand for the levels of one variable.

    Attributes:
        top: the row of the first level.
        bottom: the row of the last level.
        alive: whether any of its units is.
    """

    name: str
    top: float
    bottom: float
    alive: bool


@dataclass(frozen=True, eq=False)
class Layout:
    """The places of everything: columns to the right in inches, rows downwards, both from 0.

    Attributes:
        height: the number of rows.
        connections: thin and dead ones first, so that what matters is drawn over them.
        labels: the names of the inputs and of the outputs; a level alone where its block bears
            the variable.
        blocks: the one-hot variables of the inputs and of the outputs.
    """

    columns: np.ndarray
    rows: tuple[np.ndarray, ...]
    height: float
    connections: tuple[Connection, ...]
    labels: tuple[tuple[str, ...], tuple[str, ...]]
    blocks: tuple[tuple[Block, ...], tuple[Block, ...]]


def layout(structure: Structure) -> Layout:
    """Place the units of a network.

    Inputs and outputs keep their order. Hidden units are sorted so that fewer connections cross
    (each near the mean row of what it is connected to), the dead ones last; their numbers stay.
    """
    own = structure.groups if structure.is_autoencoder else _alone(structure.names[-1])
    sides, places = (structure.groups, own), (0, -1)
    ends = [_end_rows(groups) for groups in sides]
    height = max(*(rows[-1] + 1 for rows in ends), *structure.widths)
    rows = [_spread(width, height) for width in structure.widths]
    for place, end in zip(places, ends, strict=True):
        # Classes are few and stand apart as hidden units do.
        if place == 0 or structure.is_autoencoder:
            rows[place] = end + (height - 1 - end[-1]) / 2
    _sort_hidden(structure, rows)
    labels = [
        _labels(structure.names[place], side) for place, side in zip(places, sides, strict=True)
    ]
    blocks = [
        _blocks(rows[place], structure.alive[place], side)
        for place, side in zip(places, sides, strict=True)
    ]
    return Layout(
        columns=_columns(structure),
        rows=tuple(rows),
        height=float(height),
        connections=tuple(_connections(structure)),
        labels=(labels[0], labels[1]),
        blocks=(blocks[0], blocks[1]),
    )


def _alone(names: tuple[str, ...]) -> tuple[tuple[str, slice], ...]:
    return tuple((name, slice(place, place + 1)) for place, name in enumerate(names))


def _end_rows(groups: tuple[tuple[str, slice], ...]) -> np.ndarray:
    rows, row, before = [], 0.0, 1
    for place, (_, part) in enumerate(groups):
        levels = part.stop - part.start
        row += GROUP_GAP if place and max(levels, before) > 1 else 0.0
        rows += [row + level for level in range(levels)]
        row, before = row + levels, levels
    return np.array(rows)


def _columns(structure: Structure) -> np.ndarray:
    base = 1.6 if len(structure.widths) <= 5 else 1.2
    steps = [
        base + min(1.4, 0.022 * max(0, max(above, below) - 12))
        for above, below in pairwise(structure.widths)
    ]
    # Evenly, as on the screen: the eye then compares the slopes of all layers.
    return np.linspace(0.0, sum(steps), len(structure.widths))


def _spread(width: int, height: float) -> np.ndarray:
    """Rows of a hidden layer: wider apart than inputs, but a smaller layer looks smaller."""
    if width == 1:
        return np.array([(height - 1) / 2])
    step = min((height / width) ** 0.88, (height - 1) / (width - 1))
    return (height - 1) / 2 + (np.arange(width) - (width - 1) / 2) * step


def _sort_hidden(structure: Structure, rows: list[np.ndarray]) -> None:
    weights = [np.abs(weight) for weight in structure.live_weights]
    last = len(rows) - 1
    for sweep in range(SWEEPS):
        forwards = sweep % 2 == 0
        for layer in range(1, last) if forwards else range(last - 1, 0, -1):
            ahead, behind = weights[layer].T, weights[layer - 1]
            pull, towards = (behind, rows[layer - 1]) if forwards else (ahead, rows[layer + 1])
            if sweep >= SWEEPS - 2:
                pull = np.hstack([behind, ahead])
                towards = np.concatenate([rows[layer - 1], rows[layer + 1]])
            total = pull.sum(axis=1)
            middle = np.where(total > 0, pull @ towards / np.where(total > 0, total, 1), np.inf)
            slots = np.sort(rows[layer])
            rows[layer][np.argsort(middle, kind="stable")] = slots


def _connections(structure: Structure) -> list[Connection]:
    found = []
    for layer, (weight, (above, below)) in enumerate(
        zip(structure.weights, pairwise(structure.alive), strict=True)
    ):
        widest = np.abs(weight).max(initial=0.0)
        found += [
            Connection(
                layer=layer,
                source=int(source),
                target=int(target),
                weight=float(weight[target, source]),
                width=max(THINNEST, float(abs(weight[target, source]) / widest)),
                alive=bool(above[source] and below[target]),
            )
            for target, source in np.argwhere(weight)
        ]
    return sorted(found, key=lambda one: (one.alive, one.width))


def _labels(names: tuple[str, ...], groups: tuple[tuple[str, slice], ...]) -> tuple[str, ...]:
    labels = []
    for variable, part in groups:
        levels = names[part]
        short = [name.removeprefix(f"{variable}=") for name in levels]
        labels += short if len(levels) > 1 else levels
    return tuple(labels)


def _blocks(
    rows: np.ndarray, alive: np.ndarray, groups: tuple[tuple[str, slice], ...]
) -> tuple[Block, ...]:
    return tuple(
        Block(name, float(rows[part][0]), float(rows[part][-1]), bool(alive[part].any()))
        for name, part in groups
        if part.stop - part.start > 1
    )


def strongest(structure: Structure, most: int = MOST_UNITS) -> Structure:
    """The structure with only the `most` inputs and outputs of the strongest connections.

    An input or output is weighed by the sum of |w| over its live connections; an input of an
    autoencoder and its reconstruction stay together, by the sum of both. The order of the units and
    what is fed, used and counted stays as it was. An InputError refuses a hidden layer of more
    units, since no part of such a network would show what it does.
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


def layer_head(structure: Structure, layer: int) -> str:
    """What stands above a layer: how many units it has, and how many of them are alive."""
    width, alive = structure.widths[layer], int(structure.alive[layer].sum())
    count = f"{width}" if alive == width else f"{alive} of {width}"
    several = "" if width == 1 else "s"
    if layer == 0:
        return f"{count} input{several}"
    if layer == len(structure.widths) - 1:
        return f"{count} output{several}"
    return f"{count} code{several}" if layer == structure.code_layer else count


def layer_notes(structure: Structure, drawn: Structure) -> list[str]:
    """What stands below the diagram: the connections, what lines mean, what is left out."""
    first = f"{counted(structure.connections, 'connection')} with |w| > {structure.threshold:g}"
    legend = "gray: positive, black: negative; width: |w|, relative to the layer's largest"
    if not all(alive.all() for alive in structure.alive):
        first += "; faded: dead"
    return [first, *left_out(structure, drawn), legend]


def left_out(structure: Structure, drawn: Structure) -> list[str]:
    """Which inputs and outputs of a large network are drawn."""
    return [
        f"drawn: the {drawn.widths[side]} of {structure.widths[side]} {name} with the strongest "
        "connections"
        for side, name in ((0, "inputs"), (-1, "outputs"))
        if drawn.widths[side] < structure.widths[side]
    ]
