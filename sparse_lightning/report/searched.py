"""The closing table of a search: each group's best setting, its score, and that on fresh seeds."""

import math
from typing import Any

import pandas as pd
from rich.table import Table
from rich.text import Text

from sparse_lightning.drawing.wording import number, shortened
from sparse_lightning.pareto.frames import records

SYMBOLS = {"l1_threshold": "θ", "hidden_weight": "η", "hidden_threshold": "τ", "sparsity": "ρ"}


def search_table(frame: pd.DataFrame, objective: str, confidence: float) -> Table:
    """The groups, best first; 80 columns suffice.

    Args:
        frame: one row a group: group, trials, trial (text), score, fresh, each score with its ends
            `_low` and `_high`, l1_weights (a tuple, or None), and the other strengths; NaN where
            there is no value.
        objective: what was minimised.
        confidence: of the intervals.
    """
    measure = "hypervolume_gap of the front" if objective == "pareto" else objective
    fresh = bool(frame["fresh"].notna().any())
    again = "; fresh: trained again from seeds that the search has not seen" if fresh else ""
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="bold",
        caption=f"{measure}; smaller is better; in brackets the {confidence:.0%} intervals over "
        f"the seeds{again}",
        caption_justify="left",
    )
    table.add_column("group", overflow="fold", max_width=18)
    table.add_column("trial", justify="right")
    table.add_column("search", justify="right", no_wrap=True)
    if fresh:
        table.add_column("fresh", justify="right", no_wrap=True)
    table.add_column("setting")
    by = "fresh" if fresh else "score"
    for row in records(frame.sort_values(by, kind="stable", na_position="last")):
        cells = [shortened(row["group"], 54), f"{row['trial']}\nof {row['trials']}"]
        cells += [_cell(row, name) for name in ("score", "fresh")[: 1 + fresh]]
        # Text, because a group may be named like rich's markup.
        table.add_row(*(Text(cell) for cell in [*cells, setting_in_words(row)]))
    return table


def setting_in_words(row: dict[str, Any]) -> str:
    """A setting as a reader sees it: `λ 0.0001…0.01, θ 1.2`."""
    weights = row.get("l1_weights")
    parts = []
    if isinstance(weights, tuple):
        ends = dict.fromkeys((weights[0], weights[-1]))
        parts.append("λ " + "…".join(number(weight, 3) for weight in ends))
    for name, symbol in SYMBOLS.items():
        value = row.get(name)
        if value is not None and math.isfinite(value):
            parts.append(f"{symbol} {number(value, 3)}")
    return ", ".join(parts) or "-"


def _cell(row: dict[str, Any], name: str) -> str:
    value = number(row[name]).replace("–", "-")
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"{value}\n[{number(low, 3)}, {number(high, 3)}]" if low == low else value
