"""Choose the strengths of the hidden penalties of a project file: one budget for every group.

    python projects/choose_strengths.py projects/wine_sae.yaml [--settings 12] [--seed 0]

Draws the same number of random settings for each of sh, sh2, KL and decs (η log-uniform in 1e-4…2,
τ and ρ log-uniform in 0.03…0.8), and trains all of them at the project's λ from five seeds that are
not the project's: a study of its own, tracked in the experiment NAME-strengths. Prints the setting
with the smallest `area_marker` of each group. Every group gets the same number of trials, whatever
number of strengths it has.
"""

import argparse
import json

import numpy as np

from sparse_lightning import Project, run
from sparse_lightning.training.progress import terminal_progress

SECOND_STRENGTH = {"sh": "hidden_threshold", "sh2": "hidden_threshold", "KL": "sparsity"}


def log_uniform(generator: np.random.Generator, low: float, high: float) -> float:
    """A draw to two digits, so that it can be written into a project file as it is."""
    return float(f"{np.exp(generator.uniform(np.log(low), np.log(high))):.2g}")


def trial_groups(count: int, seed: int) -> dict[str, dict]:
    """The groups that are tried, by name."""
    generator = np.random.default_rng(seed)
    groups = {}
    for symbol in ("sh", "sh2", "KL", "decs"):
        for trial in range(1, count + 1):
            group = {"regularizer": f"sL1+{symbol}"}
            group["hidden_weight"] = log_uniform(generator, 1e-4, 2)
            if symbol in SECOND_STRENGTH:
                group[SECOND_STRENGTH[symbol]] = log_uniform(generator, 0.03, 0.8)
            groups[f"sL1+{symbol} {trial}"] = group
    return groups


def main() -> None:
    """Train the trials and print those of each group, best first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project")
    parser.add_argument("--settings", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], help="as in sparse-lightning run")
    options = parser.parse_args()

    groups = {"sL1": {}, **trial_groups(options.settings, options.seed)}
    name = Project.load(options.project, options.set).name
    trial = Project.load(
        options.project,
        [
            *options.set,
            f"name={name}-strengths",
            "training.seeds=[101, 102, 103, 104, 105]",
            f"regularizers.groups={json.dumps(groups)}",
        ],
    )
    progress = terminal_progress()
    study = run(trial, progress=progress)
    progress.close()

    indices = study.indices.set_index("group")["area_marker"]
    for group in sorted(indices.index, key=lambda name: (name.split()[0], indices[name])):
        strengths = trial.regularizers.groups[group].model_dump(exclude_none=True)
        print(f"{indices[group]:.4f}  {group}  {strengths}")


if __name__ == "__main__":
    main()
