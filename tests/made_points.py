"""Made-up networks, and their comparison."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sparse_lightning.comparison import NETWORKS, Comparison, compare, network_points

Curves = dict[str, dict[float, list[tuple[float, float] | None]]]

CORNER = {"floor": 0.0, "null_error": 1.0, "connections_total": 100}


def frame_of(curves: Curves) -> pd.DataFrame:
    """Networks from {group: {l1_weight: [(connections, error) or None for a failed one, …]}}."""
    rows = [
        {
            "group": group,
            "l1_weight": weight,
            "seed": seed,
            "connections": result[0] if result else float("nan"),
            "squared_error": result[1] if result else float("nan"),
            "failed": result is None,
        }
        for group, markers in curves.items()
        for weight, results in markers.items()
        for seed, result in enumerate(results, start=1)
    ]
    return pd.DataFrame(rows)


def noisy(groups=("L1", "sL1", "KL"), seeds=5, weights=5, spread=0.02, failing=0.0) -> pd.DataFrame:
    """Networks whose curves lie above each other."""
    generator = np.random.default_rng(7)
    rows = [
        {
            "group": group,
            "l1_weight": 1e-4 * (marker + 1),
            "seed": seed,
            "connections": 80.0 - 12 * marker + generator.normal(),
            "squared_error": 0.1 + 0.05 * (marker + place) + spread * generator.normal(),
            "failed": generator.random() < failing,
        }
        for place, group in enumerate(groups)
        for marker in range(weights)
        for seed in range(1, seeds + 1)
    ]
    return pd.DataFrame(rows)


def compared(networks: pd.DataFrame, order_by: str = "area_marker", **options: Any) -> Comparison:
    """Networks compared with a floor and a corner that are known."""
    bounds = {name: options.pop(name, value) for name, value in CORNER.items()}
    axes = replace(
        NETWORKS,
        floor=bounds["floor"],
        corner=(bounds["connections_total"], bounds["null_error"]),
    )
    return compare(network_points(networks), axes, order_by=order_by, **options)
