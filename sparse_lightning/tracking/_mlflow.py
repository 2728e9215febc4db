"""Every use of MLflow's inner parts: private names, its tables, its server's modules.

MLflow may change them in any minor version, some without an error. All were looked at in MLflow
3.17.2; `pyproject.toml` lets no other minor version in. Imports stand inside the functions, as
those of MLflow's SQL store and of its server take seconds.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import mlflow
from mlflow.entities import Metric, Param
from mlflow.store.artifact.artifact_repo import ArtifactRepository

if TYPE_CHECKING:
    from mlflow.models import EvaluationArtifact

COMPARED_VERSIONS = ("3.17.2",)
"""The versions of MLflow whose rows, written in bulk, were compared with those of MLflow's client
(tests/tracking/test_bulk.py). With every other version the client writes."""

OWN_WAYS = ("create_run", "log_batch", "update_run_info", "sanitize_metric_value")
"""The methods of MLflow's SQL store whose rows are written in bulk."""


def is_compared() -> bool:
    """Whether the tables of the installed MLflow are known row for row."""
    return mlflow.__version__ in COMPARED_VERSIONS


# The tracking store and its tables. MLflow's public client makes an object of every value, and its
# pages of search results end at some ten thousand runs.


def backend_of(client: mlflow.MlflowClient) -> Any:
    """The tracking store behind a client; the client has no public way to it."""
    return client._tracking_client.store


def is_sql(store: Any) -> bool:
    """Whether a tracking store is MLflow's own on a SQL database that this process has open."""
    if not hasattr(store, "ManagedSessionMaker"):
        return False
    try:
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    except ImportError:
        return False
    return isinstance(store, SqlAlchemyStore)


def writes_as_mlflow(store: Any) -> bool:
    """Whether a SQL store writes runs as MLflow's own class does, and not in a way of its own."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    return all(getattr(type(store), name) is getattr(SqlAlchemyStore, name) for name in OWN_WAYS)


def tables() -> Mapping[str, Any]:
    """MLflow's tables by their names, once a SQL store has been imported."""
    from mlflow.store.db.base_sql_model import Base

    return Base.metadata.tables


def session_of(store: Any, *, writes: bool = False) -> AbstractContextManager[Any]:
    """A session of a SQL store: one transaction, with MLflow's settings of the database."""
    return store.ManagedSessionMaker(read_only=not writes)


def stored_metric(store: Any, value: float) -> tuple[bool, float]:
    """Whether a value is NaN, and the number that a SQL store has for it."""
    return store.sanitize_metric_value(value)


def checked(metrics: list[Metric], params: list[Param]) -> list[Param]:
    """Params as a SQL store writes them, too long ones cut off if MLflow is set to do so; an
    `MlflowException` where MLflow does not take a name or a value.
    """
    from mlflow.utils import validation

    _, params, _ = validation._validate_batch_log_data(metrics, params, [])
    return params


@contextmanager
def quiet_opening() -> Iterator[None]:
    """Making a new SQLite store is no news to the user; its errors arrive as exceptions."""
    quiet = {"alembic": logging.WARNING, "mlflow.store.db.utils": logging.CRITICAL}
    loggers = {logging.getLogger(name): level for name, level in quiet.items()}
    before = {logger: logger.level for logger in loggers}
    for logger, level in loggers.items():
        logger.setLevel(level)
    try:
        yield
    finally:
        for logger, level in before.items():
            logger.setLevel(level)


def make_tables(address: str) -> None:
    """Make MLflow's tables in an empty SQL database, as its store does on opening one."""
    from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine

    engine = create_sqlalchemy_engine(address)
    try:
        _initialize_tables(engine)
    finally:
        engine.dispose()


# Conditions on runs: only MLflow knows its filter language, and the public search gives whole runs.


def can_select() -> bool:
    """Whether this MLflow has the function that `select_runs` calls."""
    from mlflow.store.tracking import sqlalchemy_store

    return hasattr(sqlalchemy_store, "_get_sqlalchemy_filter_clauses")


def comparisons_of(condition: str) -> list[dict[str, Any]]:
    """The comparisons of a condition: dictionaries with type, key, comparator and value."""
    from mlflow.utils.search_utils import SearchUtils

    return SearchUtils.parse_search_filter(condition)


def select_runs(store: Any, session: Any, comparisons: list[dict[str, Any]]) -> Any:
    """A select of the ids of the runs that meet all comparisons."""
    from mlflow.store.tracking import sqlalchemy_store
    from mlflow.store.tracking.dbmodels.models import SqlRun
    from sqlalchemy import select

    attributes, others, datasets = sqlalchemy_store._get_sqlalchemy_filter_clauses(
        comparisons, session, store._get_dialect()
    )
    query = select(SqlRun.run_uuid)
    for other in others:
        query = query.join(other)
    for dataset in datasets:
        query = query.join(dataset, SqlRun.run_uuid == dataset.c.destination_id)
    return query.where(*attributes)


# Requests and names.


def get_from_server(store: Any, path: str, parameters: dict[str, Any] | None) -> Any:
    """A server's answer to one GET of a path below its address, with the credentials of a client;
    None of other stores. An `MlflowException` says that the server does not answer.
    """
    from mlflow.store.tracking.rest_store import RestStore
    from mlflow.utils.rest_utils import http_request

    if type(store) is not RestStore:
        return None
    return http_request(store.get_host_creds(), path, "GET", max_retries=0, params=parameters)


