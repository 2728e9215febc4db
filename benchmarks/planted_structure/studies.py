"""One study a table: trained by the public interface, read, and kept as JSON.

A record holds what every network says, so that all measures can be computed without training.
"""

import json
import math
import tempfile
import time
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import SparsePCA

import sparse_lightning as sl
from planted_structure.penalty_range import COUNT, penalty_weights
from planted_structure.scores import Reading, f1, reading_of
from planted_structure.tables import TARGET, Planted, Role
from sparse_lightning.comparison import INDICES
from sparse_lightning.interpret.mappings import SHARE
from sparse_lightning.training.preparing import prepare

GROUPS: dict[str, dict[str, Any]] = {
    "L1": {"regularizer": "L1"},
    "L1+decs": {"regularizer": "L1+decs", "hidden_weight": 0.3},
    "sL1": {"regularizer": "sL1", "l1_threshold": 1.5},
    "sL1+decs": {"regularizer": "sL1+decs", "l1_threshold": 1.5, "hidden_weight": 0.3},
    "L1+topk": {"regularizer": "L1+topk", "hidden_weight": 0.001, "sparsity": 0.5},
    "MCP": {"regularizer": "MCP", "l1_threshold": 4.0},
    "SCAD": {"regularizer": "SCAD", "l1_threshold": 1.0},
    "logsum": {"regularizer": "logsum", "l1_threshold": 1.0},
    "hoyer": {"regularizer": "hoyer"},
    "L0": {"regularizer": "L0"},
    "sL1 θ=0.1": {"regularizer": "sL1", "l1_threshold": 0.1},
    "group": {"regularizer": "group"},
    "magnitude": {
        "regularizer": "magnitude",
        "l1_weights": (1 - np.geomspace(0.5, 0.02, COUNT)).tolist(),
    },
}
"""Selective L1, MCP and log-sum know great weights by θ; great ones are of 1 to 4 here."""

SEEDS = (1, 2, 3, 4, 5)
BATCH = 64
STEPS = 2000
"""Of each network, whatever the number of rows: small tables would else be trained too little."""

READINGS = {"share": SHARE, "paths": 0.0}
"""Of how strong a path must be, as a share of the strongest, to count."""


def project_of(table: Planted, groups: Iterable[str], activation: str, scale: str) -> sl.Project:
    """The project of a table: each group at eleven values of λ and five seeds."""
    trial = settings_of(table, groups, activation, scale, [0.001])
    weights = penalty_weights(trial, prepare(trial, frame=table.frame))
    return settings_of(table, groups, activation, scale, weights)


def settings_of(
    table: Planted, groups: Iterable[str], activation: str, scale: str, weights: list[float]
) -> sl.Project:
    """The project of a table with these values of λ."""
    variant = table.variant
    epochs = math.ceil(STEPS / math.ceil(0.8 * variant.rows / BATCH))
    groups = list(groups)
    stack = variant.task == "sae" and len(variant.units) > 1
    target = {"sae": None, "classifier": TARGET, "regressor": [TARGET]}[variant.task]
    return sl.Project(
        name="planted",
        task=variant.task,
        table={"scale": scale, "target": target},
        network={"units": variant.units, "activation": activation},
        evaluation={"validation": 0.2, "test": 0},
        training={
            "epochs": epochs,
            "batch_size": BATCH,
            "seeds": SEEDS,
            "accelerator": "cpu",
            "floor": {"max_cycles": 2},
            "resample": False,
            "refit": False,
            **({"fine_tune_epochs": epochs} if stack else {}),
        },
        regularizers={"l1_weights": weights, "groups": {name: GROUPS[name] for name in groups}},
        report={"structures": {"groups": groups[:1]}},  # nobody looks at the report
    )


