"""Networks of a tracking store as models of it: on the Models page, and in the registry."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning.comparison import network_axes
from sparse_lightning.comparison.markers import front, records
from sparse_lightning.errors import InputError
from sparse_lightning.integrations.exporting.pruned import ExportedNetwork, exported
from sparse_lightning.integrations.exporting.pyfunc import save_pyfunc
from sparse_lightning.network import Network
from sparse_lightning.secrets import cleaned, without_secrets
from sparse_lightning.tracking import Store, StudyRecord, names, read_study
from sparse_lightning.tracking._mlflow import check_model_name
from sparse_lightning.tracking.files import read_project
from sparse_lightning.tracking.networks import read_networks_of_runs

NAME = "network"
"""The name of the logged model."""

MOST_SHOWN = 12
"""The number of a study's networks that a message offers."""


def find_network(store: Store, run_id: str) -> tuple[Network, float]:
    """The network of a run, and the connection threshold of its study.

    An InputError says when the run holds no network but, say, a study, or its training failed.
    """
    run = store.run(run_id)
    kind = run.data.tags.get(names.KIND)
    if kind == names.STUDY:
        study = read_study(store, run_id)
        raise InputError(
            f"the run {run_id} holds the study {study.project.name!r}, not one network; export one "
            f"of its networks by its run:\n{_choice(study)}"
        )
    if kind != names.NETWORK or MLFLOW_PARENT_RUN_ID not in run.data.tags:
        held = f"a {kind}" if kind else "nothing of sparse-lightning"
        raise InputError(f"the run {run_id} in {store.uri} holds no network of a study but {held}")
    if names.FAILURE in run.data.tags:
        raise InputError(
            f"the training of the network {run_id} failed, so there is nothing to export: "
            f"{run.data.tags[names.FAILURE]}"
        )
    parent = store.run(run.data.tags[MLFLOW_PARENT_RUN_ID])
    if parent.data.tags.get(names.KIND) == names.TRIAL:
        raise InputError(
            f"the network {run_id} belongs to a trial of a search, which keeps no weights; export "
            "one of the study that follows the search"
        )
    (network,) = read_networks_of_runs(store, [run])
    return network, read_project(store, parent.info.run_id).report.connection_threshold


def find_exported(store: Store, run_id: str, threshold: float | None = None) -> ExportedNetwork:
    """The network of a run, pruned for export; by default at the threshold of its study."""
    network, own_threshold = find_network(store, run_id)
    return exported(network, own_threshold if threshold is None else threshold)


def log_model(store: Store, run_id: str, threshold: float | None = None) -> str:
    """Log a network as an MLflow model to its own run, which may be finished.

    Nothing but the store is touched: neither MLflow's tracking URI nor its active run.

    Args:
        store: the store that holds the network and takes the model.
        run_id: the id of the network's run.
        threshold: a connection counts when |w| exceeds it; default: that of its study; 0 leaves
            the network as trained.

    Returns:
        The model's URI, `models:/m-…`, for `mlflow.pyfunc.load_model` and `register_model`.

    Raises:
        InputError: there is no such run, it holds no network, or its training failed.
        TrackingError: the store fails; no model is left as ready then.
    """
    return f"models:/{log_exported(store, find_exported(store, run_id, threshold)).model_id}"


def log_exported(store: Store, network: ExportedNetwork) -> LoggedModel:
    """Log a network that is ready for export; as `log_model`."""
    client, run_id = store.client, network.trained.run_id
    with store.errors("does not take the model"):
        run = client.get_run(run_id)
        logged = client.create_logged_model(
            run.info.experiment_id, NAME, source_run_id=run_id, params=dict(run.data.params)
        )
        status = LoggedModelStatus.FAILED
        try:
            with TemporaryDirectory() as folder:
                path = Path(folder, "model")
                save_pyfunc(
                    network,
                    path,
                    Model(
                        artifact_path=NAME,  # a name, where MLflow would note a folder
                        model_uuid=logged.model_id,
                        run_id=run_id,
                        model_id=logged.model_id,
                    ),
                )
                client.log_model_artifacts(logged.model_id, str(path))
            client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
            status = LoggedModelStatus.READY
        finally:
            logged = client.finalize_logged_model(logged.model_id, status)
    return logged


def register_model(store: Store, model_uri: str, name: str) -> ModelVersion:
    """Make a logged model a version of a registered model, made if there is none.

    `model_uri` is the address that `log_model` returns; an InputError refuses an impossible name.
    """
    check_name(name)
    model_id = model_uri.removeprefix("models:/")
    with store.errors("does not register the model"):
        logged = store.client.get_logged_model(model_id)
        try:
            store.client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        return store.client.create_model_version(
            name, model_uri, run_id=logged.source_run_id, model_id=model_id
        )


def check_name(name: str) -> None:
    """Check that a registered model can have this name, before one is logged for it."""
    try:
        check_model_name(name)
    except MlflowException as error:
        said = without_secrets(error.message)
        raise InputError(f"the registered model {name!r}: {said}") from cleaned(error)


def _choice(study: StudyRecord) -> str:
    """The networks of a study of which no other has both fewer connections and a smaller error."""
    sound = study.networks.loc[~study.networks["failed"]]
    axes = network_axes(study.metrics)
    best = front(sound, axes.x, axes.y)
    lines = [_line(row, axes.y) for row in records(best.head(MOST_SHOWN))]
    rest = f"Study.load({study.run_id!r}).networks lists all {len(study.networks)}"
    return "\n".join([*lines, rest])


def _line(row: dict, error: str) -> str:
    strength = "" if pd.isna(row["l1_weight"]) else f", λ = {row['l1_weight']:g}"
    return (
        f"  {row['run_id']}  {row['group']}{strength}, seed {row['seed']}: "
        f"{row['connections']:g} connections, error {row[error]:.4g}"
    )
