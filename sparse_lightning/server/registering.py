"""Registering a network as a version of a model, with the rights that MLflow asks for."""

from typing import Any
from urllib.parse import quote, urlsplit

from flask import request
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from sparse_lightning.page.networks import check_size
from sparse_lightning.server.limits import LONGEST_BODY
from sparse_lightning.server.permissions import call, check
from sparse_lightning.server.store import UserStore
from sparse_lightning.server.words import RefusedError, Words
from sparse_lightning.tracking._mlflow import check_model_name
from sparse_lightning.tracking.networks import study_of
from sparse_lightning.tracking.servers import has_model

LONGEST_NAME = 256
"""Characters in the name of a registered model, as in MLflow's tables."""


def requested_name() -> str:
    """The model's name in the request that is being answered.

    Raises:
        RefusedError: the request may be another site's, or holds no valid name.
    """
    # A form or a link of a foreign page can set neither without the browser asking first.
    if request.mimetype != "application/json" or request.headers.get("X-Sparse-Lightning") != "1":
        raise RefusedError(Words.NO_HEADER)
    if _is_foreign():
        raise RefusedError(Words.OTHER_SITE)
    request.max_content_length = LONGEST_BODY  # of a body that does not tell its length, too
    try:
        body = request.get_json(silent=True)
    except RecursionError as error:
        raise RefusedError(Words.BODY) from error
    name = body.get("name") if isinstance(body, dict) else None
    if not isinstance(name, str):
        raise RefusedError(Words.BODY)
    try:
        check_model_name(name)
    except MlflowException as error:
        raise RefusedError(Words.MODEL_NAME) from error
    # What cannot be printed cannot be written by every database either.
    if not name.isprintable() or len(name) > LONGEST_NAME:
        raise RefusedError(Words.MODEL_NAME)
    return name


def _is_foreign() -> bool:
    """Whether a browser sent the request for a page of another site.

    Browsers name the site, but to a server without TLS only as the origin; other programs name
    neither.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    try:
        return origin is not None and urlsplit(origin).netloc != request.host
    except ValueError:  # it is no address
        return True


def register(store: UserStore, run: Run, name: str) -> dict[str, Any]:
    """Log a network as a model of its run, and make that a version of a registered model.

    The registered model is made if there is none. MLflow is asked for every permission before
    anything is written. Returns name, version, and the version's address in MLflow's pages.

    Raises:
        RefusedError: MLflow refuses.
        InputError: the run holds no sound network, or too large a one.
        TrackingError: the store fails.
    """
    try:
        from sparse_lightning.integrations.exporting.logging import find_network, log_exported
        from sparse_lightning.integrations.exporting.pruned import exported
    except ImportError as error:
        raise RefusedError(Words.NO_EXPORT) from error
    run_id, experiment_id = run.info.run_id, run.info.experiment_id
    store.run(study_of(run))
    check("POST", "2.0/mlflow/runs/set-tag", {"run_id": run_id, "key": "model", "value": name})
    check("POST", "2.0/mlflow/runs/outputs", {"run_id": run_id, "models": []})
    check("POST", "2.0/mlflow/logged-models", {"experiment_id": experiment_id, "name": "network"})
    known = has_model(name)
    if known:
        source = {"name": name, "source": str(run.info.artifact_uri), "run_id": run_id}
        check("POST", "2.0/mlflow/model-versions/create", source)
    else:
        check("POST", "2.0/mlflow/registered-models/create", {"name": name})
    network, threshold = find_network(store, run_id)
    check_size(network)
    model_id = log_exported(store, exported(network, threshold)).model_id
    if not known:
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
