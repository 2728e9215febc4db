"""Measures of one table's record: F1 by rule, by seed, by group, and how often votes are right."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from planted_structure.scores import (
    Reading,
    Statements,
    agreement,
    f1,
    held_by,
    medoid,
    pairs,
    without_lone,
)
from planted_structure.studies import reading_from
from sparse_lightning.interpret.loss import rank_correlation

NEAR = 0.9
"""The share of the best explained variance that is enough for the second rule of λ."""

COMPARED = ("L1", "L1+decs", "sL1", "sL1+decs", "L1+topk", "MCP", "SCAD", "logsum", "hoyer")
"""Groups whose curves all run from dense to empty: correlations are over these."""


@dataclass(frozen=True, eq=False)
class Curve:
    """The networks of one group on one table, by λ and seed.

    Attributes:
        record: of the table.
        group: the group's name.
    """

    record: dict[str, Any]
    group: str

    @cached_property
    def truth(self) -> Reading:
        """Which columns belong together."""
        return reading_from(self.record["truth"], len(self.record["columns"]))

    @property
    def indices(self) -> dict[str, float]:
        """The indices of the study."""
        return self.record["groups"][self.group]["indices"]

    @property
    def matched(self) -> bool:
        """Whether codes stand for the sets that they match best."""
        return self.record["task"] == "sae"

    @cached_property
    def markers(self) -> list[list[dict[str, Any]]]:
        """The networks of each λ, the least λ first."""
        networks = self.record["groups"][self.group]["networks"]
        weights = sorted({one["l1_weight"] for one in networks})
        return [[one for one in networks if one["l1_weight"] == weight] for weight in weights]

    def readings(self, marker: int, kind: str = "share") -> list[Reading]:
        """What the networks of a λ say."""
        columns = len(self.record["columns"])
        return [reading_from(one[kind], columns) for one in self.markers[marker]]

    def score(self, reading: Reading) -> float:
        """The F1 of a reading."""
        return f1(reading, self.truth, self.matched)

    def statements(self, reading: Reading) -> Statements:
        """What a reading says that others can agree with."""
        return pairs(reading) if self.matched else reading.ravel()

    def scores(self, kind: str = "share") -> list[list[float]]:
        """The F1 of each network, by λ."""
        return [
            [self.score(reading) for reading in self.readings(marker, kind)]
            for marker in range(len(self.markers))
        ]

    @cached_property
    def means(self) -> Float[np.ndarray, " marker"]:
        """The mean F1 of each λ."""
        return np.array([np.mean(scores) for scores in self.scores()])

    @cached_property
    def forgiving(self) -> Float[np.ndarray, " marker"]:
        """The same where a column of noise may have a code of its own."""
        return np.array(
            [
                np.mean([self.score(without_lone(one, self.truth)) for one in self.readings(place)])
                for place in range(len(self.markers))
            ]
        )

    def _mean(self, name: str) -> Float[np.ndarray, " marker"]:
        return np.array([np.mean([one[name] for one in marker]) for marker in self.markers])

    @cached_property
    def knee(self) -> int:
        """The λ of the least x + y.

        x is the share of the connections, y the share of (null error − floor) that is lost.
        """
        total, null_error = self.record["corner"]
        floor = self.record["floor"]
        lost = (self._mean("error") - floor) / (null_error - floor)
        return int((self._mean("connections") / total + lost).argmin())

    @cached_property
    def enough(self) -> int:
        """The λ with the fewest connections that explains 90 % of what the best one explains."""
        explained = 1 - self._mean("error") / self.record["corner"][1]
        counts = np.where(explained >= NEAR * explained.max(), self._mean("connections"), np.inf)
        return int(counts.argmin())

    @cached_property
    def agreements(self) -> dict[str, float]:
        """How far the seeds at the knee agree, by kind of reading."""
        return {
            kind: agreement([self.statements(one) for one in self.readings(self.knee, kind)])
            for kind in ("share", "paths")
        }

    def by_lambda(self) -> dict[str, float]:
        """The mean F1 by rule for λ."""
        best, middle = int(self.means.argmax()), len(self.means) // 2
        places = {"best": best, "knee": self.knee, "enough": self.enough, "middle": middle}
        return {rule: float(self.means[place]) for rule, place in places.items()}

    def by_seed(self) -> dict[str, float]:
        """The F1 at the knee by what is made of its seeds."""
        readings = self.readings(self.knee)
        scores = [self.score(reading) for reading in readings]
        chosen = medoid([self.statements(reading) for reading in readings])
        return {
            "single": float(np.mean(scores)),
            "worst": min(scores),
            "medoid": scores[chosen],
            "by 3 of 5": self.score(held_by(readings, 3, self.matched)),
            "by 4 of 5": self.score(held_by(readings, 4, self.matched)),
        }

    def votes(self) -> dict[int, tuple[int, int]]:
        """Of the statements that so many seeds at the knee make: how many are true, of how many."""
        statements = [self.statements(reading) for reading in self.readings(self.knee)]
        counts, true = np.sum(statements, axis=0), self.statements(self.truth)
        return {
            number: (int((true & (counts == number)).sum()), int((counts == number).sum()))
            for number in range(1, len(statements) + 1)
        }


def f1_of_columns(used: Bool[np.ndarray, " column"], true: Bool[np.ndarray, " column"]) -> float:
    """The F1 of which columns are used, whatever for."""
    return float(2 * (used & true).sum() / max(used.sum() + true.sum(), 1))


def curves(record: dict[str, Any]) -> dict[str, Curve]:
    """The groups of a table."""
    return {group: Curve(record, group) for group in record["groups"]}


RULES: dict[str, Callable[[Curve], float]] = {
    "agreement by mappings": lambda curve: curve.agreements["share"],
    "agreement by live paths": lambda curve: curve.agreements["paths"],
    "hypervolume_gap": lambda curve: -curve.indices["hypervolume_gap"],
    "area_axis": lambda curve: -curve.indices["area_axis"],
    "area_marker": lambda curve: -curve.indices["area_marker"],
}
"""What the chosen group has most of."""


def by_group_rule(found: dict[str, Curve]) -> dict[str, dict[str, float]]:
    """By rule for the group: the F1 at the knee of the chosen one, what is lost against the best
    group, and Spearman's correlation of what the rule goes by with the F1 over the groups.
    """
    scores = np.array([curve.means[curve.knee] for curve in found.values()])
    compared = np.array([group in COMPARED for group in found])
    result = {}
    for name, rule in RULES.items():
        values = np.array([rule(curve) for curve in found.values()])
        chosen = float(scores[values.argmax()])
        result[name] = {
            "f1": chosen,
            "lost": float(scores.max()) - chosen,
            "correlation": rank_correlation(values[compared], scores[compared]),
        }
    return result


def recommended(found: dict[str, Curve]) -> dict[str, Any]:
    """The recommended network: of each group the knee, of these the group whose seeds agree most by
    mappings, of its seeds the medoid.
    """
    curve = max(found.values(), key=RULES["agreement by mappings"])
    return {"group": curve.group, "f1": curve.by_seed()["medoid"]}


def interval(values: list[float], resamples: int = 4000) -> tuple[float, float, float]:
    """The mean over tables, and the 95 % interval of a bootstrap over them; NaN counts for none."""
    known = np.array([value for value in values if not np.isnan(value)])
    if not len(known):
        return np.nan, np.nan, np.nan
    draws = np.random.default_rng(0).integers(len(known), size=(resamples, len(known)))
    low, high = np.quantile(known[draws].mean(axis=1), [0.025, 0.975])
    return float(known.mean()), float(low), float(high)
