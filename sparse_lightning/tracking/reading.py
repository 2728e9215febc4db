"""Reading a study back from MLflow: nothing of it needs the machine that trained it."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.target import ClassTarget
from sparse_lightning.errors import InputError, TrackingError
from sparse_lightning.network import Network
from sparse_lightning.project import Project
from sparse_lightning.project.types import LARGEST_SEED
from sparse_lightning.reading.loss import losses_of
from sparse_lightning.reading.structure import Structure
from sparse_lightning.replica import STRENGTHS
from sparse_lightning.tracking import names
from sparse_lightning.tracking.files import read_document, read_json, read_project, readable
from sparse_lightning.tracking.store import Store
from sparse_lightning.training.result import INPUT_ERRORS
from sparse_lightning.weights import from_safetensors

__all__ = [
    "StudyRecord",
    "find_study",
    "read_losses",
    "read_network",
    "read_network_of_run",
    "read_study",
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
            failed, failure, run_id, run_name, experiment_id.
        seconds: how long the study's run was open; NaN where it has not ended.
    """

    run_id: str
    experiment_id: str
    project: Project
    params: dict[str, str]
    layers: list[int]
    metrics: dict[str, float]
    networks: pd.DataFrame
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
    known = sorted({run.data.tags.get(names.PROJECT, "") for run in studies})
    raise InputError(
        f"--experiment: {store.uri} holds no finished study of {experiment!r}; "
        f"studies: {', '.join(known) or 'none'}; to compare the runs of any experiment, give "
        "--x and --y"
    )


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
    condition = f"tags.mlflow.parentRunId = '{run_id}' and tags.`{names.KIND}` = '{names.NETWORK}'"
    children = store.search([run.info.experiment_id], condition)
    if not children or "floor_epochs" not in run.data.metrics:
        raise TrackingError(
            f"the study {run_id} in {store.uri} is not finished: it holds {len(children)} networks"
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
        networks=_networks(children),
        seconds=(run.info.end_time - run.info.start_time) / 1000 if run.info.end_time else math.nan,
    )


_FACTS = ("rows", "null_error", "connections_total", "floor_epochs", "floor_settled")


def read_network(store: Store, study: StudyRecord, run_id: str) -> Network:
    """Read one network of a study with the encoding of its table."""
    row = study.networks.loc[study.networks["run_id"] == run_id].iloc[0]
    params = {name: row[name] for name in _PARAMS}
    return _load(store, study.run_id, study.project.task, params, run_id)


def read_network_of_run(store: Store, run: Run) -> Network:
    """Read one network by its run alone; the rest of its study is not looked at.

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
    known = _network(run)
    params = {name: known[name] for name in _PARAMS}
    task = run.data.params.get("task", "")
    return _load(store, tags[MLFLOW_PARENT_RUN_ID], task, params, run_id)


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
    store: Store, study_id: str, task: str, params: dict[str, object], run_id: str
) -> Network:
    stored = read_json(store, study_id, names.ENCODING_FILE)
    with readable(names.ENCODING_FILE, study_id):
        encoding = Encoding.from_dict(stored)
    classes: tuple[str, ...] = ()
    if task == "classifier":
        stored = read_json(store, study_id, names.TARGET_FILE)
        with readable(names.TARGET_FILE, study_id):
            classes = ClassTarget.from_dict(stored).classes
    origin = f"{names.WEIGHTS_FILE} of run {run_id}"
    model = from_safetensors(read_document(store, run_id, names.WEIGHTS_FILE), origin)
    inputs = len(encoding.input_names)
    ends = (model[0].in_features, model[-2].out_features)
    wanted = (inputs, len(classes) or inputs)
    if ends != wanted:
        raise TrackingError(
            f"{origin} holds a network from {ends[0]} inputs to {ends[1]} outputs, "
            f"but its study has {wanted[0]} and {wanted[1]}"
        )
    return Network(
        model=model,
        encoding=encoding,
        params=params,
        run_id=run_id,
        task=task,
        classes=classes,
    )


def _networks(runs: list[Run]) -> pd.DataFrame:
    numbers = {}
    for run in runs:
        with readable("the number", run.info.run_id):
            numbers[run.info.run_id] = int(run.data.tags[names.REPLICA])
    ordered = sorted(runs, key=lambda run: numbers[run.info.run_id])
    return pd.DataFrame([_network(run) for run in ordered])


_NOT_FURTHER = ("connections", "squared_error", "training_squared_error")


def _network(run: Run) -> dict[str, object]:
    params, metrics, tags = run.data.params, run.data.metrics, run.data.tags
    failure = tags.get(names.FAILURE, "")
    with readable("params", run.info.run_id):
        strengths = {name: float(params.get(name, "nan")) for name in STRENGTHS}
        own = {
            "group": params["group"],
            "regularizer": params["regularizer"],
            **strengths,
            "seed": int(params["seed"]),
        }
        if math.isinf(strengths["l1_weight"]) or abs(int(params["seed"])) > LARGEST_SEED:
            raise ValueError("l1_weight or seed out of range")
    if math.isnan(strengths["l1_weight"]):
        own["l1_weight"] = 0.0
    return {
        **own,
        "connections": math.nan if failure else metrics.get("connections", math.nan),
        "squared_error": math.nan if failure else metrics.get("squared_error", math.nan),
        **{name: value for name, value in metrics.items() if name not in _NOT_FURTHER},
        "failed": bool(failure),
        "failure": failure,
        "run_id": run.info.run_id,
        "run_name": run.info.run_name,
        "experiment_id": run.info.experiment_id,
    }
