"""MLflow's Flask app with the page's addresses, over whichever store a test has."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def page_api() -> Any:
    """The addresses, registered once: Flask takes no more after its first request."""
    from mlflow.server import app

    from sparse_lightning.server.api import Api
    from sparse_lightning.server.permissions import Everyone

    api = Api(Everyone())
    app.register_blueprint(api.blueprint(), url_prefix="/sparse-lightning")
    return api


@pytest.fixture
def serve(page_api: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Path], Any]:
    """Let the app serve a store: `serve(uri, folder of artifacts)` gives Flask's test client."""
    import mlflow.tracking._model_registry.utils as registry
    import mlflow.tracking._tracking_service.utils as tracking
    from mlflow.server import app, handlers

    # MLflow keeps these for the life of a server.
    for name in ("_tracking_store", "_model_registry_store", "_artifact_repo"):
        monkeypatch.setattr(handlers, name, None)
    monkeypatch.setattr(tracking, "_tracking_uri", tracking._tracking_uri)
    monkeypatch.setattr(registry, "_registry_uri", registry._registry_uri)
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.delenv("MLFLOW_REGISTRY_URI")

    def client(uri: str, folder: Path) -> Any:
        monkeypatch.setenv("_MLFLOW_SERVER_FILE_STORE", uri)
        monkeypatch.setenv("_MLFLOW_SERVER_ARTIFACT_ROOT", str(folder))
        monkeypatch.setenv("_MLFLOW_SERVER_ARTIFACT_DESTINATION", str(folder))
        return app.test_client()

    return client
