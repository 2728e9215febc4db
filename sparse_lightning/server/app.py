"""The apps of `mlflow server --app-name …` (entry points in pyproject.toml)."""

import sys
from typing import Any

from sparse_lightning.server.api import Api
from sparse_lightning.server.permissions import BasicAuth, Everyone, Permissions
from sparse_lightning.tracking._mlflow import basic_auth, check_server, server_app, static_prefix
from sparse_lightning.tracking.servers import ADDRESS

SWITCH_SECONDS = 0.0005
"""How long a thread that computes keeps Python while others wait: a tenth of the default. A light
request asks the database dozens of times, and waits so long each time for each heavy one."""


def create_app() -> Any:
    """MLflow's server with the page under `PREFIX/sparse-lightning/` and nothing else changed.

    Returns:
        The app for the web server that MLflow has started.

    Raises:
        ImportError: this version of MLflow cannot be extended in this way.
    """
    return server_app(_with_page(Everyone()))


def create_basic_auth_app() -> Any:
    """As `create_app`, with the users and permissions of MLflow's basic-auth app.

    Raises:
        ImportError: this version of MLflow cannot be extended in this way, or its basic-auth app
            lacks a package (`pip install "mlflow[auth]"`).
        MlflowException: the basic-auth app is not configured.
    """
    return basic_auth().create_app(_with_page(BasicAuth()))


def _with_page(permissions: Permissions) -> Any:
    from mlflow.server import app

    check_server()
    sys.setswitchinterval(SWITCH_SECONDS)
    app.register_blueprint(Api(permissions).blueprint(), url_prefix=static_prefix() + ADDRESS)
    return app
