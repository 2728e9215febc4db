"""How few connections predict as well as ridge regression, on scikit-learn's diabetes table.

Over several splits: of the networks the one with the fewest connections whose R² on the rows that
it was trained on is at most 0.03 below that of ridge; both judged on the held-out rows.

    python benchmarks/regressors.py --splits 8
"""

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes

from sparse_lightning import Project
from sparse_lightning.regularizers.replica import FLOOR
from sparse_lightning.training import train
from sparse_lightning.training.preparing import prepare

NEAR = 0.03
"""So much R² may be lost on the rows that are trained on."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=100)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        file = Path(folder, "diabetes.csv")
        load_diabetes(as_frame=True, scaled=False).frame.to_csv(file, index=False)
        rows = [judged(file, split, options.epochs) for split in range(options.splits)]
    found = pd.DataFrame(rows)
    print(found.round(3).to_string(index=False))
    means = found.drop(columns="split").mean()
    print(json.dumps({"benchmark": "regressors", "splits": options.splits, **means.to_dict()}))


def judged(file: Path, split: int, epochs: int) -> dict[str, float]:
    """The held-out R² of the chosen network and of the other methods, of one split."""
    project = Project(
        task="regressor",
        table={"source": str(file), "target": "target"},
        network={"units": [8], "activation": "tanh"},
        evaluation={"holdout": 0.2, "seed": split},
        training={
            "epochs": epochs,
            "seeds": [1, 2, 3],
            "accelerator": "cpu",
            "floor": {"max_cycles": 1},
        },
        regularizers={
            "l1_weights": [0.001, 0.002, 0.005, 0.0075, 0.01, 0.0125],
            "groups": {"L1": {}},
        },
    )
    trained = train(project, prepare(project).examples)
    connections, r2 = trained.connections, trained.metrics["r2"]
    regularized = np.array([replica.group != FLOOR for replica in trained.replicas])
    near = regularized & (r2 >= trained.references["ridge_r2"] - NEAR)
    chosen = min(np.flatnonzero(near), key=lambda number: (connections[number], -r2[number]))
    methods = ("ridge", "lasso", "gradient_boosting")
    return {
        "split": split,
        "connections": connections[chosen],
        "network": trained.metrics["heldout_r2"][chosen],
        **{name: trained.references[f"{name}_heldout_r2"] for name in methods},
    }


if __name__ == "__main__":
    main()
