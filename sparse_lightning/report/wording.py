"""Strengths and indices as a reader sees them, the same in every table and figure."""

import math
from collections.abc import Mapping
from typing import Any

# The strengths in the order and by the symbols of science.md section 1.
STRENGTHS = {
    "l1_weight": "λ",
    "l1_threshold": "θ",
    "hidden_weight": "η",
    "hidden_threshold": "τ",
    "sparsity": "ρ",
}


def strengths(network: Mapping[str, Any]) -> str:
    """The strengths that a network has, e.g. `λ = 5e-05, θ = 0.1`.

    Args:
        network: a row of the frame of networks.
    """
    present = [
        f"{symbol} = {float(network[column]):g}"
        for column, symbol in STRENGTHS.items()
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
