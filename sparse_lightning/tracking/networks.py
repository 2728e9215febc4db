"""Networks read back from MLflow, many at once, as arrays: torch is not needed for it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning.comparison import network_axes
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.number_target import NumberTarget
from sparse_lightning.data.target import ClassTarget
from sparse_lightning.errors import DamagedError, InputError
from sparse_lightning.interpret.effects import effects_from
from sparse_lightning.interpret.loss import losses_of
from sparse_lightning.interpret.structure import Structure
from sparse_lightning.network import Network
from sparse_lightning.regularizers.replica import STRENGTHS
from sparse_lightning.tracking import names
from sparse_lightning.tracking.files import held, read_documents, read_json, readable
from sparse_lightning.tracking.store import Store
from sparse_lightning.tracking.study_record import StudyRecord, check_params
from sparse_lightning.training import EFFECTS, INPUT_ERRORS
from sparse_lightning.weights import from_safetensors

_PARAMS = ["group", "regularizer", *STRENGTHS, "seed"]


@dataclass(frozen=True)
class _Source:
    run_id: str
    study_id: str
    task: str
    params: dict[str, Any]
    explained: float | None = None


def read_networks(store: Store, study: StudyRecord, run_ids: Sequence[str]) -> list[Network]:
    """Networks of a study by their runs; a `TrackingError` where the store does not hold their
    files.
    """
    found = study.networks.set_index("run_id").loc[list(run_ids)]
    axes = network_axes(study.metrics)
    null_error = axes.corner[1]
    explained = [None] * len(found)
    if null_error and axes.y in found.columns:
        explained = (1 - found[axes.y] / null_error).tolist()
    rows = found[_PARAMS].to_dict("records")
    return _read(
        store,
        [
            _Source(run_id, study.run_id, study.project.task, params, own)
            for run_id, params, own in zip(run_ids, rows, explained, strict=True)
        ],
    )


def read_networks_of_runs(store: Store, runs: Iterable[Run]) -> list[Network]:
    """Networks by their runs alone; the rest of their studies is not looked at. An `InputError`
    says that a run holds no network or its training failed, a `TrackingError` that the store does
    not hold the files of a network.
    """
    return _read(store, [_source_of(run) for run in runs])


def study_of(run: Run) -> str:
    """The run id of the study that a network belongs to; an `InputError` where the run holds no
    network.
    """
    tags = run.data.tags
    if tags.get(names.KIND) != names.NETWORK or MLFLOW_PARENT_RUN_ID not in tags:
        raise InputError(f"the run {run.info.run_id} holds no network of a study")
    return tags[MLFLOW_PARENT_RUN_ID]


def read_losses(store: Store, run_id: str, structure: Structure) -> pd.DataFrame:
    """The losses of an autoencoder's variables, as `interpret.loss.losses_of` returns them; a
    `TrackingError` where the run holds no errors of its inputs.
    """
    errors = read_json(store, run_id, INPUT_ERRORS)
    with readable(INPUT_ERRORS, run_id):
        inputs = structure.widths[0]
        variances, squared = (
            np.array(errors[name], dtype=np.float64).reshape(inputs)
            for name in ("variance", "squared_error")
        )
    return losses_of(variances, squared, structure.groups)


def read_effects(store: Store, run_id: str) -> pd.DataFrame | None:
    """The effects of a regressor's columns, as `Network.effects` returns them; None where the run
    holds none.
    """
    if EFFECTS not in held(store, run_id, EFFECTS):
        return None
    stored = read_json(store, run_id, EFFECTS)
    with readable(EFFECTS, run_id):
        return effects_from(stored)


def _source_of(run: Run) -> _Source:
    run_id, tags, given = run.info.run_id, run.data.tags, run.data.params
    study_id = study_of(run)
    if names.FAILURE in tags:
        raise InputError(f"the training of the network {run_id} failed: {tags[names.FAILURE]}")
    if run.info.status != "FINISHED":
        raise InputError(f"the network {run_id} is not finished")
    with readable("params", run_id):
        params = {
            "group": given["group"],
            "regularizer": given["regularizer"],
            **{name: float(given.get(name, "nan")) for name in STRENGTHS},
            "seed": int(given["seed"]),
        }
        check_params(params["l1_weight"], params["seed"])
    if math.isnan(params["l1_weight"]):
        params["l1_weight"] = 0.0
    return _Source(run_id, study_id, given.get("task", ""), params)


def _read(store: Store, sources: Sequence[_Source]) -> list[Network]:
    # What all networks of a study share is read once.
    shared = {
        key: _encoding_and_target(store, *key)
        for key in dict.fromkeys((source.study_id, source.task) for source in sources)
    }
    files = read_documents(store, [source.run_id for source in sources], names.WEIGHTS_FILE)
    return [
        _network(source, content, *shared[source.study_id, source.task])
        for source, content in zip(sources, files, strict=True)
    ]


def _encoding_and_target(
    store: Store, study_id: str, task: str
) -> tuple[Encoding, tuple[str, ...], NumberTarget | None]:
    stored = read_json(store, study_id, names.ENCODING_FILE)
    with readable(names.ENCODING_FILE, study_id):
        encoding = Encoding.from_dict(stored)
    if task not in ("classifier", "regressor"):
        return encoding, (), None
    stored = read_json(store, study_id, names.TARGET_FILE)
    with readable(names.TARGET_FILE, study_id):
        if task == "regressor":
            return encoding, (), NumberTarget.from_dict(stored)
        return encoding, ClassTarget.from_dict(stored).classes, None


def _network(
    source: _Source,
    content: bytes,
    encoding: Encoding,
    classes: tuple[str, ...],
    target: NumberTarget | None,
) -> Network:
    origin = f"{names.WEIGHTS_FILE} of run {source.run_id}"
    layers = from_safetensors(content, origin)
    network = Network(
        layers,
        encoding,
        source.params,
        source.run_id,
        source.task,
        classes,
        target,
        source.explained,
    )
    inputs, weights = len(encoding.offsets), network.weights
    outputs = len(classes) or inputs if target is None else len(target.names)
    ends, wanted = (weights[0].shape[1], len(weights[-1])), (inputs, outputs)
    if ends != wanted:
        raise DamagedError(
            f"{origin} holds a network from {ends[0]} inputs to {ends[1]} outputs, "
            f"but its study has {wanted[0]} and {wanted[1]}"
        )
    return network
