"""Candidates: settings that are tried. Many of them are trained as one population."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

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
    """One setting of one group.

    Attributes:
        group: whose it is.
        number: of its trial in the group's study.
        setting: the strengths and thresholds.
    """

    group: str
    number: int
    setting: Group

    @property
    def name(self) -> str:
        """What it is called as a group among others: `sL1+sh #17`."""
        return f"{self.group} #{self.number}"


@dataclass(frozen=True)
class Floor:
    """What the unregularized networks of a search reach; the same for all of its trials.

    Attributes:
        error: the smallest error.
        settled: whether it had stopped falling.
        epochs: how long they were trained.
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
    """Train the networks of many candidates as one population.

    Args:
        project: how they are trained.
        examples: the encoded table.
        candidates: each becomes a group of its own.
        seeds: of the networks.
        progress: told of every epoch.

    Returns:
        One row a network: group (the candidate's name), regularizer, strengths, seed, connections,
        squared_error, further measures, failed, failure (a `Failure`, or None).

    Raises:
        TrainingError: the accelerator or the precision cannot be used.
        KeyboardInterrupt: the user stopped it.
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
    """The same on a cluster, if there is one: as many parts as it has workers.

    Args:
        cluster: that trains; None: this process.
        project: as `train_candidates` takes it, like the rest.
        examples: the encoded table.
        candidates: each becomes a group of its own.
        seeds: of the networks.
        progress: told of every epoch, or of every part.

    Raises:
        TrainingError: the accelerator or the precision cannot be used.
        ClusterError: the workers were lost.
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
    """Train the unregularized networks of a search until their error settles.

    Args:
        project: how they are trained.
        examples: the encoded table.
        seeds: of the networks.
        progress: told of every epoch.

    Raises:
        TrainingError: all of them failed, or the accelerator or precision cannot be used.
        KeyboardInterrupt: the user stopped it.
    """
    # A project has at least one group besides the floor.
    trial = _trial_project(project, {"L1": Group(l1_weights=(0.0,))}, seeds)
    numbers = {replica.number for replica in replicas_of(trial) if replica.group == FLOOR}
    trained = train(trial, examples, progress, numbers)
    errors = _networks(trained)["squared_error"].dropna().tolist()
    if not errors:
        raise TrainingError(
            "every unregularized network of the search failed, so there is no floor; try another "
            "training.learning_rate"
        )
    epochs = max(history.epochs for history in trained.histories)
    return Floor(min(errors), trained.floor_settled, epochs)


def _trial_project(project: Project, groups: dict[str, Group], seeds: Sequence[int]) -> Project:
    """The project with other groups and seeds, and without what only whole studies need."""
    fields = project.model_dump()
    fields["training"]["seeds"] = tuple(seeds)
    # An index is made of errors on training rows; a cross-validation would cost, and not count.
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
