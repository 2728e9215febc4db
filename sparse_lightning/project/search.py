"""The search over weights and thresholds: its bounds, its budget, and how it chooses."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from sparse_lightning.address import Address
from sparse_lightning.project.messages import Location, invalid_fields
from sparse_lightning.project.types import (
    LARGEST_SEED,
    Count,
    Positive,
    Probability,
    Seed,
    Seeds,
    Settings,
)

SEARCH_SEEDS = 3
"""How many seeds a trial has unless the project names them."""


class Bounds(Settings):
    """Between what a strength or threshold is searched, evenly on a log scale.

    Attributes:
        low: the smallest value.
        high: the greatest value.
    """

    low: Positive
    high: Positive

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low < self.high:
            text = f"must be greater than low, which is {self.low:g}, got {self.high:g}"
            raise invalid_fields([(("high",), text)])
        return self


class Shares(Bounds):
    """Bounds of what lies between 0 and 1.

    Attributes:
        low: the smallest value.
        high: the greatest value.
    """

    low: Probability
    high: Probability


class SearchSettings(Settings):
    """The search for each group's own best strengths, with the same budget for all.

    Every group gets `trials` trials. A trial is one setting of the thresholds and of the hidden
    weight together with a range of λ, over which it trains `markers` values of λ from every seed.
    The range is searched for all groups alike, so that L1, which has nothing else to search, is
    not compared at a range that was chosen for others.

    Attributes:
        trials: how many trials each group gets.
        batch: how many trials of each group are asked for at once; those of all groups are trained
            as one population.
        sampler: chooses the settings: `tpe`, `cmaes`, `gp`, `nsga2`, `nsga3`, `qmc` or `random`.
        seed: of the sampler.
        seeds: of a trial's networks; default: the three that follow the greatest of
            `training.seeds`, which are kept for comparing the groups after the search.
        objective: the index that is minimised, or `pareto`: connections and error both, where
            every trial has one λ and so is one network a seed.
        pruning: train the first seed of a batch alone, and the others only of trials that are no
            worse by it than the median.
        markers: how many λ a trial trains, evenly on a log scale over its range.
        l1_weight: bounds of λ; the range of a trial begins below their middle and ends above it.
            Default: 0.001 to 3 with the scales `equal` and `standard`, else 0.00001 to 0.1.
        pruned_share: bounds of λ where it is the share of the weights that is pruned.
        l1_threshold: bounds of θ.
        hidden_weight: bounds of η.
        hidden_threshold: bounds of τ.
        sparsity: bounds of ρ.
        storage: where Optuna keeps the state, as SQLAlchemy writes addresses; no part of the study.
    """

    trials: Count = 50
    batch: Count = 10
    sampler: Literal["tpe", "cmaes", "gp", "nsga2", "nsga3", "qmc", "random"] = "tpe"
    seed: Seed = 0
    seeds: Seeds | None = None
    objective: Literal["hypervolume_gap", "area_marker", "area_axis", "pareto"] = "hypervolume_gap"
    pruning: bool = False
    markers: Count = 5
    l1_weight: Bounds = Bounds(low=0.00001, high=0.1)
    pruned_share: Shares = Shares(low=0.2, high=0.98)
    l1_threshold: Bounds = Bounds(low=0.05, high=3.0)
    hidden_weight: Bounds = Bounds(low=0.0001, high=2.0)
    hidden_threshold: Bounds = Bounds(low=0.03, high=0.8)
    sparsity: Shares = Shares(low=0.03, high=0.8)
    # It may hold a password, which must not reach the project file that is tracked.
    storage: Annotated[Address, Field(exclude=True)] = Address("sqlite:///search.db")

    @model_validator(mode="before")
    @classmethod
    def _one_end(cls, fields: Any) -> Any:
        """Bounds of which one end is given keep the other one's default."""
        if not isinstance(fields, dict):
            return fields
        merged = dict(fields)
        for name, field in cls.model_fields.items():
            if isinstance(field.default, Bounds) and isinstance(fields.get(name), dict):
                merged[name] = {**field.default.model_dump(), **fields[name]}
        return merged

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        found: list[tuple[Location, str]] = []
        if self.objective == "pareto":
            if self.pruning:
                found.append((("pruning",), "must be false with the objective pareto"))
            if self.sampler == "cmaes":
                text = "must be another one with the objective pareto: cmaes minimises one measure"
                found.append((("sampler",), text))
        elif self.markers == 1:
            text = f"must be at least 2 with the objective {self.objective}, got 1"
            found.append((("markers",), text))
        if self.pruning and self.seeds is not None and len(self.seeds) == 1:
            found.append((("pruning",), "needs at least two seeds in search.seeds"))
        if found:
            raise invalid_fields(found)
        return self

    def networks(self, groups: int, training: tuple[int, ...]) -> int:
        """How many networks a batch of trials of so many groups has, with the study's seeds."""
        markers = 1 if self.objective == "pareto" else self.markers
        return groups * min(self.batch, self.trials) * markers * len(self.seeds_beside(training))

    def seeds_beside(self, training: tuple[int, ...]) -> tuple[int, ...]:
        """The seeds of a trial's networks: none of those that the groups are compared on."""
        if self.seeds is not None:
            return self.seeds
        free = (
            seed % (LARGEST_SEED + 1)
            for seed in range(max(training) + 1, max(training) + 1 + LARGEST_SEED)
        )
        chosen: list[int] = []
        while len(chosen) < SEARCH_SEEDS:
            seed = next(free)
            if seed not in training:
                chosen.append(seed)
        return tuple(chosen)
