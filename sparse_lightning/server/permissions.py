"""What a user may see and do: whatever MLflow lets them, and MLflow itself is asked."""

import contextvars
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from flask import Request, Response, current_app, request

from sparse_lightning.server.answers import RefusedError, static_prefix

BLUEPRINT = "sparse_lightning"
"""Flask's name of the page's addresses."""

_OF_ONE_REQUEST = ("content-length", "content-type", "transfer-encoding", "origin", "referer")


class Permissions(Protocol):
    """Who may do what."""

    def authenticate(self) -> Response | None:
        """The answer to a request whose user is not known; None if all is well."""
        ...

    def user(self) -> str | None:
        """The name of the user; None where there are no users."""
        ...

    def readable(self, experiments: Sequence[str]) -> list[str]:
        """Those of these experiments whose runs the user may read."""
        ...


class Everyone:
    """A server without users: everybody may do everything."""

    def authenticate(self) -> Response | None:
        return None

    def user(self) -> str | None:
        return None

    def readable(self, experiments: Sequence[str]) -> list[str]:
        return list(experiments)


class BasicAuth:
    """The users of MLflow's basic-auth app."""

    def __init__(self) -> None:
        from mlflow.server import auth

        self._auth = auth
        _answer_for(auth)

    def authenticate(self) -> Response | None:
        # MLflow's own hook asks as well, but leaves out paths that begin like `/static`.
        known = self._auth.authenticate_request()
        return known if isinstance(known, Response) else None

    def user(self) -> str | None:
        known: Any = self._auth.authenticate_request()
        return known.username

    def readable(self, experiments: Sequence[str]) -> list[str]:
        return self._auth.filter_experiment_ids(list(experiments))


def _answer_for(auth: Any) -> None:
    """Tell MLflow's basic-auth app that the page's views see to permissions themselves.

    After a user is known, that app refuses every address that it has no check for, unless the user
    is an admin. It has no registry for a plugin's checks, so the function that finds them is
    extended: by the view that Flask has chosen, as a path could be made to look like the page's.

    Raises:
        ImportError: this version of MLflow finds its checks in another way.
    """
    find = getattr(auth, "_find_validator", None)
    if find is None or not hasattr(auth, "filter_experiment_ids"):
        raise ImportError(
            "sparse-lightning-basic-auth does not work with this version of MLflow; use that of "
            "sparse-lightning's constraints.txt, or `--app-name basic-auth`, which has no page"
        )

    def find_validator(asked: Request) -> Callable[[], bool] | None:
        return (lambda: True) if asked.blueprint == BLUEPRINT else find(asked)

    auth._find_validator = find_validator


def check(method: str, path: str, body: dict[str, Any]) -> None:
    """See to it that MLflow would let this user do something, without doing it.

    Args:
        method: of the request to MLflow's own API that would do it.
        path: of that request, after `/ajax-api/`.
        body: of that request.

    Raises:
        RefusedError: it would not.
    """
    asked = _as_the_user(method, path, body)
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]

    def ask() -> Response | None:
        with app.test_request_context(**asked):
            response = app.preprocess_request()
            return None if response is None else app.make_response(response)

    # In a context of its own nothing changes of the request that is being answered, such as the
    # user or the workspace that MLflow has noted for it.
    response = contextvars.Context().run(ask)
    if response is not None:
        raise _refused(response)


def call(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Do something by MLflow's own API in the name of this request's user.

    Args:
        method: of the request.
        path: of the request, after `/ajax-api/`.
        body: of the request, or its query.

    Raises:
        RefusedError: MLflow refuses, or fails.
    """
    client = current_app.test_client()
    asked = _as_the_user(method, path, body)
    response = contextvars.Context().run(lambda: client.open(**asked))
    if response.status_code >= 400:
        raise _refused(response)
    return response.get_json()


def _as_the_user(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """A request to MLflow with the credentials of the one that is being answered."""
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


def _refused(response: Any) -> RefusedError:
    said = response.get_json(silent=True)
    message = said.get("message") if isinstance(said, dict) else response.get_data(as_text=True)
    if response.status_code == 403:
        message = "MLflow does not let you do this"
    return RefusedError(response.status_code, str(message))
