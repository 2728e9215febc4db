"""Registering a network: who may ask for it, under which names, and what is written."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from stored_networks import stored_study
from studies import Job

from sparse_lightning.integrations.exporting import logging
from sparse_lightning.tracking import Store, read_study

API = "/sparse-lightning/api"
HEADERS = {"X-Sparse-Lightning": "1"}
LONG = {"name": "x" * 20_000}


@pytest.fixture
def store(wine_job: Job, workplace: Path) -> Store:
    """The store of the wine study, which the test may write into."""
    shutil.copy(wine_job.folder / "mlflow.db", workplace)
    return Store(f"sqlite:///{workplace}/mlflow.db")


@pytest.fixture
def client(store: Store, wine_job: Job, serve: Any) -> Any:
    return serve(store.uri.revealed(), wine_job.folder / "mlruns")


@pytest.fixture
def network(wine_job: Job) -> str:
    return wine_job.children[0].info.run_id


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A stand-in for the export: an empty model."""
    calls: list[str] = []

    def log_exported(store: Any, network: Any) -> Any:
        run_id = network.trained.run_id
        calls.append(run_id)
        experiment = store.run(run_id).info.experiment_id
        model = store.client.create_logged_model(experiment, "network", source_run_id=run_id)
        return store.client.finalize_logged_model(model.model_id, "READY")

    monkeypatch.setattr(logging, "log_exported", log_exported)
    return calls


def test_versions_follow_one_another(client: Any, store: Store, network: str, logged: list[str]):
    path = f"{API}/networks/{network}/register"
    for version in ("1", "2"):
        answer = client.post(path, json={"name": "a b"}, headers=HEADERS)
        assert answer.json == {
            "name": "a b",
            "version": version,
            "address": f"#/models/a%20b/versions/{version}",
        }
    assert logged == [network] * 2
    assert store.client.get_model_version("a b", "2").run_id == network


def body(text: str) -> dict[str, Any]:
    return {"data": text, "content_type": "application/json", "headers": HEADERS}


REFUSED: list[tuple[int, dict[str, Any]]] = [
    (403, {"json": {"name": "m"}}),
    (403, {"data": '{"name": "m"}', "headers": HEADERS}),
    (403, {"json": {"name": "m"}, "headers": {**HEADERS, "Sec-Fetch-Site": "cross-site"}}),
    (403, {"json": {"name": "m"}, "headers": {**HEADERS, "Sec-Fetch-Site": "same-site"}}),
    (403, {"json": {"name": "m"}, "headers": {**HEADERS, "Origin": "http://elsewhere"}}),
    (403, {"json": {"name": "m"}, "headers": {**HEADERS, "Origin": "http://localhost:81"}}),
    (403, {"json": {"name": "m"}, "headers": {**HEADERS, "Origin": "null"}}),
    (403, {"json": {"name": "m"}, "headers": {**HEADERS, "Origin": "http://["}}),
    (400, {"json": [], "headers": HEADERS}),
    (400, {"json": {"name": 1}, "headers": HEADERS}),
    (400, {"json": {"name": "a/b"}, "headers": HEADERS}),
    (400, {"json": {"name": " "}, "headers": HEADERS}),
    (400, {"json": LONG, "headers": HEADERS}),
    (400, body('{"name": "\\ud800"}')),
    (400, body('{"name": "a\\u0000b"}')),
    (400, body('{"name": "a\\u001b[31m"}')),
    (400, body('{"name": "' + "x" * 257 + '"}')),
    (400, body('{"name":' + "[" * 4_000 + "]" * 4_000 + "}")),
    (400, body("[" * 9_000)),
    (400, body("\xff")),
    (400, {**body(json.dumps(LONG)), "environ_overrides": {"wsgi.input_terminated": True}}),
]


def test_what_is_no_request_of_the_page_writes_nothing(
    client: Any, store: Store, network: str, logged: list[str]
):
    for status, request in REFUSED:
        answer = client.post(f"{API}/networks/{network}/register", **request)
        assert (answer.status_code, list(answer.json)) == (status, ["error"]), request
    assert not logged
    assert not store.client.search_registered_models()


@pytest.mark.parametrize("origin", [{}, {"Origin": "http://localhost"}])
def test_the_page_itself_and_other_programs_may(
    client: Any, network: str, logged: list[str], origin: dict[str, str]
):
    path = f"{API}/networks/{network}/register"
    answer = client.post(path, json={"name": "m"}, headers={**HEADERS, **origin})
    assert answer.status_code == 200, answer.json


def test_what_holds_no_network_is_not_registered(
    client: Any, store: Store, wine_job: Job, logged: list[str]
):
    for run_id in ("0" * 32, wine_job.study.run_id):
        path = f"{API}/networks/{run_id}/register"
        answer = client.post(path, json={"name": "m"}, headers=HEADERS)
        assert answer.status_code == 404
    assert not logged


@pytest.mark.slow
def test_a_model_tells_no_folder_of_the_server(client: Any, store: Store, network: str):
    path = f"{API}/networks/{network}/register"
    answer = client.post(path, json={"name": "m"}, headers=HEADERS)
    assert answer.status_code == 200, answer.json
    (output,) = store.run(network).outputs.model_outputs
    folder = Path(store.client.get_logged_model(output.model_id).artifact_location)
    description = yaml.safe_load((folder / "MLmodel").read_text())
    assert [text for text in texts(description) if text.startswith(("/", "file:", "~"))] == []
    assert description["flavors"]["python_function"]["model_code_path"] == "tabular_network.py"


IN_A_NEW_PROCESS = """
import sys

from mlflow.server import app
from sparse_lightning.server.api import Api
from sparse_lightning.server.permissions import Everyone

app.register_blueprint(Api(Everyone()).blueprint(), url_prefix="/sparse-lightning")
client = app.test_client()
path = "/sparse-lightning/api/networks/" + sys.argv[1]
assert client.get(path).status_code == 200
answer = client.post(path + "/register", json={"name": "m"}, headers={"X-Sparse-Lightning": "1"})
assert answer.status_code == 200, answer.json
assert "torch" not in sys.modules and "pytorch_lightning" not in sys.modules
"""


@pytest.mark.long
@pytest.mark.slow
def test_a_network_is_registered_without_torch(empty_store: Path, workplace: Path):
    shutil.copy(empty_store, workplace / "mlflow.db")
    store = Store(f"sqlite:///{workplace}/mlflow.db")
    study = stored_study(store, "stored", ["L1"], [0.1], [1])
    (network,) = read_study(store, study).networks["run_id"]
    settings = {
        "_MLFLOW_SERVER_FILE_STORE": store.uri.revealed(),
        "_MLFLOW_SERVER_ARTIFACT_ROOT": str(workplace / "mlruns"),
    }
    command = [sys.executable, "-c", IN_A_NEW_PROCESS, network]
    done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert store.client.get_model_version("m", "1").run_id == network


def texts(value: Any) -> list[str]:
    walk: Callable[[Any], list[str]] = texts
    if isinstance(value, dict):
        return [text for one in value.values() for text in walk(one)]
    if isinstance(value, list):
        return [text for one in value for text in walk(one)]
    return [value] if isinstance(value, str) else []
