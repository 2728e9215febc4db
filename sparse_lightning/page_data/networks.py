"""One network looked into, as one document."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning.errors import InputError
from sparse_lightning.page_data.numbers import number
from sparse_lightning.reading.class_paths import ClassPaths
from sparse_lightning.reading.mappings import Mappings
from sparse_lightning.reading.structure import Structure
from sparse_lightning.reading.text import describe
from sparse_lightning.tracking import names
from sparse_lightning.tracking.files import file_names, read_json
from sparse_lightning.tracking.reading import read_losses, stored_network_of_run
from sparse_lightning.tracking.store import Store
from sparse_lightning.tracking.stored import StoredNetwork
from sparse_lightning.training.documents import INPUT_ERRORS, SWEEP

Document = dict[str, Any]


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
    return _described(store, run, stored_network_of_run(store, run), threshold)


def network_documents(
    store: Store, run_ids: Sequence[str], threshold: float
) -> dict[str, Document]:
    """The same of several networks of one study, by their runs."""
    documents: dict[str, Document] = {}
    network = None
    for run in store.runs(run_ids):
        network = stored_network_of_run(store, run, network)
        documents[run.info.run_id] = _described(store, run, network, threshold)
    return documents


def _described(store: Store, run: Run, network: StoredNetwork, threshold: float) -> Document:
    run_id = run.info.run_id
    structure, held = network.structure(threshold), file_names(store, run_id)
    mappings, losses = _mappings(network, threshold), None
    if structure.is_autoencoder and INPUT_ERRORS in held:
        losses = read_losses(store, run_id, structure)
    weights = [layer.weight for layer in network.layers if layer.weight is not None]
    biases = [layer.bias for layer in network.layers if layer.bias is not None]
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
        "weights": [weight.astype(float).tolist() for weight in weights],
        "biases": [bias.astype(float).tolist() for bias in biases],
        "threshold": threshold,
        "connections": structure.connections,
        "connections_total": sum(weight.size for weight in structure.weights),
        "dead_units": [(~alive).tolist() for alive in structure.alive],
        "sweep": read_json(store, run_id, SWEEP) if SWEEP in held else None,
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


def _mappings(network: StoredNetwork, threshold: float) -> Mappings | ClassPaths | None:
    try:
        return network.mappings(threshold)
    except InputError:  # there is no hidden layer to read
        return None


def _layers(network: StoredNetwork, structure: Structure) -> list[Document]:
    activations: list[str | None] = [None]
    for layer in network.layers:
        if layer.weight is not None:
            activations.append("linear")
        else:
            activations[-1] = layer.kind
    return [
        {"units": list(units), "activation": activation}
        for units, activation in zip(structure.names, activations, strict=True)
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
