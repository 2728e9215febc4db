"""Registering a network as a version of a model, with the rights that MLflow asks for."""

from typing import Any
from urllib.parse import quote

from flask import request
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.validation import _validate_model_name

from sparse_lightning.server.answers import RefusedError
from sparse_lightning.server.permissions import call, check
from sparse_lightning.tracking.served import ServedStore

LONGEST_REQUEST = 10_000
"""In bytes; it holds but a name."""


def requested_name() -> str:
    """The name of the model that a request asks for.

    Raises:
        RefusedError: another site's page may have sent it, or it holds no such name.
    """
    # A form or a link of a foreign page can set neither without the browser asking first.
    if request.mimetype != "application/json" or request.headers.get("X-Sparse-Lightning") != "1":
        raise RefusedError(
            403, "registering needs the content type application/json and X-Sparse-Lightning: 1"
        )
    # Browsers say so where a server allows foreign pages to set headers.
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise RefusedError(403, "a page of another site may not register models here")
    if (request.content_length or 0) > LONGEST_REQUEST:
        raise RefusedError(400, "the request is too long for the name of a model")
    body = request.get_json(silent=True)
    name = body.get("name") if isinstance(body, dict) else None
    if not isinstance(name, str) or not name.strip():
        raise RefusedError(400, 'the request must be like {"name": "the name of the model"}')
    try:
        _validate_model_name(name)
    except MlflowException as error:
        raise RefusedError(400, error.message) from error
    return name


def register(store: ServedStore, run: Run, name: str) -> dict[str, Any]:
    """Log a network as a model of its run, and make that a version of a registered model.

    Everything that MLflow could refuse its user is asked before anything is written.

    Args:
        store: of this server.
        run: of the network, which the user may read.
        name: of the registered model, which is made if there is none.

    Returns:
        name, version, and the address of the version in MLflow's pages.

    Raises:
        RefusedError: MLflow refuses.
        InputError: the run holds no sound network.
        TrackingError: the store fails.
    """
    try:
        from sparse_lightning.exporting import log_model
    except ImportError as error:
        raise RefusedError(501, "this installation cannot make models of networks") from error
    run_id, experiment_id = run.info.run_id, run.info.experiment_id
    check("POST", "2.0/mlflow/runs/set-tag", {"run_id": run_id, "key": "model", "value": name})
    check("POST", "2.0/mlflow/logged-models", {"experiment_id": experiment_id, "name": "network"})
    made = _is_made(name)
    if made:
        source = {"name": name, "source": str(run.info.artifact_uri), "run_id": run_id}
        check("POST", "2.0/mlflow/model-versions/create", source)
    else:
        check("POST", "2.0/mlflow/registered-models/create", {"name": name})
    model_id = log_model(store, run_id).removeprefix("models:/")
    if not made:
        call("POST", "2.0/mlflow/registered-models/create", {"name": name})
    version = call(
        "POST",
        "2.0/mlflow/model-versions/create",
        {
            "name": name,
            "source": store.client.get_logged_model(model_id).artifact_location,
            "run_id": run_id,
            "model_id": model_id,
        },
    )["model_version"]["version"]
    address = f"#/models/{quote(name, safe='')}/versions/{version}"
    return {"name": name, "version": str(version), "address": address}


def _is_made(name: str) -> bool:
    try:
        call("GET", "2.0/mlflow/registered-models/get", {"name": name})
    except RefusedError as error:
        if error.status == 404:
            return False
        raise
    return True
