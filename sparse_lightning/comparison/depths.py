"""Stacks at every depth: the same comparison after each greedy stage."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pandas as pd

from sparse_lightning.comparison.axes import Axes
from sparse_lightning.comparison.comparison import Comparison, compare
from sparse_lightning.comparison.points import network_points
from sparse_lightning.errors import InputError

_NAME = re.compile(r"squared_error_(\d+)_layers")


@dataclass(frozen=True, eq=False)
class Depth:
    """The networks as they were after one of their stages, above the floor of that depth.

    `layers` counts the layers of units, inputs and outputs included: 3, 5, 7, …
    """

    layers: int
    comparison: Comparison


def compare_depths(
    networks: pd.DataFrame, axes: Axes, layers: list[int], **settings: Any
) -> tuple[Depth, ...]:
    """The comparisons after every stage that was measured, the first one first; none of one stage.

    The networks have `squared_error_3_layers`, `connections_3_layers` and so on, `axes` are those
    of the whole networks, and `settings` are those of `compare`. Floor and corner of a depth are
    its own. A depth at which every unregularized network failed is left out.
    """
    found: list[Depth] = []
    for depth in sorted(int(match[1]) for match in map(_NAME.fullmatch, networks.columns) if match):
        encoder = layers[: (depth + 1) // 2]
        frame = networks.assign(
            connections=networks[f"connections_{depth}_layers"],
            **{axes.y: networks[f"{axes.y}_{depth}_layers"]},
        )
        total = 2 * sum(a * b for a, b in pairwise(encoder))
        bounded = replace(axes, floor=None, corner=(total, axes.corner[1]))
        try:
            comparison = compare(network_points(frame, bounded), bounded, **settings)
        except InputError:
            continue
        found.append(Depth(depth, comparison))
    return tuple(found)


def by_depth(depths: tuple[Depth, ...], index: str) -> list[Mapping[str, Any]]:
    """One row a group: its name and its indices at each depth, best first at the greatest depth."""
    if not depths:
        return []
    order = depths[-1].comparison.indices.sort_values(index, kind="stable")["group"]
    tables = {depth.layers: depth.comparison.indices.set_index("group") for depth in depths}
    return [
        {"group": group, "cells": [tables[depth].loc[group].to_dict() for depth in tables]}
        for group in order
    ]
