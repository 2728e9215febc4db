"""What may pass by itself is tried again, with growing pauses, for as long as there is patience."""

import sqlite3

import pytest
import requests
from mlflow.environment_variables import (
    MLFLOW_HTTP_REQUEST_MAX_RETRIES,
    MLFLOW_HTTP_REQUEST_TIMEOUT,
)
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, TEMPORARILY_UNAVAILABLE

from sparse_lightning.errors import UnfinishedError
from sparse_lightning.tracking import Store, retrying
from sparse_lightning.tracking.retrying import Requests, bounded_requests, insist, passing

AWAY = MlflowException("it is away", error_code=TEMPORARILY_UNAVAILABLE)


@pytest.fixture
def pauses(monkeypatch):
    """How long was slept, by a clock that only sleeping moves."""
    slept = []
    monkeypatch.setattr(retrying.time, "sleep", slept.append)
    monkeypatch.setattr(retrying.time, "monotonic", lambda: sum(slept))
    return slept


def test_a_store_is_tried_with_growing_pauses_until_patience_is_over(pauses):
    tries = []

    def write(again):
        tries.append(again)
        raise AWAY

    with pytest.raises(MlflowException, match="it is away"):
        insist(write, 30)
    assert pauses == [0.5, 1, 2, 4, 8, 10, 4.5]
    assert tries == [False] + 7 * [True]


def test_what_is_taken_at_last_is_returned(pauses):
    tries = iter([AWAY, AWAY, None])

    def write(again):
        if (error := next(tries)) is not None:
            raise error
        return 7

    assert insist(write, 30) == 7
    assert pauses == [0.5, 1]


def test_what_does_not_pass_is_tried_once(pauses):
    tries = []

    def write(again):
        tries.append(again)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        insist(write, 1e9)
    assert (tries, pauses) == ([False], [])


def test_mlflow_repeats_nothing_by_itself():
    before = MLFLOW_HTTP_REQUEST_MAX_RETRIES.get(), MLFLOW_HTTP_REQUEST_TIMEOUT.get()
    assert insist(lambda again: MLFLOW_HTTP_REQUEST_MAX_RETRIES.get(), 1) == 0
    with bounded_requests(repeats=0, seconds=3):
        assert MLFLOW_HTTP_REQUEST_TIMEOUT.get() == 3
        with bounded_requests(repeats=2, seconds=100):
            assert MLFLOW_HTTP_REQUEST_TIMEOUT.get() == 3
            assert MLFLOW_HTTP_REQUEST_MAX_RETRIES.get() == 0
    assert before == (MLFLOW_HTTP_REQUEST_MAX_RETRIES.get(), MLFLOW_HTTP_REQUEST_TIMEOUT.get())


def answered(status):
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError(response=response)


def in_sqlite(name):
    cause = sqlite3.OperationalError("a database")
    cause.sqlite_errorname = name
    error = MlflowException("a database")  # as MLflow's stores say it: INTERNAL_ERROR
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (AWAY, True),
        (MlflowException("a name", error_code=INVALID_PARAMETER_VALUE), False),
        (in_sqlite("SQLITE_BUSY"), True),
        (in_sqlite("SQLITE_FULL"), False),
        (in_sqlite("SQLITE_READONLY_DBMOVED"), False),
        *((answered(status), True) for status in (408, 429, 500, 503)),
        *((answered(status), False) for status in (400, 403, 404)),
        (requests.ConnectionError(), True),
        (requests.Timeout(), True),
        (ConnectionResetError(), True),
        (OSError(30, "Read-only file system"), False),
        (ValueError(), False),
    ],
    ids=repr,
)
def test_which_errors_may_pass(error, passes):
    assert passing(error) is passes


def test_what_can_wait_is_written_in_its_order_before_the_rest(workplace, caplog):
    store, away, written = Store(), True, []
    requests = Requests(store, "mine", patience=1e-9)

    def write(name):
        def request(again):
            if away:
                raise AWAY
            written.append(name)

        return request

    requests.add("a param", write("first"))
    requests.add("a file", write("second"))
    assert f"mine: the tracking store {store.uri} lacks a param: it is away; it" in caplog.text
    with pytest.raises(UnfinishedError, match="lacks a param: it is away"):
        requests.settle()
    away = False
    requests.settle()
    requests.settle()
    assert written == ["first", "second"]


def test_whatever_an_object_store_raises_is_told_as_what_is_lacking(workplace):
    requests = Requests(Store(), "mine", patience=1e9)

    def write(again):
        raise ValueError("no such bucket")

    for way in (requests.add, requests.insist):
        with pytest.raises(UnfinishedError, match="lacks a file: no such bucket"):
            way("a file", write)
