"""The answers of the page's server: compressed JSON, errors as JSON, the page's files."""

import json
import logging
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Response, request, send_from_directory
from mlflow.exceptions import MlflowException
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from sparse_lightning.errors import DamagedError, InputError, SparseLightningError
from sparse_lightning.page.networks import TooLargeError
from sparse_lightning.secrets import traceback_of
from sparse_lightning.server.store import HiddenError
from sparse_lightning.server.words import RefusedError, Words
from sparse_lightning.tracking.conditions import ConditionError
from sparse_lightning.tracking.limits import TooMuchError

logger = logging.getLogger(__name__)

SMALLEST_COMPRESSED = 1000
"""Bytes; a shorter answer is not compressed."""

COMPRESSION = 1
"""A level of zlib; higher ones save little of columns of numbers and take several times as long."""

AT_ONCE = 5_000
"""Values that are written as JSON in one call, during which Python answers nobody else."""

PAGE = Path(__file__).parents[1] / "page" / "built"
"""The folder of the page."""

HASHED = re.compile(r"[-.][0-9A-Za-z_-]{8,}\.(?:js|css|woff2|svg|png|map)$")
"""File names with a hash of the content: a browser may keep such a file for good."""

YEAR = 365 * 24 * 3600

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors {ancestors}"
)
"""Content-Security-Policy: the page runs no script and reads no data but its own server's."""


def answer(document: Any, status: int = 200) -> Response:
    """An answer of JSON that no shared cache may store."""
    body = b"".join(json_parts(document))
    response = Response(status=status, content_type="application/json")
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Encoding"
    if len(body) > SMALLEST_COMPRESSED and request.accept_encodings["gzip"] > 0:
        compressor = zlib.compressobj(COMPRESSION, wbits=16 + zlib.MAX_WBITS)
        body = compressor.compress(body) + compressor.flush()
        response.headers["Content-Encoding"] = "gzip"
    response.set_data(body)
    return response


def json_parts(document: Any) -> Iterator[bytes]:
    r"""A document as JSON, part by part.

    It consists of dicts with keys of text, lists and tuples, texts and finite numbers. Half of a
    surrogate pair, which no UTF-8 can hold, is written as `\udXXX`, as JSON has it.
    """
    if isinstance(document, dict):
        yield b"{"
        for place, (key, value) in enumerate(document.items()):
            yield b"," * bool(place) + _part(key) + b":"
            yield from json_parts(value)
        yield b"}"
    elif _is_list(document) and document and isinstance(document[0], dict | list | tuple):
        yield b"["
        for place, value in enumerate(document):
            yield b"," * bool(place)
            yield from json_parts(value)
        yield b"]"
    elif _is_list(document) and len(document) > AT_ONCE:
        yield b"["
        for start in range(0, len(document), AT_ONCE):
            yield b"," * bool(start) + _part(document[start : start + AT_ONCE])[1:-1]
        yield b"]"
    else:
        yield _part(document)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _part(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def refusal(error: Exception) -> Response:
    """The answer to a request that failed, in the server's own words."""
    refused = _refused(error)
    if refused.status >= 500:
        # Not `exc_info`: what MLflow and the database say names the store with its password.
        logger.error("%s %s failed\n%s", request.method, request.path, traceback_of(error))
    response = answer({"error": str(refused)}, refused.status)
    if refused.words is Words.BUSY:
        response.headers["Retry-After"] = "1"
    return response


def _refused(error: Exception) -> RefusedError:
    run_id = (request.view_args or {}).get("run_id", "")
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, ConditionError):
        return RefusedError(Words.FILTER, text=error.message)
    if isinstance(error, TooMuchError):
        return RefusedError(Words.TOO_MUCH)
    if isinstance(error, TooLargeError):
        return RefusedError(Words.LARGE_NETWORK)
    if isinstance(error, HiddenError):
        return RefusedError(Words.NO_RUN, text=run_id)
    if isinstance(error, DamagedError):
        return RefusedError(Words.DAMAGED, text=run_id)
    if isinstance(error, InputError):
        return RefusedError(Words.NO_NETWORK, text=run_id)
    if isinstance(error, RequestEntityTooLarge):
        return RefusedError(Words.LONG_BODY)
    if isinstance(error, HTTPException) and (error.code or 500) < 500:
        words = Words.METHOD if error.code == 405 else Words.NO_ADDRESS
        return RefusedError(words, text=request.method)
    if isinstance(error, SparseLightningError | MlflowException):
        return RefusedError(Words.STORE)
    return RefusedError(Words.FAILED)


def page_file(folder: Path, name: str) -> Response:
    """A file of the page; none outside of its folder.

    Raises a RefusedError where the page was not built, NotFound where there is no such file.
    """
    if not (folder / "index.html").is_file():
        raise RefusedError(Words.NO_PAGE)
    response = send_from_directory(folder.resolve(), name)
    if HASHED.search(name):
        response.headers["Cache-Control"] = f"private, max-age={YEAR}, immutable"
    else:
        response.headers["Cache-Control"] = "private, no-cache"
    return response


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
