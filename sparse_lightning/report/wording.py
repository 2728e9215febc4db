"""Strengths and indices as a reader sees them, the same in every table and figure."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from sparse_lightning._text import number, shortened
from sparse_lightning.regularizers.replica import SYMBOLS


class Labels(NamedTuple):
    """What the axes of the Pareto curves are, as in `connections (|w| > 0.01)`.

    Attributes:
        connections: the horizontal axis in a word or two.
        weight: the symbol of what is compared with the threshold.
        error: the vertical axis.
    """

    connections: str
    weight: str
    error: str

    def across(self, threshold: float) -> str:
        """The label of the horizontal axis."""
        return f"{self.connections} (|{self.weight}| > {threshold:g})"


_NETWORKS = Labels("connections", "w", "mean squared error per output element")
_COMPONENTS = Labels("mean loadings a component", "v", "1 − cumulative contribution ratio")


def labels(task: str) -> Labels:
    """What the axes of a task's Pareto curves are."""
    return _COMPONENTS if task == "pca" else _NETWORKS


def interval(row: Mapping[str, Any] | None, name: str) -> str:
    """A value with its interval, e.g. `0.117 [0.096, 0.139]`; a dash where there is none.

    Args:
        row: holds the value and its ends `_low` and `_high`.
        name: of the value.
    """
    if row is None:
        return number(None)
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    ends = f" [{number(low, 3)}, {number(high, 3)}]" if low == low else ""
    return number(row[name]) + ends


def markdown_cell(name: str) -> str:
    """A name that a cell of a Markdown table shows as it is."""
    line = shortened(name, 80)
    return "".join(f"\\{sign}" if sign in r"\`*_|<>[]{}#&$~" else sign for sign in line)


def strengths(network: Mapping[str, Any]) -> str:
    """The strengths that a network has, e.g. `λ = 5e-05, θ = 0.1`.

    Args:
        network: a row of the frame of networks.
    """
    present = [
        f"{symbol} = {float(network[column]):g}"
        for column, symbol in SYMBOLS.items()
        if network.get(column) is not None and math.isfinite(float(network[column]))
    ]
    return ", ".join(present)


def index_name(index: str) -> str:
    """An index as a heading, e.g. `Hypervolume gap`."""
    return {
        "area_marker": "Area (markers)",
        "area_axis": "Area (to the axis)",
        "hypervolume_gap": "Hypervolume gap",
    }[index]
