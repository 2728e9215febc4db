"""What the scripts that choose settings at random share: the draws, and the study of all trials."""

import argparse
import json
from collections.abc import Sequence

import numpy as np

from sparse_lightning import Project, Study, run
from sparse_lightning.training.progress import terminal_progress

HIDDEN_TERMS = ("sh", "sh2", "KL", "decs")

SECOND_STRENGTH = {"sh": "hidden_threshold", "sh2": "hidden_threshold", "KL": "sparsity"}


def log_uniform(generator: np.random.Generator, low: float, high: float) -> float:
    """A draw to two digits, so that it can be written into a project file as it is."""
    return two_digits(np.exp(generator.uniform(np.log(low), np.log(high))))


def two_digits(value: float) -> float:
    """The value as a project file has it."""
    return float(f"{value:.2g}")


def hidden_strengths(generator: np.random.Generator, symbol: str) -> dict[str, float]:
    """Strengths of a hidden penalty: η log-uniform in 1e-4…2, τ or ρ in 0.03…0.8."""
    strengths = {"hidden_weight": log_uniform(generator, 1e-4, 2)}
    if symbol in SECOND_STRENGTH:
        strengths[SECOND_STRENGTH[symbol]] = log_uniform(generator, 0.03, 0.8)
    return strengths


def options_of(description: str) -> argparse.Namespace:
    """The options that every script takes: project, settings, seed and overrides (`set`)."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("project")
    parser.add_argument("--settings", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], help="as in sparse-lightning run")
    return parser.parse_args()


def train_trials(
    options: argparse.Namespace,
    suffix: str,
    groups: dict[str, dict],
    seeds: Sequence[int],
    overrides: Sequence[str] = (),
) -> Study:
    """Train all trials of a project as one tracked study, NAME-SUFFIX.

    Args:
        options: as `options_of` gives them; what they set prevails.
        suffix: of the study's name.
        groups: the trials by name, as a project file has its groups.
        seeds: that they are trained from, so that the project's own seeds judge what is chosen.
        overrides: further fields to set.
    """
    name = Project.load(options.project, options.set).name
    trials = Project.load(
        options.project,
        [
            f"training.seeds={list(seeds)}",
            *overrides,
            *options.set,
            f"name={json.dumps(f'{name}-{suffix}')}",
            f"regularizers.groups={json.dumps(groups)}",
        ],
    )
    progress = terminal_progress()
    try:
        return run(trials, progress=progress)
    finally:
        progress.close()


def best_first(study: Study, index: str) -> dict[str, list[tuple[float, str]]]:
    """By group the trials as (index, trial), best first; the trials of a group are `GROUP NUMBER`.

    A trial without an index, because all its networks failed, comes last.
    """
    values = study.indices.set_index("group")[index]
    found: dict[str, list[tuple[float, str]]] = {}
    for trial in study.project.regularizers.groups:
        found.setdefault(trial.split()[0], []).append((float(values[trial]), trial))
    return {
        group: sorted(trials, key=lambda trial: (np.isnan(trial[0]), trial[0]))
        for group, trials in found.items()
    }
