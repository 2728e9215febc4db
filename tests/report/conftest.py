from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sparse_lightning.pareto import compare, floor
from sparse_lightning.report import StudyView

SIX = ("L1", "sL1", "sL1+sh", "sL1+sh2", "sL1+KL", "sL1+decs")


def networks_of(groups: tuple[str, ...], seeds: int) -> pd.DataFrame:
    """Curves like y = a + b / x, for any names of groups, with the floor."""
    generator = np.random.default_rng(3)
    rows = []
    for place, group in enumerate(("none", *groups)):
        for marker, weight in enumerate([0.0] if group == "none" else [5e-5, 2e-4, 1e-3]):
            for seed in range(1, seeds + 1):
                x = (
                    240.0
                    if group == "none"
                    else 200.0 - 50 * marker / (1 + place) + generator.normal()
                )
                y = 0.0018 if group == "none" else 0.002 + (0.6 - 0.05 * place) / x
                rows.append(
                    {
                        "group": group,
                        "l1_weight": weight,
                        "l1_threshold": float("nan") if group in ("none", "L1") else 0.1,
                        "hidden_weight": 0.003 if "+" in group else float("nan"),
                        "hidden_threshold": float("nan"),
                        "sparsity": 0.5 if "KL" in group else float("nan"),
                        "seed": seed,
                        "connections": x,
                        "squared_error": y * (1 + 0.01 * abs(generator.normal())),
                        "failed": False,
                        "failure": "",
                        "run_id": f"run{len(rows)}",
                        "experiment_id": "7",
                    }
                )
    return pd.DataFrame(rows)


@pytest.fixture
def study_of() -> Callable[..., StudyView]:
    """A study; `groups`, `seeds`, `networks` and any attribute of the view may be given."""

    def build(
        groups: tuple[str, ...] = SIX,
        seeds: int = 4,
        networks: pd.DataFrame | None = None,
        **attributes: Any,
    ) -> StudyView:
        networks = networks_of(groups, seeds) if networks is None else networks
        comparison = compare(
            networks,
            floor=floor(networks),
            null_error=0.06,
            connections_total=240,
            connection_threshold=0.01,
            resamples=100,
        )
        view = StudyView(
            name="wine-sae",
            run_id="study",
            experiment_id="7",
            tracking_ui="http://127.0.0.1:5000/",
            dataset="wine",
            task="sae",
            rows=1599,
            layers=[12, 10, 12],
            settings={"optimizer": "adam"},
            common_weights=True,
            floor_epochs=600,
            floor_settled=True,
            index="area_marker",
            comparison=comparison,
            networks=networks,
        )
        return replace(view, **attributes)

    return build
