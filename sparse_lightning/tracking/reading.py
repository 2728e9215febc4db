"""Reading a study back from MLflow: nothing of it needs the machine that trained it."""

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.target import ClassTarget
from sparse_lightning.errors import DamagedError, InputError, TrackingError
from sparse_lightning.interpret.loss import losses_of
from sparse_lightning.interpret.structure import Structure
from sparse_lightning.project import Project
from sparse_lightning.regularizers.replica import STRENGTHS
from sparse_lightning.tracking import names
from sparse_lightning.tracking.columns import RunColumns
from sparse_lightning.tracking.files import read_document, read_json, read_project, readable
from sparse_lightning.tracking.network_frame import check_params, network_frame
from sparse_lightning.tracking.selecting import Selection, read_columns
from sparse_lightning.tracking.store import Store
from sparse_lightning.tracking.stored import StoredNetwork
from sparse_lightning.training.documents import INPUT_ERRORS
from sparse_lightning.weights import read_layers

if TYPE_CHECKING:
    from sparse_lightning.network import Network

__all__ = [
    "StudyRecord",
    "find_study",
    "read_losses",
    "read_network",
    "read_network_of_run",
    "read_study",
    "stored_network",
    "stored_network_of_run",
]


@dataclass(frozen=True, eq=False)
class StudyRecord:
    """A study as the store holds it.

    Attributes:
        run_id: of the study's run.
        experiment_id: of its experiment.
        project: that it was made from.
        params: of the study's run.
        layers: units from inputs to outputs.
        metrics: of the study's run: null_error, connections_total, floor_epochs, …
        networks: one row a network, in the order of the grid: group, regularizer, the strengths
            (NaN where a group has none), seed, connections, squared_error (NaN where failed),
            failed, failure (in words), failure_phase, failure_step, failure_cause (what
            `modules.failures.Failure` holds; empty or NaN where sound), run_id, run_name,
            experiment_id.
        columns: the runs of the networks, the newest last.
        seconds: how long the study's run was open; NaN where it has not ended.
    """

    run_id: str
    experiment_id: str
    project: Project
    params: dict[str, str]
    layers: list[int]
    metrics: dict[str, float]
    networks: pd.DataFrame
    columns: RunColumns
    seconds: float = math.nan


def find_study(store: Store, experiment: str) -> str:
    """The run of the newest finished study of an experiment.

    Args:
        store: where to look.
        experiment: the name of an experiment, or of a project whose study lies in another one, as
            where `mlflow run` has opened the run in MLflow's default experiment.

    Raises:
        InputError: there is none; the message names the experiments that hold studies.
    """
    with store.errors("cannot be searched"):
        experiments = {e.experiment_id: e.name for e in store.client.search_experiments()}
    studies = store.search(list(experiments), f"tags.`{names.KIND}` = '{names.STUDY}'")
    for mine in (
        [run for run in studies if experiments[run.info.experiment_id] == experiment],
        [run for run in studies if run.data.tags.get(names.PROJECT) == experiment],
    ):
        complete = [run for run in mine if "floor_epochs" in run.data.metrics]
        if complete:
            return max(complete, key=lambda run: run.info.start_time).info.run_id
    finished: dict[str, bool] = {}
    for run in studies:
        name = run.data.tags.get(names.PROJECT, "")
        finished[name] = finished.get(name, False) or "floor_epochs" in run.data.metrics
    known = [name if finished[name] else f"{name} (not finished)" for name in sorted(finished)]
    raise InputError(
        f"--experiment: {store.uri} holds no finished study of {experiment!r}; "
        f"studies: {', '.join(known) or 'none'}; to compare the runs of any experiment, give "
        "--x and --y"
    )


def is_finished(store: Store, run_id: str) -> bool:
    """Whether all networks of the study with this run are tracked."""
    return "floor_epochs" in store.run(run_id).data.metrics


def read_study(store: Store, run_id: str) -> StudyRecord:
    """Read a study and its networks.

    Raises:
        InputError: the run holds no study.
        TrackingError: the store fails, the study has no networks (yet), or what it holds is not
            what this package writes.
    """
    run = store.run(run_id)
    if run.data.tags.get(names.KIND) != names.STUDY:
        raise InputError(f"the run {run_id} in {store.uri} holds no study")
    with store.errors("cannot be searched"):
        selection = Selection([run.info.experiment_id], [run_id])
        columns = read_columns(store.backend, selection, most=sys.maxsize - 1)
    if not columns.ids or "floor_epochs" not in run.data.metrics:
        raise TrackingError(
            f"the study {run_id} in {store.uri} is not finished: it holds {len(columns.ids)} "
            "networks"
        )
    project = read_project(store, run_id)
    for name in _FACTS:
        if not math.isfinite(run.data.metrics.get(name, math.nan)):
            raise TrackingError(f"the study {run_id} in {store.uri} lacks the metric {name}")
    with readable("params", run_id):
        params = {name: run.data.params[name] for name in ("dataset", "layers")}
        layers = [int(units) for units in params["layers"].split("-")]
    return StudyRecord(
        run_id=run_id,
        experiment_id=run.info.experiment_id,
        project=project,
        params=params,
        layers=layers,
        metrics=dict(run.data.metrics),
        networks=network_frame(columns, run_id),
        columns=columns,
        seconds=(run.info.end_time - run.info.start_time) / 1000 if run.info.end_time else math.nan,
    )


