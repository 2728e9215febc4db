"""Stores filled in seconds with as many runs as a benchmark asks for."""

import json
import math
import random
from pathlib import Path

METRICS, PARAMS = 10, 14
GROUPS, SEEDS = 6, 5
HISTORY = 50


def written(uri: str, count: int) -> str:
    """Write runs as a study of many strengths has them, and give the id of their experiment."""
    from sparse_lightning.tracking import finished_runs
    from sparse_lightning.tracking.finished_runs import FinishedRun
    from sparse_lightning.tracking.store import Store

    store, draw = Store(uri), random.Random(1)
    experiment = store.experiment("benchmark").experiment_id
    most = max(1, count // (GROUPS * SEEDS))

    def run(number: int) -> FinishedRun:
        group, seed = number % GROUPS, number // GROUPS % SEEDS
        strength = number // (GROUPS * SEEDS)
        connections, error = _measures(group, strength / most, draw)
        metrics = [("connections", 1, connections), ("squared_error", 1, error)]
        metrics += [(f"metric_{place}", 1, draw.random()) for place in range(METRICS - 2)]
        params = {"group": f"group {group}", "seed": str(seed), "l1_weight": f"{strength / 1e4:g}"}
        params |= {f"param_{p}": str(strength % (p + 2)) for p in range(PARAMS - 3)}
        return FinishedRun(
            name=f"run {number}", params=params, metrics=metrics, tags={"kind": str(number % 7)}
        )

    assert finished_runs.takes(store)
    finished_runs.write_runs(store, experiment, (run(number) for number in range(count)))
    return experiment


def written_study(uri: str, count: int, folder: Path) -> tuple[str, str, int]:
    """Write a finished study: its experiment, its run, and how many networks it has.

    The networks are not trained: their errors and connections are made up, but every run holds
    what that of a trained one holds, history, weights and documents included.

    Args:
        uri: of a SQL store.
        count: of networks, about; at least 35.
        folder: for the artifacts.
    """
    import numpy as np
    import torch
    from mlflow import MlflowClient
    from torch import nn

    from sparse_lightning import Project
    from sparse_lightning.data.catalog import load_table
    from sparse_lightning.data.examples import Examples
    from sparse_lightning.nn.layers import batched_layer
    from sparse_lightning.tracking import Store, StudyWriter
    from sparse_lightning.tracking.names import ENCODING_FILE
    from sparse_lightning.training.documents import INPUT_ERRORS, SWEEP
    from sparse_lightning.training.grid import replicas_of
    from sparse_lightning.training.measuring import input_errors, sweep
    from sparse_lightning.training.preparing import facts_of
    from sparse_lightning.training.result import History, TrainedPopulation

    strengths = round((count - SEEDS) / (GROUPS * SEEDS))
    weights = np.geomspace(1e-5, 1e-2, strengths).round(9).tolist()
    fields = {
        "name": f"networks-{count}",
        "table": {"source": "wine"},
        "network": {"units": [8]},
        "regularizers": {"l1_weights": weights},
    }
    project = Project.parse(json.dumps(fields))
    table = load_table(project.table, project.folder)
    rows = torch.from_numpy(table.encoding.transform(table.frame))
    replicas, draw = replicas_of(project), random.Random(1)
    groups = ["none", *project.regularizers.groups]
    place = {weight: number / strengths for number, weight in enumerate(weights)}
    measures = [
        _measures(groups.index(one.group), place.get(one.l1_weight or 0.0, 0.0), draw)
        for one in replicas
    ]
    counts, errors = (np.array(values) for values in zip(*measures, strict=True))
    errors = facts_of(project, table, Examples(rows))["null_error"] * errors
    seeds, inputs = [one.seed for one in replicas], rows.shape[1]
    network = nn.Sequential(
        *batched_layer(inputs, 8, "tanh", seeds, 0),
        *batched_layer(8, inputs, "sigmoid", seeds, 1),
    )
    epochs = range(3, 3 * HISTORY + 1, 3)
    histories = [
        History(
            [
                point
                for epoch in epochs
                for point in (
                    ("connections", epoch, count),
                    ("training_squared_error", epoch, error * (1 + 5 / epoch)),
                )
            ],
            epochs[-1],
        )
        for count, error in zip(counts, errors, strict=True)
    ]
    trained = TrainedPopulation(
        replicas=replicas,
        network=network,
        squared_error=errors,
        connections=counts,
        failures=[None] * len(replicas),
        histories=histories,
        floor_settled=True,
        seconds=0.0,
        documents={
            INPUT_ERRORS: input_errors(rows, np.outer(errors, np.ones(inputs))),
            SWEEP: sweep(network, rows[:16], rows[:16]),
        },
    )
    MlflowClient(uri).create_experiment(project.name, artifact_location=folder.as_uri())
    with StudyWriter(
        Store(uri),
        project,
        table,
        [inputs, 8, inputs],
        facts_of(project, table, Examples(rows)),
        {ENCODING_FILE: table.encoding.to_dict()},
        run_id="",
    ) as writer:
        writer.networks(trained)
    return project.name, writer.run_id, len(replicas)


def _measures(group: int, strength: float, draw: random.Random) -> tuple[float, float]:
    """Connections, and an error that falls with them, of a strength from 0 to 1."""
    connections = round(180 * math.exp(-3 * strength) * draw.uniform(0.9, 1.1))
    return float(connections), (1 + 0.1 * group) / (20 + connections) * draw.uniform(0.8, 1.25)