def record_of(
    table: Planted, role: Role, groups: Iterable[str], activation: str, scale: str
) -> dict[str, Any]:
    """Train a table's networks, and what they say, as JSON holds it."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # small tables have much to warn of
        project = project_of(table, groups, activation, scale)
        store, report = f"sqlite:///{folder}/mlflow.db", Path(folder, "report")
        study = sl.run(project, store, report, table=table.frame)
        record = {
            "table": table.name,
            "role": role,
            "task": table.variant.task,
            "activation": activation,
            "scale": scale,
            "columns": list(table.columns),
            "truth": sets_of(table.truth),
            "epochs": project.training.epochs,
            "steps": STEPS,
            "floor": study.comparison.floor,
            "corner": list(study.comparison.corner),
            "groups": {name: _group(study, name, table) for name in groups},
        }
    return record | {"seconds": time.perf_counter() - began}


def _group(study: sl.Study, group: str, table: Planted) -> dict[str, Any]:
    return {"indices": indices_of(study, group), "networks": networks_of(study, group, table)}


def indices_of(study: sl.Study, group: str) -> dict[str, float]:
    """All indices of a group."""
    indices = study.indices.set_index("group").loc[group]
    return {name: float(indices[name]) for name in INDICES}


def networks_of(
    study: sl.Study, group: str, table: Planted, measures: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """What each network of a group says, with its size and error, and further `measures` of it."""
    rows = study.networks.loc[~study.networks["failed"]].set_index("run_id")
    found = []
    for network in study.networks_at(group):
        row = rows.loc[network.run_id]
        found.append(
            {
                "l1_weight": float(row["l1_weight"]),
                "seed": int(row["seed"]),
                "connections": int(row["connections"]),
                "error": float(row[study.axes.y]),
                **{name: float(row[name]) for name in measures},
                **{
                    name: sets_of(reading_of(network, table.columns, share))
                    for name, share in READINGS.items()
                },
            }
        )
    return found


def sets_of(reading: Reading) -> list[list[int]]:
    """The places of the columns of each code."""
    return [np.flatnonzero(code).tolist() for code in reading]


def reading_from(sets: list[list[int]], columns: int) -> Reading:
    """The reading whose codes hold columns at these places."""
    return np.array([[place in code for place in range(columns)] for code in sets], dtype=bool)


def sparse_pca_f1(table: Planted) -> float:
    """The F1 of scikit-learn's SparsePCA at its best α, given the true number of factors.

    A column belongs to a component where one of its inputs has a loading beyond 0.01.
    """
    project = sl.Project(table={"scale": "standard"}, network={"units": [8]})
    prepared = prepare(project, frame=table.frame)
    rows = prepared.examples.inputs.double().numpy()
    scores = []
    for alpha in np.geomspace(0.1, 20, COUNT):
        fitted = SparsePCA(len(table.truth), alpha=alpha, max_iter=200, random_state=0).fit(rows)
        places = dict(prepared.table.encoding.groups)
        large = np.abs(fitted.components_) > 0.01
        reading = np.stack([large[:, places[name]].any(axis=1) for name in table.columns], axis=1)
        scores.append(f1(reading, table.truth))
    return max(scores)


class Records:
    """The records in a folder, one file a table, activation and scale."""

    def __init__(self, folder: Path):
        self.folder = folder

    def file(self, role: str, table: str, activation: str, scale: str) -> Path:
        """Where a record is kept."""
        name = f"{role} {table} {activation} {scale}".replace(" ", "-").replace(",", "")
        return self.folder / f"{name}.json"

    def complete(
        self,
        table: Planted,
        role: Role,
        groups: Iterable[str],
        activation: str,
        scale: str,
        reference: bool,
    ) -> dict[str, Any]:
        """The record with all of these groups, and with the reference; what it lacks is made."""
        file = self.file(role, table.name, activation, scale)
        record = json.loads(file.read_text()) if file.exists() else {"groups": {}, "seconds": 0.0}
        missing = [group for group in groups if group not in record["groups"]]
        if missing:
            found = record_of(table, role, missing, activation, scale)
            found["groups"] = record["groups"] | found["groups"]
            found["seconds"] += record["seconds"]
            record |= found
        if reference and table.variant.task == "sae" and "sparse_pca" not in record:
            record["sparse_pca"] = sparse_pca_f1(table)
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(record) + "\n")
        partial.replace(file)
        return record

    def all(self, **wanted: str) -> list[dict[str, Any]]:
        """The records with these fields, in the order of their names."""
        found = [json.loads(file.read_text()) for file in sorted(self.folder.glob("*.json"))]
        return [one for one in found if all(one[name] == value for name, value in wanted.items())]
