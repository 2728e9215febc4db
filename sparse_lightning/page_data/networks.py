"""One network looked into, as one document."""

from typing import Any

import pandas as pd
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning.errors import InputError
from sparse_lightning.network import Network
from sparse_lightning.page_data.numbers import number
from sparse_lightning.population import ACTIVATIONS
from sparse_lightning.reading.class_paths import ClassPaths
from sparse_lightning.reading.mappings import Mappings
from sparse_lightning.reading.structure import Structure, layers_of, weights_of
from sparse_lightning.reading.text import describe
from sparse_lightning.tracking import names
from sparse_lightning.tracking.files import file_names, read_json
from sparse_lightning.tracking.reading import read_losses, read_network_of_run
from sparse_lightning.tracking.store import Store
from sparse_lightning.training.result import INPUT_ERRORS, SWEEP

Document = dict[str, Any]

_NAMES = {kind: name for name, kind in ACTIVATIONS.items()}


def network_document(store: Store, run: Run, threshold: float) -> Document:
    """A network from inside (`GET api/networks/RUN`).

    Args:
        store: that holds it.
        run: of the network.
        threshold: a connection counts when |w| exceeds it.

    Raises:
        InputError: the run holds no sound network.
        TrackingError: the store does not give its files.
    """
    run_id = run.info.run_id
    network = read_network_of_run(store, run)
    structure = network.structure(threshold)
    files = file_names(store, run_id)
    mappings, losses = _mappings(network, threshold), None
    if structure.is_autoencoder and INPUT_ERRORS in files:
        losses = read_losses(store, run_id, structure)
    return {
        "run_id": run_id,
        "name": run.info.run_name,
        "params": dict(run.data.params),
        "metrics": {name: number(value) for name, value in run.data.metrics.items()},
        "study": study_of(run),
        "task": network.task,
        "code_layer": structure.code_layer,
        "layers": _layers(network, structure),
        "variables": [
            {"name": name, "inputs": list(range(*part.indices(structure.widths[0])))}
            for name, part in structure.groups
        ],
        "weights": [weight.astype(float).tolist() for weight in weights_of(network.model)],
        "biases": _biases(network),
        "threshold": threshold,
        "connections": structure.connections,
        "connections_total": sum(weight.size for weight in structure.weights),
        "dead_units": [(~alive).tolist() for alive in structure.alive],
        "sweep": read_json(store, run_id, SWEEP) if SWEEP in files else None,
        "losses": None if losses is None else _loss_rows(losses),
        "codes": _rows(mappings.codes) if isinstance(mappings, Mappings) else None,
        "variables_read": _rows(mappings.variables) if isinstance(mappings, Mappings) else None,
        "sentences": [] if mappings is None else describe(structure, mappings, losses),
    }


def study_of(run: Run) -> str:
    """The run id of the study that a network belongs to.

    Raises:
        InputError: the run holds no network of a study.
    """
    tags = run.data.tags
    if tags.get(names.KIND) != names.NETWORK or MLFLOW_PARENT_RUN_ID not in tags:
        raise InputError(f"the run {run.info.run_id} holds no network of a study")
    return tags[MLFLOW_PARENT_RUN_ID]


def _mappings(network: Network, threshold: float) -> Mappings | ClassPaths | None:
    try:
        return network.mappings(threshold)
    except InputError:  # there is no hidden layer to read
        return None


def _layers(network: Network, structure: Structure) -> list[Document]:
    activations: list[str | None] = [None]
    for layer in layers_of(network.model):
        if getattr(layer, "weight", None) is not None:
            activations.append("linear")
        else:
            activations[-1] = _NAMES[type(layer)]
    return [
        {"units": list(units), "activation": activation}
        for units, activation in zip(structure.names, activations, strict=True)
    ]


def _biases(network: Network) -> list[list[float]]:
    layers: list[Any] = [
        layer for layer in layers_of(network.model) if getattr(layer, "weight", None) is not None
    ]
    return [
        [0.0] * layer.weight.shape[0] if layer.bias is None else layer.bias.detach().tolist()
        for layer in layers
    ]


def _loss_rows(losses: pd.DataFrame) -> list[Document]:
    return [
        {
            "variable": row["variable"],
            "loss": number(row["loss"]),
            "variance": number(row["variance"]),
        }
        for row in losses.to_dict("records")
    ]


def _rows(frame: pd.DataFrame) -> list[Document]:
    return [
        {
            str(name): list(value)
            if isinstance(value, tuple)
            else number(value)
            if isinstance(value, float)
            else value
            for name, value in row.items()
        }
        for row in frame.to_dict("records")
    ]
