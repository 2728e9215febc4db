"""How well sparse census classifiers do on held-out rows, over several splits.

    python benchmarks/heldout.py [--splits 5]

Trains the L1 group of `projects/census_class.yaml` at five penalty weights and three seeds on each
of the splits, and prints one JSON line: for each penalty weight the mean number of connections, its
share of all, and the mean held-out accuracy; beside them logistic regression and gradient boosting
on the same rows. One split of 9031 rows says little: its accuracy scatters by about 0.4 %.
"""

import argparse
import json
from itertools import pairwise
from pathlib import Path

import pandas as pd

from sparse_lightning import Project
from sparse_lightning.data.catalog import load_table
from sparse_lightning.training import train
from sparse_lightning.training.preparing import examples_of

PROJECT = Path(__file__).parents[1] / "projects" / "census_class.yaml"
WEIGHTS = (0.0003, 0.0004, 0.0005, 0.0012, 0.0015)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=5)
    options = parser.parse_args()
    rows, references = [], []
    for split in range(options.splits):
        project = Project.load(
            PROJECT,
            [
                f"evaluation.seed={split}",
                "training.seeds=[1, 2, 3]",
                "training.floor.max_cycles=1",
                f"regularizers.groups={{L1: {{l1_weights: {list(WEIGHTS)}}}}}",
            ],
        )
        trained = train(project, examples_of(project, load_table(project.table, project.folder)))
        rows += [
            {"l1_weight": replica.l1_weight or 0.0, "connections": count, "accuracy": accuracy}
            for replica, count, accuracy in zip(
                trained.replicas,
                trained.connections,
                trained.metrics["heldout_accuracy"],
                strict=True,
            )
        ]
        references.append(
            {
                name: trained.references[f"{name}_heldout_accuracy"]
                for name in ("logistic_regression", "gradient_boosting")
            }
        )
    layers = project.layers(60, 2)
    total = sum(inputs * units for inputs, units in pairwise(layers))
    means = pd.DataFrame(rows).groupby("l1_weight").mean().reset_index()
    means["share"] = means["connections"] / total
    print(
        json.dumps(
            {
                "benchmark": "heldout",
                "splits": options.splits,
                "connections_total": total,
                "L1": means.round(4).to_dict("records"),
                **pd.DataFrame(references).mean().round(4).to_dict(),
            }
        )
    )


if __name__ == "__main__":
    main()