_FACTS = ("rows", "null_error", "connections_total", "floor_epochs", "floor_settled")


def read_network(store: Store, study: StudyRecord, run_id: str) -> "Network":
    """Read one network of a study with the encoding of its table."""
    return stored_network(store, study, run_id).network()


def stored_network(store: Store, study: StudyRecord, run_id: str) -> StoredNetwork:
    """The same without torch, as the store holds it."""
    row = study.networks.loc[study.networks["run_id"] == run_id].iloc[0]
    params = {name: row[name] for name in _PARAMS}
    return _load(store, study.run_id, study.project.task, params, run_id)


def read_network_of_run(store: Store, run: Run) -> "Network":
    """Read one network by its run alone; the rest of its study is not looked at.

    Raises:
        InputError: the run holds no network, or its training failed.
        TrackingError: the store fails, or does not hold the files of the network.
    """
    return stored_network_of_run(store, run).network()


def stored_network_of_run(
    store: Store, run: Run, beside: StoredNetwork | None = None
) -> StoredNetwork:
    """The same without torch, as the store holds it.

    Args:
        store: that holds it.
        run: of the network.
        beside: a network of the same study, which has the same encoding and classes.

    Raises:
        InputError: the run holds no network, or its training failed.
        TrackingError: the store fails, or does not hold the files of the network.
    """
    run_id, tags = run.info.run_id, run.data.tags
    if tags.get(names.KIND) != names.NETWORK or MLFLOW_PARENT_RUN_ID not in tags:
        raise InputError(f"the run {run_id} holds no network of a study")
    if names.FAILURE in tags:
        raise InputError(f"the training of the network {run_id} failed: {tags[names.FAILURE]}")
    if run.info.status != "FINISHED":
        raise InputError(f"the network {run_id} is not finished")
    with readable("params", run_id):
        params = {
            "group": run.data.params["group"],
            "regularizer": run.data.params["regularizer"],
            **{name: float(run.data.params.get(name, "nan")) for name in STRENGTHS},
            "seed": int(run.data.params["seed"]),
        }
        check_params(params["l1_weight"], params["seed"])
    if math.isnan(params["l1_weight"]):
        params["l1_weight"] = 0.0
    task = run.data.params.get("task", "")
    return _load(store, tags[MLFLOW_PARENT_RUN_ID], task, params, run_id, beside)


def read_losses(store: Store, run_id: str, structure: Structure) -> pd.DataFrame:
    """The losses of an autoencoder's variables, as `reading.loss.losses_of` returns them.

    Raises:
        TrackingError: the run holds no errors of its inputs.
    """
    errors = read_json(store, run_id, INPUT_ERRORS)
    with readable(INPUT_ERRORS, run_id):
        inputs = structure.widths[0]
        variances, squared = (
            np.array(errors[name], dtype=np.float64).reshape(inputs)
            for name in ("variance", "squared_error")
        )
    return losses_of(variances, squared, structure.groups)


_PARAMS = ("group", "regularizer", *STRENGTHS, "seed")


def _load(
    store: Store,
    study_id: str,
    task: str,
    params: dict[str, Any],
    run_id: str,
    beside: StoredNetwork | None = None,
) -> StoredNetwork:
    if beside is None:
        stored = read_json(store, study_id, names.ENCODING_FILE)
        with readable(names.ENCODING_FILE, study_id):
            encoding = Encoding.from_dict(stored)
        classes: tuple[str, ...] = ()
        if task == "classifier":
            stored = read_json(store, study_id, names.TARGET_FILE)
            with readable(names.TARGET_FILE, study_id):
                classes = ClassTarget.from_dict(stored).classes
    else:
        encoding, classes = beside.encoding, beside.classes
    origin = f"{names.WEIGHTS_FILE} of run {run_id}"
    layers = read_layers(read_document(store, run_id, names.WEIGHTS_FILE), origin)
    network = StoredNetwork(layers, encoding, params, run_id, task, classes)
    weights, inputs = network.weights, len(encoding.offsets)
    ends, wanted = (weights[0].shape[1], len(weights[-1])), (inputs, len(classes) or inputs)
    if ends != wanted:
        raise DamagedError(
            f"{origin} holds a network from {ends[0]} inputs to {ends[1]} outputs, "
            f"but its study has {wanted[0]} and {wanted[1]}"
        )
    return network
