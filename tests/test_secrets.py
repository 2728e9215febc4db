import pickle
import traceback

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException, RestException
from sqlalchemy.exc import OperationalError

import sparse_lightning
from sparse_lightning import secrets
from sparse_lightning.address import Address
from sparse_lightning.errors import EstimatorError, InputError, TrackingError
from sparse_lightning.secrets import cleaned, keep_secret, traceback_of, without_secrets

PASSWORD = "pW" + "0Rd"  # tracebacks quote the lines of this file
ADDRESS = f"http://u:{PASSWORD}@h"


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch):
    monkeypatch.setattr(secrets, "_known", set())


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (
            "API request to http://me:pw@host:5000/api/2.0 failed with exception x",
            "API request to http://host:5000/api/2.0 failed with exception x",
        ),
        ("Failed to parse: http://u:pa/ss@host.", "Failed to parse: http://host."),
        ("no route to 'u:pw@host:80', sorry", "no route to 'host:80', sorry"),
        ("connect(password='a b', user=me)", "connect(password=***, user=me)"),
        ('{"password": "pw", "user": "me"}', '{"password": ***, "user": "me"}'),
        ("host=h user=me password=pw dbname=x", "host=h user=me password=*** dbname=x"),
        ("url: /api/get?name=a&token=pw (Caused", "url: /api/get?name=a&token=*** (Caused"),
        ("Authorization: Basic dTpwdw==", "Authorization: *** dTpwdw=="),
        ("(x=postgresql://u:pw@h/db?sslmode=require)", "(x=postgresql://h/db?sslmode=require)"),
    ],
)
def test_passwords_in_what_others_say(text, clean):
    if "Basic" in text:
        assert "dTpwdw" not in without_secrets(text)
        return
    assert without_secrets(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        'connection failed: FATAL:  password authentication failed for user "me"',
        "the tracking store sqlite:////home/a@b/mlflow.db cannot be opened: locked; name another",
        'File "/home/a:b@c/x.py", line 3, in <module>',
        "models:/m@champion: no such model, see https://host/docs/ or mail me@example.org",
        "the network L1 λ=0.1 seed 3: 名前 failed at step 5: NaN",
        "",
    ],
)
def test_what_holds_no_password_stays_as_it_is(text):
    assert without_secrets(text) == text


@given(st.text(max_size=60), st.sampled_from(["http://u:pW0Rd@h", "tcp://h?token=pW0Rd"]))
def test_cleaning_twice_is_cleaning_once(text, address):
    once = without_secrets(f"{text} {address} {text}")
    assert "pW0Rd" not in once
    assert without_secrets(once) == once


def test_a_known_password_is_found_wherever_it_stands():
    keep_secret(Address("postgresql://me:s%40me%20thing@host/db"))
    for form in ("s@me thing", "s%40me%20thing", "s%40me thing", "s%40me+thing"):
        assert without_secrets(f"it is {form}, no?") == "it is ***, no?"
    assert without_secrets("bWU6c0BtZSB0aGluZw==") == "***"


def test_the_passwords_of_the_environment_are_known(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "from-outside")
    assert without_secrets("it is from-outside") == "it is ***"
    monkeypatch.setenv("PGPASSWORD", "abc")  # a part of too many words
    assert without_secrets("abcd") == "abcd"


def raised(error: Exception, cause: Exception | None) -> Exception:
    try:
        try:
            raise cause or ValueError(ADDRESS)
        except Exception as below:
            if cause is None:
                raise error  # noqa: B904 - its context is to be cleaned, too
            raise error from below
    except Exception as found:
        return found


ERRORS = [
    lambda: MlflowException(f"API request to {ADDRESS} failed", 1),
    lambda: RestException({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": ADDRESS}),
    lambda: requests.ConnectionError(OSError(5, "no", ADDRESS)),
    lambda: OSError(2, "no such file", ADDRESS),
    lambda: OperationalError("SELECT", {}, Exception(ADDRESS)),
    lambda: ExceptionGroup("several", [ValueError(ADDRESS)]),
    lambda: KeyError(ADDRESS),
]


@pytest.mark.parametrize("cause", [None, RuntimeError])
@pytest.mark.parametrize("make", ERRORS)
def test_an_error_keeps_its_type_and_code_without_its_password(make, cause):
    error = make()
    code = getattr(error, "error_code", None)
    found = raised(error, cause and cause(ADDRESS))
    assert PASSWORD not in traceback_of(found)
    with pytest.raises(RuntimeError) as ours:
        raise RuntimeError("ours") from cleaned(found)
    assert PASSWORD not in "".join(traceback.format_exception(ours.value))
    assert type(ours.value.__cause__) is type(error)
    assert getattr(ours.value.__cause__, "error_code", None) == code


def test_what_cannot_be_cleaned_is_left_out():
    class StubbornError(Exception):
        def __str__(self):
            return ADDRESS

    assert cleaned(StubbornError()) is None
    found = raised(ValueError("x"), StubbornError())
    assert cleaned(found) is found
    assert found.__cause__ is None


def test_no_error_of_this_package_tells_a_password():
    for kind in (InputError, TrackingError, EstimatorError):
        error = kind(f"{ADDRESS}: no")
        assert str(error) == "http://h: no"
        assert PASSWORD not in repr(pickle.loads(pickle.dumps(error)))
    with pytest.raises(InputError) as failure:
        sparse_lightning.run(ADDRESS)
    assert "got the text 'http://h'" in str(failure.value)