def is_drawn_name(name: str) -> bool:
    """Whether MLflow has drawn a run's name, as nobody gave it one."""
    from mlflow.utils import name_utils

    first, _, rest = name.partition("-")
    noun, _, number = rest.partition("-")
    drawn = first in name_utils._GENERATOR_PREDICATES and noun in name_utils._GENERATOR_NOUNS
    return drawn and number.isdigit()


def check_model_name(name: str) -> None:
    """Raise an `MlflowException` where no registered model can have a name, before anything is
    written.
    """
    from mlflow.utils.validation import _validate_model_name

    _validate_model_name(name)


def load_artifact(artifact: "EvaluationArtifact", path: str) -> None:
    """Fill an evaluation's artifact from a file; MLflow would download what was logged."""
    artifact._load(path)


@contextmanager
def without_autologging() -> Iterator[None]:
    """Let MLflow's autologging pass over what is fitted here: also what scikit-learn's methods fit
    inside themselves, which no other switch reaches; also a decorator.

    As MLflow's own `disable_autologging`, but it may stand inside another.
    """
    from mlflow.utils import autologging_utils

    if autologging_utils._AUTOLOGGING_GLOBALLY_DISABLED:
        yield
        return
    with autologging_utils.disable_autologging():
        yield


# The MLflow server that this process is: a plugin has no public way to its stores and settings.

_HANDLERS = (
    "_get_tracking_store",
    "_get_model_registry_store",
    "_get_artifact_repo_mlflow_artifacts",
    "_get_proxied_run_artifact_destination_path",
    "_is_servable_proxied_run_artifact_root",
)


def check_server() -> None:
    """Raise an `ImportError` where MLflow's server lacks inner parts that are used here."""
    from mlflow.server import handlers

    missing = [name for name in _HANDLERS if not hasattr(handlers, name)]
    if missing:
        raise ImportError(
            f"sparse-lightning's page does not work inside MLflow {mlflow.__version__}, which has "
            f"no {', '.join(missing)}; start `mlflow server` without --app-name, or use the MLflow "
            "of sparse-lightning's constraints.txt"
        )


def server_store() -> Any:
    """The tracking store that the server has open."""
    from mlflow.server import handlers

    return handlers._get_tracking_store()


def server_registry() -> Any:
    """The model registry that the server has open."""
    from mlflow.server import handlers

    return handlers._get_model_registry_store()


def is_proxied(artifact_uri: str) -> bool:
    """Whether clients reach the files under an address through the server."""
    from mlflow.server import handlers

    return handlers._is_servable_proxied_run_artifact_root(artifact_uri)


def proxied_files(artifact_uri: str) -> tuple[ArtifactRepository, str]:
    """Where the server keeps the files under such an address, and their folder there."""
    from mlflow.server import handlers

    folder = handlers._get_proxied_run_artifact_destination_path(artifact_uri)
    return handlers._get_artifact_repo_mlflow_artifacts(), folder


def server_store_address() -> str | None:
    """The address of the server's tracking store; None where the server was given none."""
    from mlflow.server.constants import BACKEND_STORE_URI_ENV_VAR

    return os.environ.get(BACKEND_STORE_URI_ENV_VAR)


def server_artifact_root() -> str | None:
    """The address under which new experiments have their files; None where there is none."""
    from mlflow.server.constants import ARTIFACT_ROOT_ENV_VAR

    return os.environ.get(ARTIFACT_ROOT_ENV_VAR)


def static_prefix() -> str:
    """What all addresses of this server begin with; empty, or `/…` without a last slash."""
    from mlflow.server.handlers import STATIC_PREFIX_ENV_VAR

    return os.environ.get(STATIC_PREFIX_ENV_VAR, "").rstrip("/")


def server_app(flask_app: Any) -> Any:
    """The app that the web server runs: the Flask app itself, or MLflow's FastAPI app around it."""
    from mlflow.environment_variables import _MLFLOW_SGI_NAME

    if _MLFLOW_SGI_NAME.get() != "uvicorn":
        return flask_app
    from mlflow.server import fastapi_app

    return fastapi_app.app


def basic_auth() -> Any:
    """The module of MLflow's basic-auth app. An `ImportError` says that it lacks a package (`pip
    install "mlflow[auth]"`), an `MlflowException` that it is not configured.
    """
    from mlflow.server import auth

    return auth


def leave_to_page(auth: Any, is_of_page: Callable[[Any], bool]) -> None:
    """Let the page's views check permissions themselves, instead of MLflow's basic-auth app.

    After a user is known, that app refuses every address that it has no check for, unless the user
    is an admin. It has no registry for a plugin's checks, so the function that finds them is
    extended; an `ImportError` where this version of MLflow finds them in another way.
    """
    find = getattr(auth, "_find_validator", None)
    wanted = ("filter_experiment_ids", "sender_is_admin", "authenticate_request")
    if find is None or not all(hasattr(auth, name) for name in wanted):
        raise ImportError(
            "sparse-lightning-basic-auth does not work with this version of MLflow; use that of "
            "sparse-lightning's constraints.txt, or `--app-name basic-auth`, which has no page"
        )
    auth._find_validator = lambda asked: (lambda: True) if is_of_page(asked) else find(asked)
