"""Servers without this package's page, or with another version of it, are read by MLflow's API."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from mlflow.store.tracking.rest_store import RestStore
from mlflow.utils.rest_utils import MlflowHostCreds

from sparse_lightning.tracking.servers import fetch_columns, fetch_history

Answering = Callable[[int, str], RestStore]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Makes the store of a server that answers everything with the same."""
    servers = []

    def made(status: int, body: str) -> RestStore:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        Thread(target=server.serve_forever).start()
        return RestStore(lambda: MlflowHostCreds(f"http://127.0.0.1:{server.server_port}"))

    yield made
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, "Not Found"),
        (503, json.dumps({"error": "the server is starting"})),
        (200, "<!doctype html><title>a login page</title>"),
        (200, json.dumps({"ids": ["a"], "more": 1})),
    ],
)
def test_what_is_no_answer_is_none(answering: Answering, status: int, body: str):
    store = answering(status, body)
    assert fetch_columns(store, {"study": ["a"]}) is None
    assert fetch_history(store, "a") is None


def test_no_server_is_no_answer():
    store = RestStore(lambda: MlflowHostCreds("http://127.0.0.1:1"))
    assert fetch_columns(store, {"study": ["a"]}) is None
