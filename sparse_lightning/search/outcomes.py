"""What became of a trial: its networks, its indices, and the values that Optuna is told."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from sparse_lightning.comparison import NETWORKS, compare, network_points
from sparse_lightning.comparison.frames import of_group
from sparse_lightning.comparison.indices import check_corner
from sparse_lightning.data.examples import Examples
from sparse_lightning.project import Project
from sparse_lightning.search.candidates import Candidate, Floor, train_candidates_on
from sparse_lightning.training.executors import Cluster
from sparse_lightning.training.progress import Progress

Prune = Callable[[Mapping[Candidate, float]], set[Candidate]]
"""Chooses, by their scores on the first seed, the candidates that are given up."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """A trial that was trained.

    Attributes:
        candidate: what was tried.
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
        project: with the objective and the seeds.
        examples: the encoded table.
        null_error: the error with every weight 0.
        connections_total: how many connections there can be.
        floor: of the search.
        cluster: that trains; None: this process.
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
        """Train candidates, as one population without `prune`, else the first seed before.

        Args:
            candidates: what is tried.
            progress: told of every epoch.
            prune: chooses who is given up after the first seed.

        Raises:
            TrainingError: the accelerator or the precision cannot be used.
            ClusterError: the workers were lost.
            KeyboardInterrupt: the user stopped it.
        """
        seeds = self.project.search_seeds
        if prune is None:
            networks = self._train(candidates, seeds, progress)
            return [self._outcome(candidate, networks) for candidate in candidates]
        networks = self._train(candidates, seeds[:1], progress)
        first = {c: self._outcome(c, networks) for c in candidates}
        scores = {c: outcome.values[0] for c, outcome in first.items() if outcome.values}
        given_up = prune(scores)
        kept = [candidate for candidate in candidates if candidate not in given_up]
        if kept:
            rest = self._train(kept, seeds[1:], progress)
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
        compared = compare(
            network_points(mine),
            replace(NETWORKS, floor=self.floor.error, corner=corner),
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
            values = (survived["connections"].mean(), survived["squared_error"].mean())
        else:
            values = (indices[self.project.search.objective],)
        return tuple(map(float, values)) if all(map(math.isfinite, values)) else None
