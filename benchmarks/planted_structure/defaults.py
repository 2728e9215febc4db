"""Studies as a user gets them: all settings at their defaults, now and as they were before.

A record holds what every network says, and what the study itself recommends and finds at the knee
of each group, so that all measures can be computed without training.
"""

import json
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import sparse_lightning as sl
from planted_structure.studies import indices_of, networks_of, sets_of, sparse_pca_f1
from planted_structure.tables import TARGET, VARIANTS, Planted, Role
from sparse_lightning.comparison.knees import curves, knees, medoid
from sparse_lightning.comparison.markers import records
from sparse_lightning.comparison.recommendation import Recommendation, recommend

Kind = Literal["defaults", "strengths", "before"]
"""All defaults; the same with more groups, whose strengths are compared; the earlier defaults."""

STRENGTHS: dict[str, dict[str, Any]] = {
    "L1": {},
    **{f"sL1 θ={θ:g}": {"regularizer": "sL1", "l1_threshold": θ} for θ in (1.0, 1.5, 2.5)},
    **{f"MCP θ={θ:g}": {"regularizer": "MCP", "l1_threshold": θ} for θ in (2.0, 4.0)},
    **{f"logsum θ={θ:g}": {"regularizer": "logsum", "l1_threshold": θ} for θ in (0.5, 1.0, 2.0)},
    **{f"L1+decs η={η:g}": {"regularizer": "L1+decs", "hidden_weight": η} for η in (0.1, 0.3, 1.0)},
}
"""The default groups, and others of their kind."""

DEFAULT_GROUPS = ("L1", "sL1 θ=1.5", "MCP θ=4", "logsum θ=1")
"""Those of the strengths that are the default groups."""

BEFORE: dict[str, Any] = {
    "training": {"epochs": 150, "resample": False, "refit": False},
    "regularizers": {
        "l1_weights": [0.00005, 0.0001, 0.0002, 0.0005, 0.001],
        "groups": "published",
    },
}
"""The defaults before there were paths of λ; with them columns were scaled to [0, 1], and units
were sigmoid. The networks of the report were those of the middle λ and the first seed."""


def project_of(table: Planted, kind: Kind) -> sl.Project:
    """The project of a table; what it does not name is at its default."""
    variant = table.variant
    target = {"sae": None, "classifier": TARGET, "regressor": [TARGET]}[variant.task]
    project: dict[str, Any] = {
        "name": "planted",
        "task": variant.task,
        "table": {"target": target},
        "network": {"units": variant.units},
        "training": {"accelerator": "cpu"},
    }
    if kind == "strengths":
        project["regularizers"] = {"groups": STRENGTHS}
    if kind == "before":
        project["table"] |= {"scale": "minmax"}
        project["network"] |= {"activation": "sigmoid"}
        project["training"] |= BEFORE["training"]
        project["regularizers"] = BEFORE["regularizers"]
    return sl.Project(**project)


def record_of(table: Planted, role: Role, kind: Kind) -> dict[str, Any]:
    """Train a table's networks, and what they say, as JSON holds it."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # small tables have much to warn of
        store, report = f"sqlite:///{folder}/mlflow.db", Path(folder, "report")
        study = sl.run(project_of(table, kind), store, report, table=table.frame)
        return {
            "kind": kind,
            "table": table.name,
            "role": role,
            "task": table.variant.task,
            "rows": len(table.frame),
            "units": list(table.variant.units),
            "columns": list(table.columns),
            "truth": sets_of(table.truth),
            "epochs": study.project.training.epochs,
            "floor": study.comparison.floor,
            "corner": list(study.comparison.corner),
            "recommended": _recommended(study),
            "groups": {group: _group(study, group, table) for group in study.indices["group"]},
            "seconds": time.perf_counter() - began,
        }


def _recommended(study: sl.Study) -> dict[str, Any] | None:
    found = recommend(study.comparison)
    if not isinstance(found, Recommendation):
        return None
    return {
        "group": found.group,
        "l1_weight": found.settings["l1_weight"],
        "seed": int(found.seed),
        "agreement": found.agreement,
        "connections": found.x,
        "explained": found.explained,
    }


def _group(study: sl.Study, group: str, table: Planted) -> dict[str, Any]:
    return {
        "indices": indices_of(study, group),
        "knee": _knee(study, group),
        "networks": networks_of(study, group, table, ("agreement", "agreement_paths")),
    }


def _knee(study: sl.Study, group: str) -> Mapping[str, Any] | None:
    """λ at the study's knee of a group, how far its seeds agree, and the seed of its medoid."""
    found = knees(curves(study.comparison))
    (row,) = records(found.loc[found["group"] == group]) or [None]
    if row is None:
        return None
    network = medoid(study.comparison, group, row["marker"])
    assert network is not None, "a usable marker has a usable network"
    return {
        "l1_weight": study.comparison.points.settings[row["marker"]]["l1_weight"],
        "agreement": float(row["agreement"]),
        "seed": int(network["replicate"]),
    }


class DefaultRecords:
    """The records in a folder, one file a table and kind."""

    def __init__(self, folder: Path):
        self.folder = folder

    def complete(
        self, table: Planted, role: Role, kind: Kind, reference: bool = False
    ) -> dict[str, Any]:
        """The record of a table, with SparsePCA as a reference; what it lacks is made."""
        name = f"{kind} {role} {table.name}".replace(" ", "-").replace(",", "")
        file = self.folder / f"{name}.json"
        record = json.loads(file.read_text()) if file.exists() else None
        if record is None:
            record = record_of(table, role, kind)
            self._write(file, record)
        if reference and table.variant.task == "sae" and "sparse_pca" not in record:
            record["sparse_pca"] = sparse_pca_f1(table)
            self._write(file, record)
        return record

    def _write(self, file: Path, record: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(record) + "\n")
        partial.replace(file)

    def all(self, kind: Kind, role: Role) -> list[dict[str, Any]]:
        """The records of a kind and role, in the order of their tables."""
        files = self.folder.glob(f"{kind}-{role}-*.json")
        found = [json.loads(file.read_text()) for file in files]
        order = list(VARIANTS[role])
        return sorted(found, key=lambda record: order.index(record["table"]))
