from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sparse_lightning.comparison import Comparison, compare, network_axes, network_points
from sparse_lightning.report import StudyFacts, View

SIX = ("L1", "sL1", "sL1+sh", "sL1+sh2", "sL1+KL", "sL1+decs")

EXACT = (0.4, 0.65, 0.8, 0.9, 0.95, 0.97, 0.98)
"""What the first n exact components of the made-up studies contribute."""


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


def with_components(networks: pd.DataFrame, components: int) -> pd.DataFrame:
    """The networks as ones of components: the stronger λ, the fewer loadings that give less.

    Every later group's curve is above those before it.
    """
    places = {group: place for place, group in enumerate(networks["group"].unique())}
    place = networks["group"].map(places)
    strength = np.log10(networks["l1_weight"].clip(lower=1e-6)) + 6
    measures = {}
    for n in range(1, components + 1):
        measures[f"loadings_{n}"] = 12.0 - strength * (0.9 + place / 4 + n / 10)
        measures[f"contribution_{n}"] = EXACT[n - 1] * (1 - strength * (0.05 - place / 500))
    networks = networks.assign(**measures)
    return networks.assign(
        connections=networks[f"loadings_{components}"],
        squared_error=1 - networks[f"contribution_{components}"],
    )


def references_of(components: int) -> dict[str, float]:
    """Exact PCA, and SparsePCA at two alphas: few loadings, but little of the first components."""
    numbers = range(1, components + 1)
    references = {f"pca_contribution_{n}": EXACT[n - 1] for n in numbers}
    references |= {f"pca_loadings_{n}": 12.0 for n in numbers}
    for alpha, loadings in (("0.5", 8.0), ("10", 4.0)):
        for n in numbers:
            share = 0.98 if n == components else 0.3
            references[f"sparse_pca_{alpha}_contribution_{n}"] = EXACT[n - 1] * share * loadings / 8
            references[f"sparse_pca_{alpha}_loadings_{n}"] = loadings
    return references


def made_up(groups: tuple[str, ...], seeds: int, components: int) -> pd.DataFrame:
    networks = networks_of(groups, seeds)
    return with_components(networks, components) if components else networks


def comparison_of(networks: pd.DataFrame, components: int, order_by: str) -> Comparison:
    bounds = {"null_error": 0.06, "connections_total": 240}
    if components:
        bounds = {"null_error": 1.0, "connections_total": 12}
    return compare(network_points(networks), network_axes(bounds), order_by=order_by, resamples=100)


@cache
def compared(groups: tuple[str, ...], seeds: int, components: int, order_by: str) -> Comparison:
    """Made once for the many tests that look at the same study."""
    return comparison_of(made_up(groups, seeds, components), components, order_by)


@pytest.fixture
def study_of() -> Callable[..., View]:
    """A study; `groups`, `seeds`, `networks`, `order_by` and any attribute of the view or of its
    facts may be given.

    With `components`, it is one of so many components, and has references.
    """

    def build(
        groups: tuple[str, ...] = SIX,
        seeds: int = 4,
        networks: pd.DataFrame | None = None,
        components: int = 0,
        order_by: str = "area_marker",
        **attributes: Any,
    ) -> View:
        if networks is None:
            networks = made_up(tuple(groups), seeds, components)
            comparison = compared(tuple(groups), seeds, components, order_by)
        else:
            comparison = comparison_of(networks, components, order_by)
        if components:
            of_components = {
                "name": "wine-pca",
                "task": "pca",
                "layers": [12, components, 12],
                "references": references_of(components),
            }
            attributes = of_components | attributes
        facts = {
            "run_id": "study",
            "dataset": "wine",
            "task": "sae",
            "rows": 1599,
            "layers": [12, 10, 12],
            "settings": {"optimizer": "adam"},
            "connection_threshold": 0.01,
            "common_weights": True,
            "floor_epochs": 600,
            "floor_settled": True,
            "networks": networks,
        }
        of_view = {field.name for field in fields(View)}
        shown = {
            "name": "wine-sae",
            "experiment_id": "7",
            "tracking_ui": "http://127.0.0.1:5000/",
            "comparison": comparison,
        } | {name: value for name, value in attributes.items() if name in of_view}
        facts |= {name: value for name, value in attributes.items() if name not in of_view}
        return View(**shown, study=StudyFacts(**facts))

    return build
