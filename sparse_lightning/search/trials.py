"""The trials of a search: candidates, trained many at a time as one population, and scored."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sparse_lightning.comparison import NETWORKS, compare, network_points
from sparse_lightning.comparison.axes import VALIDATION
from sparse_lightning.comparison.indices import check_corner
from sparse_lightning.comparison.markers import of_group
from sparse_lightning.data.examples import Examples
from sparse_lightning.errors import TrainingError
from sparse_lightning.project import Group, Project
from sparse_lightning.regularizers.replica import FLOOR
from sparse_lightning.training import TrainedPopulation, replicas_of, train
from sparse_lightning.training.executors import Cluster
from sparse_lightning.training.grid import chunks
from sparse_lightning.training.progress import Progress, SilentProgress


@dataclass(frozen=True)
class Candidate:
    """One setting of one group; its number is that of its trial in the group's study."""

    group: str
    number: int
    setting: Group

    @property
    def name(self) -> str:
        """Its name as a group among others: `sL1+sh #17`."""
        return f"{self.group} #{self.number}"


@dataclass(frozen=True)
class Floor:
    """What the unregularized networks of a search reach; the same for all of its trials.

    Attributes:
        error: the smallest error.
        settled: whether it had stopped falling.
    """

    error: float
    settled: bool
    epochs: int


def train_candidates(
    project: Project,
    examples: Examples,
    candidates: Sequence[Candidate],
    seeds: Sequence[int],
    progress: Progress,
) -> pd.DataFrame:
    """Train the networks of many candidates as one population, each candidate as a group of its
    own.

    Returns one row a network: group (the candidate's name), regularizer, strengths, seed,
    connections, squared_error, further measures, failed, failure (a `Failure`, or None). A
    `TrainingError` says that the accelerator or the precision cannot be used.
    """
    groups = {candidate.name: candidate.setting for candidate in candidates}
    trial = _trial_project(project, groups, seeds)
    # The floor is known by now.
    numbers = {replica.number for replica in replicas_of(trial) if replica.group != FLOOR}
    return _networks(train(trial, examples, progress, numbers))


def train_candidates_on(
    cluster: Cluster | None,
    project: Project,
    examples: Examples,
    candidates: Sequence[Candidate],
    seeds: Sequence[int],
    progress: Progress,
) -> pd.DataFrame:
    """As `train_candidates`, on a cluster if there is one: as many parts as it has workers. A
    `ClusterError` says that the workers were lost.
    """
    if cluster is None:
        return train_candidates(project, examples, candidates, seeds, progress)
    parts = list(chunks(len(candidates), math.ceil(len(candidates) / cluster.workers)))
    networks = sum(len(c.setting.l1_weights or (0,)) for c in candidates) * len(seeds)
    progress.start(f"{len(parts)} parts on {cluster.workers} workers", len(parts), networks)
    arguments = [(project, examples, candidates[part], seeds, SilentProgress()) for part in parts]
    return pd.concat(cluster.run(train_candidates, arguments, progress), ignore_index=True)


def train_floor(
    project: Project, examples: Examples, seeds: Sequence[int], progress: Progress
) -> Floor:
    """Train the unregularized networks of a search until their error settles; a `TrainingError`
    where all of them failed.
    """
    # A project has at least one group besides the floor.
    trial = _trial_project(project, {"L1": Group(l1_weights=(0.0,))}, seeds)
    numbers = {replica.number for replica in replicas_of(trial) if replica.group == FLOOR}
    trained = train(trial, examples, progress, numbers)
    errors = _networks(trained)[_error_of(examples)].dropna().tolist()
    if not errors:
        raise TrainingError(
            "every unregularized network of the search failed, so there is no floor; try another "
            "training.learning_rate"
        )
    epochs = max(history.epochs for history in trained.histories)
    return Floor(min(errors), trained.floor_settled, epochs)


def _error_of(examples: Examples) -> str:
    """The measure that chooses: the error on validation rows where there are some."""
    rows = VALIDATION if examples.part("validation") is not None else ""
    return f"{rows}{NETWORKS.y}"


def _trial_project(project: Project, groups: dict[str, Group], seeds: Sequence[int]) -> Project:
    """The project with other groups and seeds, and without what only whole studies need."""
    fields = project.model_dump()
    fields["training"]["seeds"] = tuple(seeds)
    # An index is made of validation or training rows; a cross-validation would not count.
    fields["evaluation"]["folds"] = 0
    fields["regularizers"]["groups"] = groups
    fields["report"]["structures"] = {}
    fields["search"] = {}
    return Project(**fields)


