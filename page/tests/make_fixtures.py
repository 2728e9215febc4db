"""Write what sparse_lightning.comparison makes of some sets of points, to compare the page with.

    python page/tests/make_fixtures.py

A test (tests/page/test_page_fixtures.py) sees to it that the files are what Python gives today.
"""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd

from sparse_lightning.comparison import FLOOR_GROUP, compare, network_axes, network_points
from sparse_lightning.comparison.bootstrap import draw_replicates, percentile_interval
from sparse_lightning.comparison.markers import grids

FOLDER = Path(__file__).parent / "fixtures" / "pareto"
RESAMPLES = 400
CONFIDENCE = 0.95
MARKERS = {"x": "connections", "y": "squared_error", "replicates": "seeds"}
COLUMNS = ["group", "l1_weight", "seed", "connections", "squared_error", "failed"]


def networks(groups: list[str], weights: list[float], seeds: list[int], number: int):
    """Networks like those of a study: less error for more connections, seeds apart."""
    generator = np.random.default_rng(number)
    rows = []
    for place, group in enumerate([FLOOR_GROUP, *groups]):
        for weight in [0.0] if group == FLOOR_GROUP else weights:
            for seed in seeds:
                connections = 400 / (1 + 900 * weight * (1 + 0.2 * place))
                connections *= generator.uniform(0.7, 1.2)
                error = 0.0025 + 0.4 * weight * (1 + 0.1 * place) * generator.uniform(0.6, 1.4)
                rows.append((group, weight, seed, float(round(connections)), error, False))
    return pd.DataFrame(rows, columns=COLUMNS)


WEIGHTS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03]


def point_sets() -> dict[str, tuple[pd.DataFrame, str]]:
    """The point sets by name, each with the index that orders its groups."""
    ordinary = networks(["L1", "sL1", "sL1+sh"], WEIGHTS, [1, 2, 3], 1)
    five = networks(["L1", "sL1", "sh", "sL1+sh"], WEIGHTS, [3, 7, 10, 21, 100], 2)
    single = networks(["L1", "sL1"], [0.003], [1, 2, 3], 3)
    one_seed = networks(["L1", "sL1"], WEIGHTS, [1], 4)

    equal = networks(["L1", "sL1"], WEIGHTS, [1, 2, 3, 4], 5)
    equal["connections"] = equal["connections"].round(-2)
    equal.loc[equal["group"] == "sL1", "connections"] = 40.0

    failed = networks(["L1", "sL1", "sh"], WEIGHTS, [1, 2, 3, 4, 5], 6)
    failed.loc[failed.index % 4 == 0, "failed"] = True
    failed.loc[failed.index % 11 == 5, "squared_error"] = math.nan
    failed.loc[failed["seed"] == 4, "failed"] = True
    failed.loc[(failed["group"] == "sL1") & (failed["l1_weight"] == 0.001), "failed"] = True
    failed.loc[(failed["group"] == "sh") & (failed["seed"] != 2), "failed"] = True

    below = networks(["L1", "sL1"], WEIGHTS, [1, 2, 3], 7)
    below.loc[below["group"] != FLOOR_GROUP, "squared_error"] -= 0.0022

    beyond = networks(["L1", "sL1"], WEIGHTS, [1, 2, 3], 8)
    beyond.loc[beyond["l1_weight"] == 0.03, "squared_error"] = 0.0193
    beyond.loc[beyond["l1_weight"] == 0.0001, "connections"] = 400.0

    uneven = networks(["L1", "sL1", "sh"], WEIGHTS, [1, 2, 3, 4, 5, 6], 9)
    uneven = uneven.loc[~((uneven["group"] == "sL1") & (uneven["seed"] > 2))]
    uneven = uneven.loc[~((uneven["l1_weight"] == 0.01) & (uneven["seed"] == 1))]
    uneven = uneven.loc[~((uneven["group"] == "sh") & (uneven["l1_weight"] > 0.002))]

    same = networks(["L1", "sL1"], WEIGHTS, [1, 2, 3], 10)
    columns = ["connections", "squared_error"]
    same.loc[same["group"] == "sL1", columns] = same.loc[same["group"] == "L1", columns].to_numpy()

    many = networks(["L1", "sL1"], WEIGHTS, list(range(20, 0, -1)), 11)
    return {
        "ordinary": (ordinary, "area_marker"),
        "five_seeds": (five, "hypervolume_gap"),
        "single_marker": (single, "area_axis"),
        "one_seed": (one_seed, "area_marker"),
        "equal_x": (equal, "area_axis"),
        "failed": (failed, "hypervolume_gap"),
        "below_the_floor": (below, "area_marker"),
        "at_the_corner": (beyond, "hypervolume_gap"),
        "uneven_seeds": (uneven, "area_marker"),
        "same_groups": (same, "area_marker"),
        "twenty_seeds": (many, "hypervolume_gap"),
    }


def document(frame: pd.DataFrame, order_by: str) -> dict:
    """A point set, and all that Python says about it."""
    corner = {"null_error": 0.0193, "connections_total": 400.0}
    points = network_points(frame)
    compared = compare(
        points,
        network_axes(corner),
        order_by=order_by,
        resamples=RESAMPLES,
        confidence=CONFIDENCE,
    )
    weights = [float(settings["l1_weight"]) for settings in points.settings]
    markers = compared.markers.assign(marker=[weights[one] for one in compared.markers["marker"]])
    markers = markers.rename(columns={"marker": "l1_weight", **MARKERS})
    indices = compared.indices.rename(columns={"failed": "failed_replicas", "points": "replicas"})
    ranked = frame.loc[frame["group"] != FLOOR_GROUP]
    draw = draw_replicates(compared.replicates, RESAMPLES)
    return {
        "networks": {name: _plain(frame[name]) for name in COLUMNS},
        "floor": compared.floor,
        **corner,
        "index": order_by,
        "confidence": CONFIDENCE,
        "seeds": sorted(int(seed) for seed in ranked["seed"].unique()),
        "draws": draw.T.tolist(),
        "markers": _rows(markers),
        "marker_intervals": _marker_intervals(points.frame, weights, draw),
        "indices": _rows(indices),
        "pairs": _rows(compared.pairs),
    }


def _marker_intervals(points: pd.DataFrame, weights: list[float], draw: np.ndarray) -> list[dict]:
    rows = []
    for group, grid in grids(points.loc[points["group"] != FLOOR_GROUP]).items():
        x, y = grid.means(draw)
        for place, marker in enumerate(grid.markers):
            if grid.survived[place].sum() < 2:
                continue
            row = {"group": group, "l1_weight": weights[marker]}
            row["x"] = percentile_interval(x[place], CONFIDENCE)
            row["y"] = percentile_interval(y[place], CONFIDENCE)
            rows.append(row)
    return rows


def _rows(frame: pd.DataFrame) -> list[dict]:
    columns = {name: _plain(frame[name]) for name in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(column: pd.Series) -> list:
    values = column.tolist()
    return [None if isinstance(value, float) and math.isnan(value) else value for value in values]


def texts() -> dict[str, str]:
    """The fixtures as JSON, by file name."""
    return {
        f"{name}.json": json.dumps(document(frame, index), separators=(",", ":")) + "\n"
        for name, (frame, index) in point_sets().items()
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
