"""Tables of the page, and what stands in their cells: means and shares with their intervals."""

from collections.abc import Sequence

import numpy as np

from planted_structure.measures import interval


def cell(values: list[float]) -> str:
    """The mean over tables with its interval."""
    mean, low, high = interval(values)
    return "–" if np.isnan(mean) else f"{mean:.2f} [{low:.2f}, {high:.2f}]"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def share(counted: list[tuple[int, int]], resamples: int = 4000) -> str:
    """The share of pairs that are true, with the interval of a bootstrap over the tables."""
    true, total = np.sum(counted, axis=0).tolist()
    if not total:
        return "–"
    counts = np.array(counted)
    draws = np.random.default_rng(0).integers(len(counts), size=(resamples, len(counts)))
    sums = counts[draws].sum(axis=1)
    known = sums[sums[:, 1] > 0]
    low, high = np.quantile(known[:, 0] / known[:, 1], [0.025, 0.975])
    return f"{true / total:.0%} [{low:.0%}, {high:.0%}] of {total}"