def _networks(trained: TrainedPopulation) -> pd.DataFrame:
    rows = []
    for number, replica in enumerate(trained.replicas):
        rows.append(
            {
                "group": replica.group,
                "regularizer": replica.regularizer,
                **dict.fromkeys(("l1_threshold", "hidden_weight"), np.nan),
                **dict.fromkeys(("hidden_threshold", "sparsity"), np.nan),
                "l1_weight": 0.0,
                **replica.strengths,
                "seed": replica.seed,
                "connections": trained.connections[number],
                "squared_error": trained.squared_error[number],
                **{name: float(values[number]) for name, values in trained.metrics.items()},
                "failed": trained.failures[number] is not None,
                "failure": trained.failures[number],
            }
        )
    return pd.DataFrame(rows)


Prune = Callable[[Mapping[Candidate, float]], set[Candidate]]
"""Chooses, by their scores on the first seed, the candidates that are given up."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """A trial that was trained.

    Attributes:
        networks: one row a network.
        indices: the indices by name, with their ends `_low` and `_high`; NaN where there is none.
        values: what is minimised; None where no network survived.
        pruned: whether it was given up after the first seed.
    """

    candidate: Candidate
    networks: pd.DataFrame
    indices: Mapping[str, float]
    values: tuple[float, ...] | None
    pruned: bool = False

    @property
    def failed(self) -> int:
        """How many of the networks failed."""
        return sum(self.networks["failed"].tolist())


@dataclass(frozen=True)
class Trainer:
    """Trains candidates and scores them; the same candidates have the same outcomes in any batch.

    Attributes:
        null_error: the error with every weight 0, on the rows that choose.
        connections_total: the number of possible connections.
        cluster: whose workers train; None: this process.
    """

    project: Project
    examples: Examples
    null_error: float
    connections_total: float
    floor: Floor
    cluster: Cluster | None = None

    def __post_init__(self) -> None:
        check_corner("search", self.floor.error, self.null_error, self.connections_total)

    def __call__(
        self, candidates: Sequence[Candidate], progress: Progress, prune: Prune | None = None
    ) -> list[Outcome]:
        """Train candidates, as one population without `prune`, else the first seed before. `prune`
        chooses who is given up after the first seed. Raises as `train_candidates_on`.
        """
        seeds = self.project.search_seeds
        if prune is None:
            networks = self._train(candidates, seeds, progress)
            return [self._outcome(candidate, networks) for candidate in candidates]
        networks = self._train(candidates, seeds[:1], progress)
        first = {c: self._outcome(c, networks) for c in candidates}
        scores = {c: outcome.values[0] for c, outcome in first.items() if outcome.values}
        given_up = prune(scores)
        going_on = [candidate for candidate in candidates if candidate not in given_up]
        if going_on:
            rest = self._train(going_on, seeds[1:], progress)
            networks = pd.concat([networks, rest], ignore_index=True)
        return [
            self._outcome(candidate, networks, pruned=candidate in given_up)
            for candidate in candidates
        ]

    def _train(
        self, candidates: Sequence[Candidate], seeds: Sequence[int], progress: Progress
    ) -> pd.DataFrame:
        return train_candidates_on(
            self.cluster, self.project, self.examples, candidates, seeds, progress
        )

    def _outcome(
        self, candidate: Candidate, networks: pd.DataFrame, pruned: bool = False
    ) -> Outcome:
        mine = of_group(networks, candidate.name)
        settings = self.project.report
        corner = (self.connections_total, self.null_error)
        axes = replace(NETWORKS, y=_error_of(self.examples), floor=self.floor.error, corner=corner)
        compared = compare(
            network_points(mine, axes),
            axes,
            resamples=settings.bootstrap,
            confidence=settings.confidence,
        )
        row = compared.indices.set_index("group").loc[candidate.name]
        indices = row.drop(["failed", "points"]).to_dict()
        values = self._values(mine, indices)
        return Outcome(candidate, mine, indices, values, pruned)

    def _values(
        self, networks: pd.DataFrame, indices: Mapping[str, float]
    ) -> tuple[float, ...] | None:
        if self.project.search.objective == "pareto":
            survived = networks.loc[~networks["failed"]]
            values = (survived["connections"].mean(), survived[_error_of(self.examples)].mean())
        else:
            values = (indices[self.project.search.objective],)
        return tuple(map(float, values)) if all(map(math.isfinite, values)) else None
