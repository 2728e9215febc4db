"""How the page's server answers: JSON, compressed; errors as JSON; headers of a careful page."""

import gzip
import json
import logging
import os
from typing import Any

from flask import Response, request
from mlflow.exceptions import MlflowException
from werkzeug.exceptions import HTTPException

from sparse_lightning.errors import InputError, SparseLightningError
from sparse_lightning.secrets import traceback_of

logger = logging.getLogger(__name__)

SMALLEST_COMPRESSED = 1000
"""Fewer bytes go as they are."""

COMPRESSION = 1
"""Of columns of numbers, higher levels save little and take several times as long."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors {ancestors}"
)
"""Content-Security-Policy: the page runs no script and reads no data but its own server's."""


class RefusedError(Exception):
    """An answer other than the one that was asked for.

    Args:
        status: of HTTP.
        message: what is wrong, for the user.
    """

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


def answer(document: Any, status: int = 200) -> Response:
    """A JSON document, which nobody but its user may keep."""
    body = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    response = Response(body.encode(), status, content_type="application/json")
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Encoding"
    if len(body) > SMALLEST_COMPRESSED and request.accept_encodings["gzip"] > 0:
        response.set_data(gzip.compress(response.get_data(), COMPRESSION))
        response.headers["Content-Encoding"] = "gzip"
    return response


def refusal(error: Exception) -> Response:
    """What an error says to the user; never where in the code it came from."""
    status, message = _told(error)
    if status >= 500:
        # Not `exc_info`: what MLflow and the database say names the store with its password.
        logger.error("%s %s failed\n%s", request.method, request.path, traceback_of(error))
    return answer({"error": message}, status)


def _told(error: Exception) -> tuple[int, str]:
    if isinstance(error, RefusedError):
        return error.status, str(error)
    if isinstance(error, InputError):
        return 404, str(error)
    cause = error.__cause__ if isinstance(error, SparseLightningError) else error
    if isinstance(cause, MlflowException) and cause.get_http_status_code() < 500:
        return cause.get_http_status_code(), cause.message
    if isinstance(error, HTTPException):
        return error.code or 500, error.description or error.name
    if isinstance(error, SparseLightningError):
        # Its message names the store's address, which only those who run the server may know.
        return 502, "MLflow's store does not give what was asked for; the server's log says more"
    return 500, "the server failed; its log says more"


def guard(response: Response) -> Response:
    """Add the headers that every answer under the page's address has."""
    from mlflow.environment_variables import MLFLOW_SERVER_X_FRAME_OPTIONS

    framed = (MLFLOW_SERVER_X_FRAME_OPTIONS.get() or "").upper()
    ancestors = {"DENY": "'none'", "NONE": "*"}.get(framed, "'self'")
    response.headers["Content-Security-Policy"] = POLICY.format(ancestors=ancestors)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def static_prefix() -> str:
    """What all addresses of this MLflow server begin with; empty, or `/…` without a last slash."""
    from mlflow.server.handlers import STATIC_PREFIX_ENV_VAR

    return os.environ.get(STATIC_PREFIX_ENV_VAR, "").rstrip("/")
