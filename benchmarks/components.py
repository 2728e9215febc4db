"""Sparse principal components by back-propagation against scikit-learn's SparsePCA.

    python benchmarks/components.py [--epochs 120] [--seeds 3]

On the CTG table (21 standardised columns, 10 components). Each decoder trains all its groups and
penalty weights as one population. Everything is measured alike: components at unit length, in the
order of what they add, loadings that count where |v| > 0.01, and the missing hypervolume of
(mean loadings, 1 − contribution ratio) for the first 1 … 10 components; a marker is the mean over
the seeds. Prints one JSON line; seconds a setting are those of one network of the population and of
the median fit of SparsePCA, whose small alphas take longest.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from sparse_lightning.comparison import hypervolume_gap
from sparse_lightning.data.catalog import load_table
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.nn.components import (
    by_contribution,
    contribution_ratios,
    covariance_of,
    exact_components,
    mean_loadings,
    sparse_pca,
    unit_loadings,
)
from sparse_lightning.nn.population import Optimization
from sparse_lightning.nn.principal_components import Decoder, PrincipalComponents
from sparse_lightning.project import Project
from sparse_lightning.regularizers.groups import regularizers_for, training_order
from sparse_lightning.regularizers.replica import FLOOR, Replica
from sparse_lightning.training.fitting import fit

COMPONENTS = 10
BATCH = 64
# As many as there are penalty weights, and from dense to sparse as they are.
ALPHAS = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 3.5, 5, 7, 10, 14, 20, 30)
WEIGHTS = (0.003, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0, 3.5)
THRESHOLDS = {"tied": 0.2, "span": 0.6}
# Of ten random settings for each hidden penalty, the best mean gap on two other seeds.
HIDDEN: dict[str, dict[str, dict[str, float]]] = {
    "tied": {
        "L1": {},
        "sL1": {},
        "sL1+sh": {"hidden_weight": 0.68, "hidden_threshold": 0.035},
        "sL1+sh2": {"hidden_weight": 0.18, "hidden_threshold": 0.46},
        "sL1+KL": {"hidden_weight": 0.092, "sparsity": 0.091},
        "sL1+decs": {"hidden_weight": 0.022},
    },
    "span": {
        "L1": {},
        "sL1": {},
        "sL1+sh": {"hidden_weight": 0.13, "hidden_threshold": 0.093},
        "sL1+sh2": {"hidden_weight": 1.2, "hidden_threshold": 0.13},
        "sL1+KL": {"hidden_weight": 0.0019, "sparsity": 0.46},
        "sL1+decs": {"hidden_weight": 0.0022},
    },
}

Markers = tuple[np.ndarray, np.ndarray]


def markers(loadings: torch.Tensor, covariance: torch.Tensor) -> Markers:
    """Mean loadings and contribution ratios of the first n components, `(replica, component)`."""
    ordered = by_contribution(unit_loadings(loadings), covariance)
    return mean_loadings(ordered).numpy(), contribution_ratios(ordered, covariance).numpy()


def grid(decoder: Decoder, seeds: int) -> list[Replica]:
    """The unregularized networks, then every group at every penalty weight."""
    settings: list[tuple[str, dict[str, float]]] = [(FLOOR, {})]
    for group, hidden in HIDDEN[decoder].items():
        threshold = {} if group == "L1" else {"l1_threshold": THRESHOLDS[decoder]}
        settings += [(group, {"l1_weight": w, **threshold, **hidden}) for w in WEIGHTS]
    cells = [(*setting, seed) for setting in settings for seed in range(1, seeds + 1)]
    return [Replica(n, group, group, seed, **s) for n, (group, s, seed) in enumerate(cells)]


def trained(
    rows: torch.Tensor, covariance: torch.Tensor, decoder: Decoder, seeds: int, epochs: int
) -> tuple[dict[str, Markers], float]:
    """The markers of each group, and the seconds of training."""
    replicas = training_order(grid(decoder, seeds))
    project = Project(table={"source": "ctg", "scale": "standard"}, network={"units": [COMPONENTS]})
    began = time.perf_counter()
    module = PrincipalComponents.initialise(
        covariance,
        COMPONENTS,
        [replica.seed for replica in replicas],
        Optimization(epochs=epochs),
        decoder=decoder,
    )
    fit(module, rows, project, regularizers_for(replicas), BATCH)
    seconds = time.perf_counter() - began
    x, y = markers(module.loadings, covariance)
    found = {}
    for group in (FLOOR, *HIDDEN[decoder]):
        places = [n for n, replica in enumerate(replicas) if replica.group == group]
        shape = (-1, seeds, COMPONENTS)
        found[group] = x[places].reshape(shape).mean(1), y[places].reshape(shape).mean(1)
    return found, seconds


def gaps(found: Markers, exact: np.ndarray, inputs: int) -> list[float]:
    """The missing hypervolume for the first 1, 2, … components."""
    x, y = found
    return [
        round(
            hypervolume_gap(
                x[:, n], 1 - y[:, n], floor=1 - exact[n], null_error=1, connections_total=inputs
            ),
            4,
        )
        for n in range(COMPONENTS)
    ]


def curve(found: Markers) -> list[tuple[float, float]]:
    """The markers of all components together."""
    return [
        (round(a, 2), round(b, 4)) for a, b in zip(found[0][:, -1], found[1][:, -1], strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=120)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()

    project = Project(table={"source": "ctg", "scale": "standard"}, network={"units": [COMPONENTS]})
    frame = load_table(project.table, Path()).frame
    rows = torch.from_numpy(Encoding.fit(frame, "standard").transform(frame))
    covariance = covariance_of(rows)
    inputs = rows.shape[1]
    exact = markers(exact_components(covariance, COMPONENTS), covariance)

    found, seconds_each = [], []
    for alpha in ALPHAS:
        began = time.perf_counter()
        found.append(sparse_pca(rows, COMPONENTS, [alpha]))
        seconds_each.append(time.perf_counter() - began)
    reference = markers(torch.cat(found), covariance)
    result = {
        "benchmark": "components",
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "exact": [round(v, 4) for v in (exact[0][0, -1], exact[1][0, -1])],
        "SparsePCA": {
            "seconds_a_setting": round(statistics.median(seconds_each), 3),
            "curve": curve(reference),
            "hypervolume_gap": gaps(reference, exact[1][0], inputs),
        },
    }
    for decoder in ("tied", "span"):
        groups, seconds = trained(rows, covariance, decoder, options.seeds, options.epochs)
        result[decoder] = {
            "seconds": round(seconds, 1),
            "seconds_a_setting": round(seconds / len(grid(decoder, options.seeds)), 3),
            "none": curve(groups.pop(FLOOR))[0],
            "curve": {group: curve(found) for group, found in groups.items()},
            "hypervolume_gap": {
                group: gaps(found, exact[1][0], inputs) for group, found in groups.items()
            },
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
