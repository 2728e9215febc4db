"""One network looked into, as one document."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from mlflow.entities import Run

from sparse_lightning._text import json_number
from sparse_lightning.errors import InputError
from sparse_lightning.interpret.class_paths import ClassPaths
from sparse_lightning.interpret.effects import effects_document
from sparse_lightning.interpret.mappings import Mappings
from sparse_lightning.interpret.sentences import describe
from sparse_lightning.interpret.structure import Structure
from sparse_lightning.interpret.target_paths import TargetPaths
from sparse_lightning.network import Network
from sparse_lightning.tracking.files import held, read_json, readable
from sparse_lightning.tracking.networks import (
    read_effects,
    read_losses,
    read_networks_of_runs,
    study_of,
)
from sparse_lightning.tracking.store import Store
from sparse_lightning.training import INPUT_ERRORS, SWEEP

MOST_WEIGHTS = 500_000
"""Connections of a network that the server answers for."""

MOST_LAYERS = 50
"""Layers of such a network."""

MOST_UNITS = 300
"""Units of each of its hidden layers, which is what a diagram can show."""

MOST_SAID = 5_000_000
"""Characters of all names in what is read of its paths, at most: each code names columns, and each
column its partners. Where there may be more, the page reads the paths itself."""

SWEPT = ("thresholds", "connections", "squared_error")
MOST_THRESHOLDS = 1_000
"""Thresholds of a sweep."""

Document = dict[str, Any]


class TooLargeError(InputError):
    """A network is too large for one answer of the server."""


def network_document(store: Store, run: Run, threshold: float) -> Document:
    """A network from inside (`GET api/networks/RUN`).

    Raises a TooLargeError where it is too large for one document, an InputError where the run
    holds none.
    """
    (network,) = read_networks_of_runs(store, [run])
    check_size(network)
    return _described(store, run, network, threshold)


def check_size(network: Network) -> None:
    """Raise a TooLargeError for a network that is too large for one answer of the server."""
    weights = network.weights
    hidden = max((len(weight) for weight in weights[:-1]), default=0)
    size = sum(weight.size for weight in weights)
    if hidden > MOST_UNITS or size > MOST_WEIGHTS or len(weights) > MOST_LAYERS:
        raise TooLargeError(f"the network {network.run_id} is too large to be told")


def network_documents(
    store: Store, networks: Sequence[Network], threshold: float
) -> dict[str, Document]:
    """The same of several networks of one study, by their runs."""
    runs = store.runs([network.run_id for network in networks])
    return {
        network.run_id: _described(store, run, network, threshold)
        for run, network in zip(runs, networks, strict=True)
    }


def _described(store: Store, run: Run, network: Network, threshold: float) -> Document:
    run_id = run.info.run_id
    structure, files = network.structure(threshold), held(store, run_id, INPUT_ERRORS, SWEEP)
    mappings, losses = _mappings(network, structure), None
    effects = None if network.target is None else read_effects(store, run_id)
    if structure.is_autoencoder and INPUT_ERRORS in files:
        losses = read_losses(store, run_id, structure)
    weights = network.weights
    return {
        "run_id": run_id,
        "name": run.info.run_name,
        "params": dict(run.data.params),
        "metrics": {name: json_number(value) for name, value in run.data.metrics.items()},
        "study": study_of(run),
        "task": network.task,
        "code_layer": structure.code_layer,
        "layers": _layers(network, structure),
        "variables": [
            {"name": name, "inputs": list(range(*part.indices(structure.widths[0])))}
            for name, part in structure.groups
        ],
        "moments": structure.moments.to_dict() if structure.moments else None,
        "weights": [weight.astype(float).tolist() for weight in weights],
        "biases": [layer.bias.astype(float).tolist() for layer in network.layers],
        "threshold": threshold,
        "connections": structure.connections,
        "connections_total": sum(weight.size for weight in structure.weights),
        "dead_units": [(~alive).tolist() for alive in structure.alive],
        "sweep": _sweep(read_json(store, run_id, SWEEP), run_id) if SWEEP in files else None,
        "losses": None if losses is None else _loss_rows(losses),
        "codes": _rows(mappings.codes) if isinstance(mappings, Mappings) else None,
        "variables_read": _rows(mappings.variables) if isinstance(mappings, Mappings) else None,
        "effects": None if effects is None else effects_document(effects),
        "sentences": []
        if mappings is None
        else describe(structure, mappings, losses, effects, components=network.task == "pca"),
    }


def _mappings(network: Network, structure: Structure) -> Mappings | ClassPaths | TargetPaths | None:
    columns, longest = len(structure.variables), max(map(len, structure.variables))
    if structure.is_autoencoder:
        names = (2 * structure.widths[structure.code_layer] + columns) * columns
    else:
        names = 2 * structure.widths[-1] * columns
        longest = max(longest, *map(len, structure.names[-1]))
    if names * longest > MOST_SAID:
        return None
    try:
        if network.target is not None:
            return TargetPaths.of(structure)
        return (Mappings if structure.is_autoencoder else ClassPaths).of(structure)
    except InputError:  # there is no hidden layer to read
        return None


def _sweep(stored: Any, run_id: str) -> Document:
    with readable(SWEEP, run_id):
        length = len(stored["thresholds"])
        if length > MOST_THRESHOLDS:
            raise ValueError(f"{length} thresholds")
        accuracy = stored.get("accuracy")
        return {
            **{name: _numbers(stored[name], length) for name in SWEPT},
            "accuracy": None if accuracy is None else _numbers(accuracy, length),
            **{name: json_number(stored.get(name)) for name in ("rows", "rows_total")},
        }


def _numbers(values: Any, length: int) -> list[float | int | None]:
    if not isinstance(values, list) or len(values) != length:
        raise ValueError(f"{length} numbers are expected")
    return [value if type(value) is int else json_number(value) for value in values]


def _layers(network: Network, structure: Structure) -> list[Document]:
    activations = [None, *(layer.activation for layer in network.layers)]
    return [
        {"units": list(units), "activation": activation}
        for units, activation in zip(structure.names, activations, strict=True)
    ]


def _loss_rows(losses: pd.DataFrame) -> list[Document]:
    return [
        {
            "variable": row["variable"],
            "loss": json_number(row["loss"]),
            "variance": json_number(row["variance"]),
        }
        for row in losses.to_dict("records")
    ]


def _rows(frame: pd.DataFrame) -> list[Document]:
    return [
        {
            str(name): list(value)
            if isinstance(value, tuple)
            else json_number(value)
            if isinstance(value, float)
            else value
            for name, value in row.items()
        }
        for row in frame.to_dict("records")
    ]
