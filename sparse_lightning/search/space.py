"""What is searched of a group, the settings that points stand for, and what trials depend on."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import FloatDistribution

from sparse_lightning.project import Bounds, Group, Project, Shares
from sparse_lightning.project.messages import flat
from sparse_lightning.regularizers.replica import STRENGTHS

LOW, HIGH = "l1_weight_low", "l1_weight_high"
"""The parameters that bound a trial's range of λ."""

DIGITS = 4
"""Significant digits of the values that are trained, so that a project file can repeat them."""


def space_of(project: Project, group: str) -> dict[str, FloatDistribution]:
    """The parameters of a group's trials, all on log scales but shares that are pruned.

    They do not depend on each other, as quasi-random sequences and evolution strategies need it:
    the lower end of the range of λ lies below the middle of its bounds, the upper end above it.
    With the objective `pareto` a trial has a single λ instead.
    """
    settings = project.search
    space: dict[str, FloatDistribution] = {}
    for strength in _taken(project, group):
        bounds = _bounds(project, group, strength)
        log = not isinstance(bounds, Shares) or strength != "l1_weight"
        if strength == "l1_weight" and settings.objective != "pareto":
            low, high = bounds.low, bounds.high
            middle = math.sqrt(low * high) if log else (low + high) / 2
            space[LOW] = FloatDistribution(low, middle, log=log)
            space[HIGH] = FloatDistribution(middle, high, log=log)
        else:
            space[strength] = FloatDistribution(bounds.low, bounds.high, log=log)
    return space


def setting_of(project: Project, group: str, point: Mapping[str, float]) -> Group:
    """The strengths and thresholds that a point stands for: a value of every parameter of
    `space_of`.
    """
    settings = project.search
    strengths: dict[str, float | tuple[float, ...]] = {}
    for strength in _taken(project, group):
        bounds = _bounds(project, group, strength)
        if strength != "l1_weight":
            strengths[strength] = _rounded(point[strength], bounds)
        elif settings.objective == "pareto":
            strengths["l1_weights"] = (_rounded(point[strength], bounds),)
        else:
            if isinstance(bounds, Shares):  # evenly on a log scale of what is left
                weights = 1 - np.geomspace(1 - point[LOW], 1 - point[HIGH], settings.markers)
            else:
                weights = np.geomspace(point[LOW], point[HIGH], settings.markers)
            rounded = [_rounded(float(weight), bounds) for weight in weights]
            # Within a narrow range several may be one to so many digits.
            strengths["l1_weights"] = tuple(dict.fromkeys(rounded))
    regularizer = project.regularizers.regularizer(group)
    return Group.model_validate({"regularizer": regularizer, **strengths})


def _bounds(project: Project, group: str, strength: str) -> Bounds:
    shares = strength == "l1_weight" and any(x.share for x in project.regularizers.terms(group))
    return getattr(project.search, "pruned_share" if shares else strength)


def _taken(project: Project, group: str) -> list[str]:
    return [strength for term in project.regularizers.terms(group) for strength in term.strengths]


def _rounded(value: float, bounds: Bounds) -> float:
    return min(max(float(f"{value:.{DIGITS}g}"), bounds.low), bounds.high)


_NOT_OF_TRIALS = {
    # Where and how many at a time networks are trained changes no result, and how many trials
    # there are none of theirs.
    "training": {"seeds", "accelerator", "chunk"},
    "search": {"trials", "batch", "seeds"},
}


def identity_of(project: Project, digest: str, group: str) -> dict[str, Any]:
    """Everything that the trials of a group depend on, by the names of project files: a search goes
    on only with the same. `digest` is that of the table.
    """
    dumped = project.model_dump(mode="json")
    search = dumped["search"]
    space = space_of(project, group)
    for strength in STRENGTHS:
        if not any(name.startswith(strength) for name in space):
            del search[strength]
    shares = any(term.share for term in project.regularizers.terms(group))
    del search["l1_weight" if shares else "pruned_share"]
    sections: dict[str, Any] = {
        "task": dumped["task"],
        "table": {**dumped["table"], "digest": digest},
        "regularizers": {
            "proximal": dumped["regularizers"]["proximal"],
            "groups": {group: {"regularizer": project.regularizers.regularizer(group)}},
        },
        "report": {"connection_threshold": dumped["report"]["connection_threshold"]},
        "evaluation": dumped["evaluation"],
        "network": dumped["network"],
    }
    for section, left_out in _NOT_OF_TRIALS.items():
        sections[section] = {
            field: value for field, value in dumped[section].items() if field not in left_out
        }
    sections["search"]["seeds"] = list(project.search_seeds)
    return flat(sections)
