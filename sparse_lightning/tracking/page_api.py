"""What a server with this package's page tells faster than by MLflow's own addresses.

MLflow's answers spell out every value of every run, and take a server ten times as long to make.
Whatever is None here, because the store is no such server or one of another version, is to be read
through MLflow's own addresses, which say why where they fail as well.
"""

from typing import Any, TypeVar

from mlflow.exceptions import MlflowException
from pydantic import TypeAdapter, ValidationError

from sparse_lightning.tracking._mlflow import get_from_server
from sparse_lightning.tracking.columns import RunColumns

ADDRESS = "/sparse-lightning"
"""Of the page, below that of MLflow."""

Document = TypeVar("Document")


def told_columns(store: Any, asked: dict[str, Any]) -> RunColumns | None:
    """The newest runs that a server selects, as `GET api/columns` takes them
    (docs/reference/page-data.md).
    """
    return _told(store, "columns", RunColumns, asked)


def told_history(store: Any, run_id: str) -> dict[str, dict[str, list[Any]]] | None:
    """The history of a run, as `history.read_history` returns it."""
    told = _told(store, f"networks/{run_id}/history", dict[str, dict[str, dict[str, list[Any]]]])
    return None if told is None else told.get("metrics")


def _told(
    store: Any, path: str, kind: type[Document], asked: dict[str, Any] | None = None
) -> Document | None:
    try:
        response = get_from_server(store, f"{ADDRESS}/api/{path}", asked)
        if response is not None and response.status_code == 200:
            return TypeAdapter(kind).validate_json(response.content)
    except (MlflowException, ValidationError):
        pass  # MLflow's own addresses will do, or fail with a message
    return None
