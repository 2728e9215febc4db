"""What a user may see and do: what MLflow allows, by asking MLflow itself."""

import contextvars
from collections.abc import Sequence
from typing import Any, Protocol

from flask import Request, Response, current_app, g, request

from sparse_lightning.server.words import BY_STATUS, RefusedError, Words
from sparse_lightning.tracking._mlflow import basic_auth, leave_to_page, static_prefix

BLUEPRINT = "sparse_lightning"
"""Flask's name of the page's addresses."""

KNOWN_USER = "sparse_lightning_known_user"
"""The attribute of Flask's `g` with MLflow's answer about the user of this request."""

_OF_ONE_REQUEST = ("content-length", "content-type", "transfer-encoding", "origin", "referer")


class Permissions(Protocol):
    """What the user of a request may see."""

    def authenticate(self) -> Response | None:
        """The answer to a request whose user is not known; None if all is well."""
        ...

    def user(self) -> str | None:
        """The name of the user; None where there are no users."""
        ...

    def readable(self, experiments: Sequence[str]) -> list[str]:
        """Those of these experiments whose runs the user may find.

        Raises a RefusedError where MLflow does not say.
        """
        ...

    def may_read(self, run_id: str) -> bool:
        """Whether the user may read a run that there is, and its files."""
        ...


class Everyone:
    """A server without users: everybody may do everything."""

    def authenticate(self) -> Response | None:
        return None

    def user(self) -> str | None:
        return None

    def readable(self, experiments: Sequence[str]) -> list[str]:
        return list(experiments)

    def may_read(self, run_id: str) -> bool:
        return True


class BasicAuth:
    """The users of MLflow's basic-auth app."""

    def __init__(self) -> None:
        self._auth = basic_auth()
        leave_to_page(self._auth, _is_of_page)
        _know_users(self._auth)

    def authenticate(self) -> Response | None:
        # MLflow's own hook asks as well, but leaves out paths that begin like `/static`.
        known = self._auth.authenticate_request()
        return known if isinstance(known, Response) else None

    def user(self) -> str | None:
        known: Any = self._auth.authenticate_request()
        return known.username

    def readable(self, experiments: Sequence[str]) -> list[str]:
        asked = list(experiments)
        found = self._auth.filter_experiment_ids(asked)
        # Where something of MLflow's fails, it gives back all that it was asked for.
        if found is asked and not self._auth.sender_is_admin():
            raise RefusedError(Words.UNKNOWN_USER)
        return found

    def may_read(self, run_id: str) -> bool:
        try:
            check("GET", "2.0/mlflow/runs/get", {"run_id": run_id})
        except RefusedError as error:
            if error.status in (403, 404):
                return False
            raise
        return True


def _is_of_page(asked: Request) -> bool:
    """By the view that Flask has chosen, as a path could be made to look like the page's."""
    return asked.blueprint == BLUEPRINT


def _know_users(auth: Any) -> None:
    """Let MLflow check the password of a request to the page once.

    Every question to MLflow checks it anew, which takes a tenth of a second each time by design,
    and tells by the time that it takes how many questions there were.
    """
    authenticate = auth.authenticate_request

    def authenticate_request() -> Any:
        known = g.get(KNOWN_USER)
        if known is None:
            known = authenticate()
            if _is_of_page(request) and not isinstance(known, Response):
                setattr(g, KNOWN_USER, known)
        return known

    auth.authenticate_request = authenticate_request


def check(method: str, path: str, body: dict[str, Any]) -> None:
    """Ask MLflow whether it would allow a request of this user to its API, without sending it.

    `path` is the address after `/ajax-api/`. Raises a RefusedError where it would not.
    """
    asked = _as_the_user(method, path, body)
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    known = g.get(KNOWN_USER)

    def ask() -> int | None:
        with app.test_request_context(**asked):
            if known is not None:
                setattr(g, KNOWN_USER, known)
            response = app.preprocess_request()
            return None if response is None else app.make_response(response).status_code

    # In a context of its own nothing changes of the request that is being answered, such as the
    # user or the workspace that MLflow has noted for it.
    status = contextvars.Context().run(ask)
    if status is not None:
        raise _refused(status)


def call(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send a request to MLflow's API in the name of this request's user; the answer's document.

    `path` is the address after `/ajax-api/`, `body` the JSON, or the query of a GET. Raises a
    RefusedError where MLflow refuses, or fails.
    """
    client = current_app.test_client()
    asked = _as_the_user(method, path, body)
    response = contextvars.Context().run(lambda: client.open(**asked))
    if response.status_code >= 400:
        raise _refused(response.status_code)
    return response.get_json()


def _as_the_user(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """A request to MLflow with the credentials of the request that is being answered."""
    headers = [
        (name, value) for name, value in request.headers if name.lower() not in _OF_ONE_REQUEST
    ]
    content = {"query_string": body} if method == "GET" else {"json": body}
    return {
        "path": f"{static_prefix()}/ajax-api/{path}",
        "method": method,
        "headers": headers,
        "base_url": request.host_url,
        **content,
    }


def _refused(status: int) -> RefusedError:
    """The server's words for a refusal of MLflow's, whose own may name folders of the server."""
    if status in (401, 404):
        return RefusedError(Words.NOT_ALLOWED)
    return RefusedError(BY_STATUS.get(status, Words.STORE if status >= 500 else Words.REFUSED))
