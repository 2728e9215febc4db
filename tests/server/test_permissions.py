"""The questions to MLflow's basic-auth, and what happens where it does not answer them."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, g, request

from sparse_lightning.server.permissions import (
    BLUEPRINT,
    KNOWN_USER,
    BasicAuth,
    _is_of_page,
    _know_users,
)
from sparse_lightning.server.words import RefusedError
from sparse_lightning.tracking._mlflow import leave_to_page


class Auth(SimpleNamespace):
    """A stand-in for `mlflow.server.auth`."""

    admin = False
    asked = 0

    def _find_validator(self, _: Any) -> Any:
        return "MLflow's own"

    def filter_experiment_ids(self, experiments: list[str]) -> list[str]:
        return [number for number in experiments if number == "1"]

    def sender_is_admin(self) -> bool:
        return self.admin

    def authenticate_request(self) -> Any:
        self.asked += 1
        return SimpleNamespace(username="someone")


def asked_page() -> Any:
    """A request to an address of the page."""
    page, app = Blueprint(BLUEPRINT, "x"), Flask("x")
    page.add_url_rule("/", "page", lambda: "")
    app.register_blueprint(page)
    return app.test_request_context("/")


def basic_auth(auth: Any) -> BasicAuth:
    permissions = BasicAuth.__new__(BasicAuth)
    permissions._auth = auth
    return permissions


def test_mlflow_s_filter_is_asked():
    assert basic_auth(Auth()).readable(["1", "2"]) == ["1"]


def test_what_mlflow_gives_back_because_it_fails_is_not_believed():
    """Its filter returns all that it was asked for where something in it raises."""
    auth = Auth(filter_experiment_ids=lambda experiments: experiments)
    with pytest.raises(RefusedError) as raised:
        basic_auth(auth).readable(["1", "2"])
    assert raised.value.status == 503
    auth.admin = True
    assert basic_auth(auth).readable(["1", "2"]) == ["1", "2"]


def test_a_password_is_checked_once_a_request():
    auth = Auth()
    _know_users(auth)
    permissions = basic_auth(auth)
    with asked_page():
        assert permissions.authenticate() is None
        assert permissions.user() == "someone"
        assert permissions.user() == "someone"
        assert auth.asked == 1
    with asked_page():
        assert permissions.user() == "someone"
    assert auth.asked == 2


def test_who_is_not_known_stays_unknown():
    auth = Auth(authenticate_request=lambda: Response("who?", 401))
    _know_users(auth)
    permissions = basic_auth(auth)
    with asked_page():
        for _ in range(2):
            refused = permissions.authenticate()
            assert refused is not None
            assert refused.status_code == 401
        assert g.get(KNOWN_USER) is None


def test_the_page_s_views_alone_are_left_to_the_page():
    auth = Auth()
    leave_to_page(auth, _is_of_page)
    app = Flask("x")
    with app.test_request_context("/sparse-lightning/api"):
        assert auth._find_validator(request) == "MLflow's own"
        assert auth._find_validator(SimpleNamespace(blueprint=BLUEPRINT))() is True


def test_another_mlflow_is_refused():
    with pytest.raises(ImportError, match="does not work with this version"):
        leave_to_page(SimpleNamespace(), _is_of_page)
