"""Where the units and connections of a structure diagram lie, and how they are labelled."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sparse_lightning.interpret.structure import Structure

SWEEPS = 8
"""Passes through the layers that put hidden units near what they are connected to."""

GROUP_GAP = 0.7
"""Between a one-hot variable and its neighbours, in rows."""

THINNEST = 0.08
"""Of the widest connection of a layer; thinner ones would not be seen."""


@dataclass(frozen=True)
class Connection:
    """One line of the diagram.

    Attributes:
        layer: the layer that it leads from.
        source: the unit that it leads from.
        target: the unit of the next layer that it leads to.
        weight: signed.
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
    """Adjacent inputs, or outputs, that stand for one variable by several levels.

    Attributes:
        name: the name of the variable.
        top: the row of its first level.
        bottom: the row of its last level.
        alive: any of its units is.
    """

    name: str
    top: float
    bottom: float
    alive: bool


@dataclass(frozen=True, eq=False)
class Layout:
    """The places of everything: columns to the right in inches, rows downwards.

    Attributes:
        columns: `(layer,)`, from 0.
        rows: `(unit,)` of every layer, from 0.
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
