"""Strengths and indices as a reader sees them, the same in every table and figure."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from sparse_lightning._text import number, shortened
from sparse_lightning.comparison.points import setting_text
from sparse_lightning.regularizers.replica import SYMBOLS


class Words(NamedTuple):
    """What is compared in plain English.

    Attributes:
        replicates: the points of a marker.
        failed: what points without a result have done, as in `2 networks failed`.
        without: the heading of their number.
        nothing: who has no result where a marker is missing, as in `No network survived`.
    """

    points: str
    replicates: str
    failed: str
    without: str
    nothing: str

    def counted(self, count: int) -> str:
        """So many points."""
        return f"{count} {self.points.removesuffix('s') if count == 1 else self.points}"


NETWORKS = Words("networks", "seeds", "failed", "failed", "No network survived")
RUNS = Words("runs", "replicates", "have no result", "without a result", "No run has a result")


def good(direction: str) -> str:
    """Which values are good."""
    return "small" if direction == "min" else "large"


def bare(name: str) -> str:
    """A strength by its symbol, a param or tag without `params.` or `tags.`."""
    short = name.split(".", 1)[1] if name.startswith(("params.", "tags.")) else name
    return SYMBOLS.get(name, short)


def settings_in_words(settings: Mapping[str, Any]) -> str:
    """What the points of a marker agree in, e.g. `λ = 0.0001` or `width = 3, team = blue`."""
    return ", ".join(f"{bare(name)} = {setting_text(value)}" for name, value in settings.items())


class Labels(NamedTuple):
    """What the axes of the Pareto curves are, as in `connections (|w| > 0.01)`.

    `weight` is the symbol of what is compared with the threshold.
    """

    connections: str
    weight: str
    error: str

    def across(self, threshold: float) -> str:
        """The label of the horizontal axis."""
        return f"{self.connections} (|{self.weight}| > {threshold:g})"


_NETWORKS = Labels("connections", "w", "mean squared error per output element")
_REGRESSORS = Labels("connections", "w", "mean squared error of standardised targets")
_COMPONENTS = Labels("mean loadings a component", "v", "1 − cumulative contribution ratio")


def labels(task: str) -> Labels:
    """What the axes of a task's Pareto curves are."""
    return {"pca": _COMPONENTS, "regressor": _REGRESSORS}.get(task, _NETWORKS)


def interval(row: Mapping[str, Any] | None, name: str) -> str:
    """A value of a row with its interval, `_low` to `_high`, e.g. `0.117 [0.096, 0.139]`."""
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
    """The strengths that a network, a row of their frame, has, e.g. `λ = 5e-05, θ = 0.1`."""
    present = {
        column: float(network[column])
        for column in SYMBOLS
        if network.get(column) is not None and math.isfinite(float(network[column]))
    }
    return settings_in_words(present)


_INDICES = {
    "area_marker": "Area (published index)",
    "area_axis": "Area to the axis",
    "hypervolume_gap": "Distance from ideal",
}


def index_name(index: str) -> str:
    """An index as a heading, e.g. `Distance from ideal`."""
    return _INDICES[index]


def index_in_words(index: str) -> str:
    """An index in a sentence, e.g. `distance from ideal`."""
    return f"{_INDICES[index][0].lower()}{_INDICES[index][1:]}"
