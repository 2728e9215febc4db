"""Choose the range of λ, and all other strengths, of every group: one budget for every group.

    python projects/choose_ranges.py projects/wine_sae.yaml [--settings 12] [--seed 0]

Draws the same number of random settings for each of the six groups. A setting is a range of λ, five
values with equal ratios (the lowest log-uniform in 2e-5…1e-3, the highest 5…300 times as much, also
log-uniform, at most 0.1; of the task pca all times 1000, as projects/ctg_pca.yaml explains), θ
log-uniform in 0.05…3, and the strengths of the hidden penalty as in choose_strengths.py. The groups
take the same ranges and θ in turn: none wins because its draw was the luckier one. All settings
are trained from two seeds that are not the project's, as one study NAME-ranges.

Prints the settings of each group by `hypervolume_gap`, which curves over different ranges do not
fool, smallest first, and the best of each group as a project file has them.
"""

import numpy as np
from random_settings import (
    HIDDEN_TERMS,
    best_first,
    hidden_strengths,
    log_uniform,
    options_of,
    train_trials,
    two_digits,
)

from sparse_lightning import Project

SCALE = {"pca": 1000.0}
"""What λ is multiplied by for a task."""


def weight_range(generator: np.random.Generator, scale: float = 1.0) -> list[float]:
    """Five values of λ with equal ratios."""
    low = log_uniform(generator, 2e-5, 1e-3)
    high = min(low * log_uniform(generator, 5, 300), 0.1)
    return [two_digits(scale * weight) for weight in np.geomspace(low, high, 5)]


def trial_groups(count: int, seed: int, scale: float = 1.0) -> dict[str, dict]:
    """The groups that are tried, by name; the first of many trials are those of a few."""
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(count):
        weights = {"l1_weights": weight_range(generator, scale)}
        selective = {**weights, "l1_threshold": log_uniform(generator, 0.05, 3)}
        hidden = {
            f"sL1+{symbol}": {**selective, **hidden_strengths(generator, symbol)}
            for symbol in HIDDEN_TERMS
        }
        drawn.append({"L1": weights, "sL1": selective, **hidden})
    return {
        f"{group} {trial}": {"regularizer": group, **settings[group]}
        for group in drawn[0]
        for trial, settings in enumerate(drawn, start=1)
    }


def written(value: float | list[float]) -> str:
    """A strength without an exponent, which YAML would take for text."""
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return np.format_float_positional(value, trim="-")


def as_project_file(groups: dict[str, dict]) -> str:
    """The section of a project file that holds these groups."""
    lines = ["regularizers:", "  groups:"]
    for group, strengths in groups.items():
        lines.append(f"    {group}:")
        lines += [f"      {field}: {written(value)}" for field, value in strengths.items()]
    return "\n".join(lines)


def main() -> None:
    """Train the trials and print those of each group, best first, and the best of all groups."""
    options = options_of(__doc__)
    scale = SCALE.get(Project.load(options.project, options.set).task, 1.0)
    groups = trial_groups(options.settings, options.seed, scale)
    # The intervals of so many trials from so few seeds are of no use, and take long to draw.
    overrides = ["report.index=hypervolume_gap", "report.bootstrap=20"]
    study = train_trials(options, "ranges", groups, [101, 102], overrides)
    chosen = {}
    for group, trials in best_first(study, "hypervolume_gap").items():
        for value, trial in trials:
            strengths = {name: v for name, v in groups[trial].items() if name != "regularizer"}
            print(f"{value:.4f}  {trial}  {strengths}")
            chosen.setdefault(group, strengths)
    print(as_project_file(chosen))


if __name__ == "__main__":
    main()
