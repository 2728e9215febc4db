"""What a search has found: each group's best setting and its score."""

from dataclasses import dataclass, replace

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from sparse_lightning.comparison import hypervolume_gap
from sparse_lightning.project import Group, Project
from sparse_lightning.search.group_study import FAILED_NETWORKS, INDICES, NETWORKS, GroupStudy


@dataclass(frozen=True)
class Found:
    """The best of one group.

    Attributes:
        trials: how many trials it had, the failed ones included.
        best: numbers of the best trials: one, or with the objective `pareto` those of the front;
            none where every trial failed.
        settings: what these trials tried.
        score: the objective of the best trial, or the hypervolume gap of the front; NaN where every
            trial failed.
        low: lower end of the score's interval over the seeds of the search; NaN for a front.
        high: its upper end.
        networks: how many networks its trials trained.
        failed: how many of these failed.
    """

    group: str
    trials: int
    best: tuple[int, ...]
    settings: tuple[Group, ...]
    score: float
    low: float = np.nan
    high: float = np.nan
    networks: int = 0
    failed: int = 0


@dataclass(frozen=True)
class SearchResult:
    """A search that has spent its budget.

    Attributes:
        groups: the best of each group, in the order of the project.
        run_id: the search's MLflow run; None where nothing was left to train or to write.
        trained: how many trials this call has trained.
        unfinished: how many trials other processes still have in hand.
    """

    project: Project
    groups: tuple[Found, ...]
    run_id: str | None
    trained: int
    unfinished: int


def found_by(
    study: GroupStudy, objective: str, null_error: float, connections_total: float
) -> Found:
    """The best of a group's study. `null_error` is the error with every weight 0,
    `connections_total` the number of possible connections.
    """
    trials = study.trials
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    networks, failed = (
        sum(trial.user_attrs.get(name, 0) for trial in trials)
        for name in (NETWORKS, FAILED_NETWORKS)
    )
    counts = {"networks": networks, "failed": failed}
    if not complete or study.floor is None:
        return Found(study.group, len(trials), (), (), np.nan, **counts)
    if objective != "pareto":
        # Of equals the first, so that the answer does not depend on the storage's order.
        best = min(complete, key=lambda trial: (trial.values[0], trial.number))
        return replace(_found(study, len(trials), [best], objective), **counts)
    front = sorted(study.study.best_trials, key=lambda trial: trial.values[0])
    x, y = np.array([trial.values for trial in front]).T
    gap = hypervolume_gap(
        x,
        y,
        floor=study.floor.error,
        null_error=null_error,
        connections_total=connections_total,
    )
    return replace(_found(study, len(trials), front, None, gap), **counts)


def _found(
    study: GroupStudy,
    trials: int,
    best: list[FrozenTrial],
    index: str | None,
    score: float | None = None,
) -> Found:
    indices = best[0].user_attrs.get(INDICES, {}) if index else {}
    return Found(
        study.group,
        trials,
        tuple(trial.number for trial in best),
        tuple(study.candidate(trial).setting for trial in best),
        best[0].values[0] if score is None else score,
        indices.get(f"{index}_low", np.nan),
        indices.get(f"{index}_high", np.nan),
    )
