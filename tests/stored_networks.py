"""Runs of studies and networks as anybody could write them, without training anything."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from safetensors.numpy import save

from sparse_lightning.data.columns.number_columns import NumberColumn
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.project import Project
from sparse_lightning.tracking import finished_runs, names
from sparse_lightning.tracking.finished_runs import FinishedRun
from sparse_lightning.tracking.store import Store


def encoding_of(columns: list[str]) -> bytes:
    """The encoding of a table of numbers in 0…1."""
    variables = tuple(NumberColumn(name) for name in columns)
    encoding = Encoding(variables, (0.0,) * len(columns), (1.0,) * len(columns))
    return json.dumps(encoding.to_dict()).encode()


def stored_study(
    store: Store,
    name: str,
    groups: Sequence[str],
    weights: Sequence[float],
    seeds: Sequence[int],
) -> str:
    """Write a finished study with a network for every group, λ and seed; the id of its run."""
    experiment = store.experiment(name).experiment_id
    study = study_run(name, ["a", "b", "c"])
    facts = [("floor_epochs", 0, 1.0), ("floor_settled", 0, 1.0)]
    finished = replace(study, metrics=[*study.metrics, *facts])
    (study_id,) = finished_runs.write_runs(store, experiment, [finished])
    network = network_run(study_id)
    grid = enumerate(product(groups, weights, seeds))
    finished_runs.write_runs(
        store,
        experiment,
        (
            replace(
                network,
                tags={**network.tags, names.REPLICA: str(place)},
                params={
                    **network.params,
                    **{"group": group, "regularizer": group},
                    **{"l1_weight": str(weight), "seed": str(seed)},
                },
            )
            for place, (group, weight, seed) in grid
        ),
    )
    return study_id


def study_run(name: str, columns: list[str], **files: bytes) -> FinishedRun:
    """The run of a study of autoencoders."""
    project = Project(name=name, table={"source": f"{name}.csv"}, network={"units": [2]})
    return FinishedRun(
        name=name,
        tags={names.KIND: names.STUDY, names.PROJECT: name},
        params={"task": "sae", "dataset": name, "layers": "3-2-3", "groups": "L1"},
        metrics=[("rows", 0, 10.0), ("null_error", 0, 0.5), ("connections_total", 0, 12.0)],
        files={
            names.PROJECT_FILE: project.dump_yaml().encode(),
            names.ENCODING_FILE: encoding_of(columns),
            **{name.replace("_", "."): content for name, content in files.items()},
        },
    )


def weights_of(*weights: np.ndarray, kinds: list[str] | None = None) -> bytes:
    """The file of a network of these weights, each followed by sigmoids."""
    layers = ["dense", "sigmoid"] * len(weights)
    tensors: dict[str, Any] = {}
    for place, weight in enumerate(weights):
        tensors[f"{2 * place}.weight"] = weight
        tensors[f"{2 * place}.bias"] = np.zeros(len(weight), dtype=weight.dtype)
    return save(tensors, {"layers": json.dumps(kinds or layers)})


def network_run(study: str, name: str = "network", **files: bytes) -> FinishedRun:
    """The run of a network 3-2-3 that names a study as its own."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape).astype(np.float32) for shape in ((2, 3), (3, 2))]
    return FinishedRun(
        name=name,
        tags={names.KIND: names.NETWORK, names.REPLICA: "0", "mlflow.parentRunId": study},
        params={"task": "sae", "group": "L1", "regularizer": "L1", "l1_weight": "0.1", "seed": "1"},
        metrics=[("connections", 0, 12.0), ("squared_error", 0, 0.1)],
        files={
            names.WEIGHTS_FILE: weights_of(*weights),
            **{name.replace("_", "."): content for name, content in files.items()},
        },
    )
