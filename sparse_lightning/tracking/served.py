"""The store of the MLflow server that this process is."""

import os
import posixpath
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.server import handlers
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.utils.uri import is_local_uri

from sparse_lightning.address import Address
from sparse_lightning.secrets import keep_secret
from sparse_lightning.tracking.store import NOT_THERE, Store

# Private names of MLflow: there is no public way from a plugin to the stores of its server.
_OF_SERVER = (
    "_get_tracking_store",
    "_get_model_registry_store",
    "_get_artifact_repo_mlflow_artifacts",
    "_get_proxied_run_artifact_destination_path",
    "_is_servable_proxied_run_artifact_root",
)


class ServedStore(Store):
    """The tracking store that the server has open, with a client that works inside the server.

    Files that clients reach through the server (`mlflow-artifacts:`) are taken from where the
    server keeps them: a server that asked itself for them would need its user's password.
    """

    def __init__(self) -> None:
        from mlflow.server.constants import BACKEND_STORE_URI_ENV_VAR

        given = os.environ.get(BACKEND_STORE_URI_ENV_VAR) or mlflow.get_tracking_uri()
        self.uri = keep_secret(Address(given))
        with self.errors("cannot be opened"):
            self.sql: Any = handlers._get_tracking_store()
            self.client = _ServedClient(self.uri.revealed())

    @property
    def page(self) -> str:
        """Where MLflow's pages are, seen from those of this package."""
        return "../"

    def _repository(self, artifact_uri: str) -> tuple[ArtifactRepository, str]:
        return repository_of(artifact_uri)


class _ServedClient(mlflow.MlflowClient):
    def log_model_artifacts(
        self, model_id: str, local_dir: str, artifact_path: str | None = None
    ) -> None:
        repository, folder = repository_of(self.get_logged_model(model_id).artifact_location)
        place = posixpath.join(folder, artifact_path or "").rstrip("/")
        repository.log_artifacts(local_dir, place or None)


def repository_of(artifact_uri: str) -> tuple[ArtifactRepository, str]:
    """Where the server finds the files under an address, and the folder of them there."""
    if handlers._is_servable_proxied_run_artifact_root(artifact_uri):
        folder = handlers._get_proxied_run_artifact_destination_path(artifact_uri)
        return handlers._get_artifact_repo_mlflow_artifacts(), folder
    return get_artifact_repository(artifact_uri), ""


def is_place_of_server(artifact_uri: str) -> bool:
    """Whether files of an address are on the server's disk, behind it or in its default place."""
    from mlflow.server.constants import ARTIFACT_ROOT_ENV_VAR

    root = os.environ.get(ARTIFACT_ROOT_ENV_VAR)
    return (
        handlers._is_servable_proxied_run_artifact_root(artifact_uri)
        or is_local_uri(artifact_uri)
        or bool(root and artifact_uri.startswith(root))
    )


def has_model(name: str) -> bool:
    """Whether the server's registry holds a registered model of this name.

    Who may not read a model is told by MLflow that it is forbidden, whether or not there is one.

    Raises:
        MlflowException: the registry fails.
    """
    try:
        handlers._get_model_registry_store().get_registered_model(name)
    except MlflowException as error:
        if error.error_code in NOT_THERE:
            return False
        raise
    return True


def check_server() -> None:
    """See to it that this MLflow's server has the inner parts that are used here.

    Raises:
        ImportError: it has not; another version of MLflow is needed.
    """
    missing = [name for name in _OF_SERVER if not hasattr(handlers, name)]
    if missing:
        raise ImportError(
            f"sparse-lightning's page does not work inside MLflow {mlflow.__version__}, which has "
            f"no {', '.join(missing)}; start `mlflow server` without --app-name, or use the MLflow "
            "of sparse-lightning's constraints.txt"
        )
