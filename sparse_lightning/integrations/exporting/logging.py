"""Networks as models of the tracking store: on the Models page, and in the registry."""

from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from sparse_lightning.errors import InputError
from sparse_lightning.integrations.exporting.finding import find_exported
from sparse_lightning.integrations.exporting.pruned import ExportedNetwork
from sparse_lightning.integrations.exporting.pyfunc import save_pyfunc
from sparse_lightning.secrets import cleaned, without_secrets
from sparse_lightning.tracking import Store
from sparse_lightning.tracking._mlflow import check_model_name

NAME = "network"
"""Of the logged model."""


def log_model(store: Store, run_id: str, threshold: float | None = None) -> str:
    """Log a network as an MLflow model to its own run, which may be finished.

    Nothing but the store is touched: neither MLflow's tracking URI nor its active run.

    Args:
        store: that holds the network and takes the model.
        run_id: of the network's run.
        threshold: a connection counts when |w| exceeds it; default: that of its study; 0 leaves
            the network as trained.

    Returns:
        The model's URI, `models:/m-…`, for `mlflow.pyfunc.load_model` and `register_model`.

    Raises:
        InputError: there is no such run, it holds no network, or its training failed.
        TrackingError: the store fails; no model is left as ready then.
    """
    return f"models:/{log_exported(store, find_exported(store, run_id, threshold)).model_id}"


def log_exported(store: Store, made: ExportedNetwork) -> LoggedModel:
    """Log a network that is ready for export; as `log_model`."""
    client, run_id = store.client, made.network.run_id
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
                    made,
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
    """Make a logged model a version of a registered model, which is made if there is none.

    Args:
        store: that holds the model.
        model_uri: as `log_model` returns it.
        name: of the registered model.

    Raises:
        InputError: the name cannot be one.
        TrackingError: the store fails, or holds no such model.
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
    """See to it that a registered model can have this name, before one is logged for it.

    Raises:
        InputError: it cannot.
    """
    try:
        check_model_name(name)
    except MlflowException as error:
        said = without_secrets(error.message)
        raise InputError(f"the registered model {name!r}: {said}") from cleaned(error)
