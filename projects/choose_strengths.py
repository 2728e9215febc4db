"""Choose the strengths of the hidden penalties of a project file: one budget for every group.

    python projects/choose_strengths.py projects/wine_sae.yaml [--settings 12] [--seed 0]

Draws the same number of random settings for each of sh, sh2, KL and decs (η log-uniform in 1e-4…2,
τ and ρ log-uniform in 0.03…0.8), trains all of them at the project's λ from two seeds that are not
the project's, and prints the setting with the smallest `area_marker` of each group. Every group
gets the same number of trials, whatever number of strengths it has.
"""

import argparse

import numpy as np
import torch

from sparse_lightning import Project, area_index
from sparse_lightning.data.catalog import load_table
from sparse_lightning.training import train
from sparse_lightning.training.progress import terminal_progress

SECOND_STRENGTH = {"sh": "hidden_threshold", "sh2": "hidden_threshold", "KL": "sparsity"}


def log_uniform(generator: np.random.Generator, low: float, high: float) -> float:
    """A draw to two digits, so that it can be written into a project file as it is."""
    return float(f"{np.exp(generator.uniform(np.log(low), np.log(high))):.2g}")


def settings(count: int, seed: int) -> dict[str, dict]:
    """The groups that are tried, by name."""
    generator = np.random.default_rng(seed)
    groups = {}
    for symbol in ("sh", "sh2", "KL", "decs"):
        for trial in range(count):
            group = {"regularizer": f"sL1+{symbol}"}
            group["hidden_weight"] = log_uniform(generator, 1e-4, 2)
            if symbol in SECOND_STRENGTH:
                group[SECOND_STRENGTH[symbol]] = log_uniform(generator, 0.03, 0.8)
            groups[f"sL1+{symbol} {trial}"] = group
    return groups


def main() -> None:
    """Train the trials and print the best of each group."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project")
    parser.add_argument("--settings", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    project = Project.load(options.project)
    fields = project.model_dump(mode="json", exclude_none=True)
    fields["regularizers"]["groups"] = {"sL1": {}, **settings(options.settings, options.seed)}
    fields["training"]["seeds"] = [101, 102]
    trial = Project(**fields)
    table = load_table(project.table, project.folder)
    rows = torch.from_numpy(table.encoding.transform(table.frame))
    progress = terminal_progress()
    trained = train(trial, rows, progress)
    progress.close()

    points: dict[str, dict[float, list[tuple[float, float]]]] = {}
    for replica, x, y in zip(
        trained.replicas, trained.connections, trained.squared_error, strict=True
    ):
        points.setdefault(replica.group, {}).setdefault(replica.l1_weight or 0.0, []).append((x, y))
    floor = min(y for _, y in points.pop("none")[0.0])
    areas = {}
    for group, markers in points.items():
        x, y = np.array([np.mean(marker, axis=0) for marker in markers.values()]).T
        areas[group] = area_index(x, y, floor=floor)
    for group, area in sorted(areas.items(), key=lambda item: (item[0].split()[0], item[1])):
        strengths = trial.regularizers.groups[group].model_dump(exclude_none=True)
        print(f"{area:.4f}  {group}  {strengths}")


if __name__ == "__main__":
    main()
