"""Servers with this package's page: the store of this process's own, and requests to others.

The requests get what MLflow's own addresses give more slowly: MLflow spells out every value of
every run, which takes a server ten times as long. A request returns None where the store is no such
server or one of another version; the same is then to be read through MLflow's own addresses, which
say why where they fail as well.
"""

import posixpath
from typing import Any, TypeVar

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.utils.uri import is_local_uri
from pydantic import TypeAdapter, ValidationError

from sparse_lightning.address import Address
from sparse_lightning.secrets import keep_secret
from sparse_lightning.tracking import _mlflow
from sparse_lightning.tracking._mlflow import get_from_server
from sparse_lightning.tracking.columns import RunColumns
from sparse_lightning.tracking.store import NOT_THERE, Store

ADDRESS = "/sparse-lightning"
"""The page's address below that of MLflow."""

Document = TypeVar("Document")


class ServedStore(Store):
    """The tracking store that the server has open, with a client that works inside the server.

    Files that clients reach through the server (`mlflow-artifacts:`) are taken from where the
    server keeps them: a server that asked itself for them would need its user's password.
    """

    def __init__(self) -> None:
        given = _mlflow.server_store_address() or mlflow.get_tracking_uri()
        self.uri = keep_secret(Address(given))
        with self.errors("cannot be opened"):
            self.sql: Any = _mlflow.server_store()
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
    if _mlflow.is_proxied(artifact_uri):
        return _mlflow.proxied_files(artifact_uri)
    return get_artifact_repository(artifact_uri), ""


def is_place_of_server(artifact_uri: str) -> bool:
    """Whether files of an address are on the server's disk, behind it or in its default place."""
    root = _mlflow.server_artifact_root()
    return (
        _mlflow.is_proxied(artifact_uri)
        or is_local_uri(artifact_uri)
        or bool(root and artifact_uri.startswith(root))
    )


def has_model(name: str) -> bool:
    """Whether the server's registry holds a registered model of this name. MLflow refuses a user
    who may not read a model, whether or not there is one.
    """
    try:
        _mlflow.server_registry().get_registered_model(name)
    except MlflowException as error:
        if error.error_code in NOT_THERE:
            return False
        raise
    return True


def fetch_columns(store: Any, asked: dict[str, Any]) -> RunColumns | None:
    """The newest runs that a server selects, as `GET api/columns` takes them
    (docs/reference/page-data.md).
    """
    return _fetch(store, "columns", RunColumns, asked)


def fetch_history(store: Any, run_id: str) -> dict[str, dict[str, list[Any]]] | None:
    """The history of a run, as `history.read_history` returns it."""
    answer = _fetch(store, f"networks/{run_id}/history", dict[str, dict[str, dict[str, list[Any]]]])
    return None if answer is None else answer.get("metrics")


def _fetch(
    store: Any, path: str, kind: type[Document], asked: dict[str, Any] | None = None
) -> Document | None:
    try:
        response = get_from_server(store, f"{ADDRESS}/api/{path}", asked)
        if response is not None and response.status_code == 200:
            return TypeAdapter(kind).validate_json(response.content)
    except (MlflowException, ValidationError):
        pass  # MLflow's own addresses will do, or fail with a message
    return None
