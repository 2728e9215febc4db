"""How often the seeds "settle" a difference where there is none, and where there is one.

    python benchmarks/settled.py [--seeds 120] [--repetitions 2000]

Trains L1 and sL1 on the red wine table with many seeds. For 3, 5, 10 and 20 seeds it draws twice
as many of L1 again and again, and calls one half another group: whatever is then settled is false.
Beside it stands the percentile bootstrap, and how often the difference of L1 and sL1 is settled by
that many of the same seeds. Prints the rows of a table in Markdown.
"""

import argparse
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from sparse_lightning import Project
from sparse_lightning.comparison import INDICES
from sparse_lightning.comparison.bootstrap import (
    draw_replicates,
    percentile_interval,
    sampled_indices,
)
from sparse_lightning.comparison.jackknife import difference_interval, left_out
from sparse_lightning.comparison.markers import Grid
from sparse_lightning.regularizers.replica import FLOOR
from sparse_lightning.training import train
from sparse_lightning.training.preparing import prepare

GROUPS = ("L1", "sL1")
PROJECT: dict[str, Any] = {
    "name": "settled",
    "table": {"source": "wine"},
    "network": {"units": [8]},
    "evaluation": {"validation": 0, "test": 0},
    "training": {"epochs": 60, "accelerator": "cpu", "floor": {"max_cycles": 1}},
    "regularizers": {
        "l1_weights": [0.5, 0.3, 0.2, 0.14, 0.1, 0.06, 0.03, 0.01],
        "groups": {"L1": {}, "sL1": {"l1_threshold": 1.5}},
    },
}
CONFIDENCE = 0.95
RESAMPLES = 400

Bounds = dict[str, float]


def trained(seeds: int) -> tuple[dict[str, Grid], Bounds]:
    """The networks by marker and seed, with floor and corner."""
    training = {**PROJECT["training"], "seeds": list(range(1, seeds + 1))}
    project = Project(**{**PROJECT, "training": training})
    prepared = prepare(project)
    population = train(project, prepared.examples)
    frame = pd.DataFrame(
        {
            "group": [replica.group for replica in population.replicas],
            "marker": [replica.strengths.get("l1_weight", 0) for replica in population.replicas],
            "seed": [replica.seed for replica in population.replicas],
            "x": population.connections,
            "y": population.squared_error,
        }
    )
    tables = {}
    for group in GROUPS:
        mine = frame.loc[frame["group"] == group]
        x, y = [
            mine.pivot_table(index="marker", columns="seed", values=name) for name in ("x", "y")
        ]
        none = np.zeros(len(x), dtype=int)
        tables[group] = Grid(group, np.arange(len(x)), x.to_numpy(), y.to_numpy(), none)
    bounds = {
        "floor": float(frame.loc[frame["group"] == FLOOR, "y"].min()),
        "null_error": float(prepared.facts["null_error"]),
        "connections_total": float(prepared.facts["connections_total"]),
    }
    return tables, bounds


def of_seeds(grid: Grid, seeds: np.ndarray) -> Grid:
    """The networks of some seeds, as if there were no others."""
    return Grid(grid.group, grid.markers, grid.x[:, seeds], grid.y[:, seeds], grid.failed)


Interval = Callable[[Grid, Grid, Bounds], dict[str, tuple[float, float]]]


def by_jackknife(first: Grid, second: Grid, bounds: Bounds) -> dict[str, tuple[float, float]]:
    values = [sampled_indices(grid, None, **bounds) for grid in (first, second)]
    without = [left_out(grid, **bounds) for grid in (first, second)]
    return {
        index: difference_interval(
            *without, index, float(values[0][index][0] - values[1][index][0]), CONFIDENCE
        )
        for index in INDICES
    }


def by_percentiles(first: Grid, second: Grid, bounds: Bounds) -> dict[str, tuple[float, float]]:
    draw = draw_replicates(first.x.shape[1], RESAMPLES)
    one, other = (sampled_indices(grid, draw, **bounds) for grid in (first, second))
    return {index: percentile_interval(one[index] - other[index], CONFIDENCE) for index in INDICES}


def settled(pairs: list[tuple[Grid, Grid]], interval: Interval, bounds: Bounds) -> dict[str, float]:
    """The share of pairs of which the interval leaves out 0, by index."""
    found = [interval(first, second, bounds) for first, second in pairs]
    return {
        index: float(np.mean([not one[index][0] <= 0 <= one[index][1] for one in found]))
        for index in INDICES
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=120)
    parser.add_argument("--repetitions", type=int, default=2000)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    grids, bounds = trained(options.seeds)
    random = np.random.default_rng(0)
    print("| seeds | index | false, jackknife | false, percentiles | L1 and sL1 told apart |")
    print("| --- | --- | --- | --- | --- |")
    for count in (3, 5, 10, 20):
        drawn = [random.permutation(options.seeds)[: 2 * count] for _ in range(options.repetitions)]
        halves = [
            (of_seeds(grids["L1"], seeds[:count]), of_seeds(grids["L1"], seeds[count:]))
            for seeds in drawn
        ]
        groups = [
            (of_seeds(grids["L1"], seeds[:count]), of_seeds(grids["sL1"], seeds[:count]))
            for seeds in drawn
        ]
        false = settled(halves, by_jackknife, bounds)
        percentiles = settled(halves[: options.repetitions // 4], by_percentiles, bounds)
        apart = settled(groups, by_jackknife, bounds)
        for index in INDICES:
            shares = (false[index], percentiles[index], apart[index])
            told = " | ".join(f"{share:.1%}" for share in shares)
            print(f"| {count} | {index} | {told} |", flush=True)


if __name__ == "__main__":
    main()
