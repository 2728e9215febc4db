"""Real `mlflow server` processes on this machine, for the tests that need one."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

DEADLINE = 120
"""Seconds in which a server must have come up; MLflow makes its tables first."""


ADMIN = ("admin", "a password of sixteen")
AUTH = """\
[mlflow]
default_permission = {default}
database_uri = sqlite:///{folder}/users.db
admin_username = admin
admin_password = a password of sixteen
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
"""
"""The file that MLFLOW_AUTH_CONFIG_PATH names; its admin is `ADMIN`."""


@dataclass(frozen=True)
class Server:
    """A running server: `address` ends in its static prefix, without a slash."""

    address: str

    def get(self, path: str, auth: tuple[str, str] | None = None, **more) -> requests.Response:
        return requests.get(f"{self.address}/{path}", auth=auth, timeout=60, **more)

    def post(self, path: str, body: dict, auth: tuple[str, str] | None = None, **more):
        return requests.post(f"{self.address}/{path}", json=body, auth=auth, timeout=60, **more)

    def register(self, run_id: str, name: str, auth: tuple[str, str] | None = None):
        headers = {"X-Sparse-Lightning": "1"}
        path = f"sparse-lightning/api/networks/{run_id}/register"
        return self.post(path, {"name": name}, auth, headers=headers)


@contextmanager
def serving(
    folder: Path, *arguments: str, prefix: str = "", settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run `mlflow server` in a folder, with one worker, until the block ends."""
    command = ["server", "--workers", "1", *(["--static-prefix", prefix] if prefix else [])]
    more = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **(settings or {})}
    with _running(folder, [*command, *arguments], prefix, more) as server:
        yield server


@contextmanager
def serving_model(folder: Path, model: Path) -> Iterator[Server]:
    """Run `mlflow models serve` of an exported model until the block ends."""
    command = ["models", "serve", "--model-uri", str(model), "--env-manager", "local"]
    with _running(folder, command, "", {}) as server:
        yield server


@contextmanager
def _running(
    folder: Path, command: list[str], prefix: str, settings: Mapping[str, str]
) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    plain = {name: text for name, text in os.environ.items() if not name.startswith("MLFLOW_")}
    # Models are served by a shell's command, which looks for python in the path.
    found = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *command, "--port", str(port)],
            cwd=folder,
            env={**plain, "PATH": found, **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its workers end with it
        )
        try:
            server = Server(f"http://127.0.0.1:{port}{prefix}")
            _wait(server, process, log)
            yield server
        finally:
            for number in (signal.SIGTERM, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(20)


def _wait(server: Server, process: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        assert process.poll() is None, f"the server ended:\n{log.read_text()}"
        try:
            if server.get("health").status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(0.2)
    raise AssertionError(f"no server after {DEADLINE} seconds:\n{log.read_text()}")


@contextmanager
def serving_copy(folder: Path, store: Path) -> Iterator[Server]:
    """Run a server on a copy of a SQLite store, which keeps the artifacts itself."""
    (folder / "mlflow.db").write_bytes(store.read_bytes())
    arguments = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    arguments += ["--artifacts-destination", str(folder / "artifacts")]
    with serving(folder, *arguments) as server:
        yield server
