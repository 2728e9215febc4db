"""What a study with all defaults says about a table, beside what is true."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from planted_structure.measures import Curve, f1_of_columns
from planted_structure.scores import held_by

MAJORITY = 3
"""Of five seeds."""

SHOWN = {
    "leader": "the leading group by area_marker, middle λ, first seed",
    "first": "the first group (L1), middle λ, first seed",
    "lowest": "the leading group by area_marker, lowest λ, first seed",
}
"""Networks with which a reader of the earlier defaults' report began."""


class StudyCurve(Curve):
    """A group of a study with all defaults; its knee and its medoid are those of the study."""

    @cached_property
    def knee(self) -> int:
        """The λ of the knee."""
        weight = self.record["groups"][self.group]["knee"]["l1_weight"]
        return [marker[0]["l1_weight"] for marker in self.markers].index(weight)

    @property
    def agreement(self) -> float:
        """How far the seeds at the knee agree."""
        return float(self.record["groups"][self.group]["knee"]["agreement"])

    def f1_of(self, seed: int) -> float:
        """The F1 of a network at the knee."""
        seeds = [one["seed"] for one in self.markers[self.knee]]
        return self.scores()[self.knee][seeds.index(seed)]

    @property
    def medoid(self) -> float:
        """The F1 of the medoid at the knee."""
        return self.f1_of(self.record["groups"][self.group]["knee"]["seed"])

    @property
    def consensus(self) -> float:
        """The F1 of the memberships that most seeds at the knee hold."""
        return self.score(held_by(self.readings(self.knee), MAJORITY, self.matched))


@dataclass(frozen=True, eq=False)
class Judged:
    """A study with all defaults on one table.

    Attributes:
        record: of the study.
        groups: the groups to be compared; default: all of the record.
    """

    record: dict[str, Any]
    groups: tuple[str, ...] = ()

    @cached_property
    def curves(self) -> dict[str, StudyCurve]:
        """By group, of those that have a knee."""
        found = self.record["groups"]
        names = [name for name in found if not self.groups or name in self.groups]
        return {name: StudyCurve(self.record, name) for name in names if found[name]["knee"]}

    @property
    def recommended(self) -> StudyCurve:
        """The group of the study's own recommendation."""
        return self.curves[self.record["recommended"]["group"]]

    @property
    def f1(self) -> float:
        """The F1 of the network that the study recommends."""
        return self.recommended.f1_of(self.record["recommended"]["seed"])

    @property
    def by_gap(self) -> StudyCurve:
        """The group of the smallest `hypervolume_gap`."""
        return min(self.curves.values(), key=lambda curve: curve.indices["hypervolume_gap"])

    @property
    def inputs_f1(self) -> float:
        """The F1 of which columns the recommended network uses, of tables with a target."""
        curve = self.recommended
        seeds = [one["seed"] for one in curve.markers[curve.knee]]
        reading = curve.readings(curve.knee)[seeds.index(self.record["recommended"]["seed"])]
        return f1_of_columns(reading.any(axis=0), curve.truth.any(axis=0))


def shown_before(record: dict[str, Any], which: str) -> float:
    """The F1 of a network with which a reader of the earlier defaults' report began.

    Args:
        record: of the earlier defaults.
        which: one of `SHOWN`.
    """
    groups = record["groups"]
    leader = min(groups, key=lambda name: groups[name]["indices"]["area_marker"])
    curve = Curve(record, "L1" if which == "first" else leader)
    place = 0 if which == "lowest" else len(curve.markers) // 2
    first = min(range(len(curve.markers[place])), key=lambda n: curve.markers[place][n]["seed"])
    return curve.scores()[place][first]


def calibration(found: list[StudyCurve]) -> dict[str, list[tuple[int, int]]]:
    """How many of the statements with one vote, and with two and more of five, are true, of how
    many, by table.
    """
    counted = [curve.votes() for curve in found]
    several = [[pair for n, pair in votes.items() if n >= 2] for votes in counted]
    return {
        "1": [votes[1] for votes in counted],
        "2 or more": [
            (sum(true for true, _ in pairs), sum(total for _, total in pairs)) for pairs in several
        ],
    }
