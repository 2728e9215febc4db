"""Reading a study back from MLflow: nothing of it needs the machine that trained it."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from mlflow.entities import Run
from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR

from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.target import ClassTarget
from sparse_lightning.errors import InputError, TrackingError
from sparse_lightning.network import Network
from sparse_lightning.project import Project
from sparse_lightning.replica import STRENGTHS
from sparse_lightning.tracking import names
from sparse_lightning.tracking.store import Store
from sparse_lightning.weights import from_safetensors


@dataclass(frozen=True, eq=False)
class StudyRecord:
    """A study as the store holds it.

    Attributes:
        run_id: of the study's run.
        experiment_id: of its experiment.
        project: that it was made from.
        params: of the study's run.
        metrics: of the study's run: null_error, connections_total, floor_epochs, …
        networks: one row a network, in the order of the grid: group, regularizer, the strengths
            (NaN where a group has none), seed, connections, squared_error (NaN where failed),
            failed, failure, run_id, run_name, experiment_id.
    """

    run_id: str
    experiment_id: str
    project: Project
    params: dict[str, str]
    metrics: dict[str, float]
    networks: pd.DataFrame


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
        f"studies: {', '.join(known) or 'none'}"
    )


def read_study(store: Store, run_id: str) -> StudyRecord:
    """Read a study and its networks.

    Raises:
        InputError: the run holds no study.
        TrackingError: the store fails, or the study has no networks (yet).
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
    text = _download(store, run_id, names.PROJECT_FILE).decode()
    return StudyRecord(
        run_id=run_id,
        experiment_id=run.info.experiment_id,
        project=Project.parse(text, origin=f"{names.PROJECT_FILE} of run {run_id}"),
        params=dict(run.data.params),
        metrics=dict(run.data.metrics),
        networks=_networks(children),
    )


def read_network(store: Store, study: StudyRecord, run_id: str) -> Network:
    """Read one network of a study with the encoding of its table."""
    row = study.networks.loc[study.networks["run_id"] == run_id].iloc[0]
    encoding = json.loads(_download(store, study.run_id, names.ENCODING_FILE))
    classes: tuple[str, ...] = ()
    if study.project.task == "classifier":
        stored = json.loads(_download(store, study.run_id, names.TARGET_FILE))
        classes = ClassTarget.from_dict(stored).classes
    origin = f"{names.WEIGHTS_FILE} of run {run_id}"
    return Network(
        model=from_safetensors(_download(store, run_id, names.WEIGHTS_FILE), origin),
        encoding=Encoding.from_dict(encoding),
        params={name: row[name] for name in ("group", "regularizer", *STRENGTHS, "seed")},
        run_id=run_id,
        task=study.project.task,
        classes=classes,
    )


def read_document(store: Store, run_id: str, file: str) -> bytes:
    """A small file of a run.

    Raises:
        TrackingError: the run has none of that name.
    """
    return _download(store, run_id, file)


def _networks(runs: list[Run]) -> pd.DataFrame:
    runs = sorted(runs, key=lambda run: int(run.data.tags[names.REPLICA]))
    return pd.DataFrame([_network(run) for run in runs])


_NOT_FURTHER = ("connections", "squared_error", "training_squared_error")


def _network(run: Run) -> dict[str, object]:
    params, metrics, tags = run.data.params, run.data.metrics, run.data.tags
    failure = tags.get(names.FAILURE, "")
    strengths = {name: float(params.get(name, "nan")) for name in STRENGTHS}
    if math.isnan(strengths["l1_weight"]):
        strengths["l1_weight"] = 0.0
    return {
        "group": params["group"],
        "regularizer": params["regularizer"],
        **strengths,
        "seed": int(params["seed"]),
        "connections": math.nan if failure else metrics.get("connections", math.nan),
        "squared_error": math.nan if failure else metrics.get("squared_error", math.nan),
        **{name: value for name, value in metrics.items() if name not in _NOT_FURTHER},
        "failed": bool(failure),
        "failure": failure,
        "run_id": run.info.run_id,
        "run_name": run.info.run_name,
        "experiment_id": run.info.experiment_id,
    }


def _download(store: Store, run_id: str, path: str) -> bytes:
    with (
        store.errors(f"does not give {path} of run {run_id}"),
        TemporaryDirectory() as folder,
        no_bar(),
    ):
        return Path(store.client.download_artifacts(run_id, path, folder)).read_bytes()


@contextmanager
def no_bar() -> Iterator[None]:
    """A bar for a file of a few kilobytes would tear the job's own."""
    setting = MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR
    before = setting.get_raw()
    setting.set(False)
    try:
        yield
    finally:
        if before is None:
            setting.unset()
        else:
            setting.set(before)
