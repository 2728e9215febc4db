"""Numbers and names as a reader sees them, the same in every table and figure."""

import math
import unicodedata
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


def number(value: float | None, digits: int = 4) -> str:
    """A number with so many significant digits; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.{digits}g}"


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


def shortened(name: str, length: int) -> str:
    """A name on one line: control characters removed, and cut in its middle where it is too long.

    The middle, because names of one study tend to share their beginning and differ in their end.
    """
    line = " ".join(name.split())
    line = "".join(sign for sign in line if unicodedata.category(sign) not in ("Cc", "Cf", "Cs"))
    if len(line) <= length:
        return line
    tail = (length - 1) // 3
    return f"{line[: length - 1 - tail]}…{line[len(line) - tail :]}"


def index_name(index: str) -> str:
    """An index as a heading, e.g. `Hypervolume gap`."""
    return {
        "area_marker": "Area (markers)",
        "area_axis": "Area (to the axis)",
        "hypervolume_gap": "Hypervolume gap",
    }[index]
