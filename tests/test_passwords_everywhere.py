"""A password is taken through whole jobs, and afterwards it is found nowhere."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

import psutil
import pytest
from click.testing import CliRunner
from postgres import PostgreSQL
from server_processes import serving
from studies import working_in

from sparse_lightning import secrets
from sparse_lightning.cli import main
from sparse_lightning.tracking import Store

PASSWORD = "pW/0Rd-@un&known"
PROJECT = """\
name: small
table: {source: wine}
network: {units: [2]}
evaluation: {validation: 0, test: 0}
training:
  {epochs: 60, learning_rate: 0.02, seeds: [1, 2], accelerator: cpu, floor: {max_cycles: 1}}
regularizers: {l1_weights: [0.001], groups: {L1: {}}}
report: {bootstrap: 20}
tracking: {patience: 1}
search: {trials: 1, batch: 1, markers: 2, sampler: random, seeds: [3]}
"""
FORMS = {form(PASSWORD) for form in (str, quote, quote_plus, lambda text: quote(text, ""))}
FORMS |= {"pW/0Rd", "pW%2F0Rd", "0Rd-@un", "un&known", "un%26known"}


@dataclass
class Watched:
    """Commands in a folder, what they have said, and with which words their processes began."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def run(self, *words: str, status: int = 0) -> str:
        plain = {name: text for name, text in os.environ.items() if not name.startswith("MLFLOW_")}
        output = self.folder / "output"
        with output.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "sparse_lightning.cli", *words],
                cwd=self.folder,
                env={**plain, **self.settings},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
            started: set[str] = set()
            try:
                while process.poll() is None:
                    started |= set(command_lines(process.pid))
                    time.sleep(0.05)
            finally:
                process.wait(300)
        said = output.read_text(encoding="utf-8", errors="replace")
        output.unlink()
        assert process.returncode == status, said
        self.said += [said, *started]
        return said

    def check(self) -> None:
        """The password is in no output, no command line of a worker, and no file."""
        assert self.said
        for text in self.said:
            refuse(text.encode(), text)
        files = [file for file in self.folder.rglob("*") if file.is_file()]
        assert len(files) > 3
        for file in files:
            refuse(file.read_bytes(), file)


def command_lines(pid: int) -> Iterator[str]:
    """Of all that a process has started; a copy of itself (fork) has the command of the user."""
    try:
        command = psutil.Process(pid)
        for process in command.children(recursive=True):
            if process.cmdline() != command.cmdline():
                yield " ".join(process.cmdline())
    except psutil.Error:
        pass


def refuse(content: bytes, where: object) -> None:
    for form in FORMS:
        assert form.encode() not in content, where


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "project.yaml").write_text(PROJECT)
    return tmp_path / "work"


def networks_of(said: str, uri: str) -> tuple[str, str]:
    """The study of a project and one of its networks."""
    from sparse_lightning import Study

    study = Study.find("small", uri)
    return study.run_id, study.networks["run_id"].iloc[-1]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("option", [True, False])
def test_a_server(place: Path, tmp_path: Path, option: bool):
    (tmp_path / "server").mkdir()
    store = f"sqlite:///{tmp_path}/server/mlflow.db"
    arguments = ["--app-name", "sparse-lightning", "--backend-store-uri", store]
    with serving(tmp_path / "server", *arguments) as server:
        host = server.address.removeprefix("http://")
        uri = f"http://me:{quote(PASSWORD, '')}@{host}"
        watched = Watched(place, {} if option else {"MLFLOW_TRACKING_URI": uri})
        given = ["--tracking-uri", uri] if option else []
        said = watched.run("run", "project.yaml", *given)
        assert f"http://{host}" in said
        run_id, network = networks_of(said, uri)
        watched.run("report", "--study", run_id, *given)
        watched.run("report", "--experiment", "small", "--x", "connections", *given)
        watched.run("overview", "small", *given)
        watched.run("export", network, *given)
        watched.run("export", network, "--format", "torch", *given)
        watched.run("export", run_id, *given)
        for wrong in (
            ["report", "--experiment", "nope"],
            ["report", "--study", "0" * 32],
            ["report", "--experiment", "nope", "--x", "a"],
            ["report", "--experiment", "small", "--x", "a", "--filter", "nonsense"],
            ["export", "0" * 32],
            ["overview", "nope"],
        ):
            watched.run(*wrong, *given, status=2)
    watched.run("report", "--experiment", "small", *given, status=1)
    watched.run("run", "project.yaml", "--fresh", *given, status=1)
    watched.check()
    for file in (tmp_path / "server").rglob("*"):
        if file.is_file():
            refuse(file.read_bytes(), file)
    page = (place / "reports" / "small" / "report.html").read_text()
    assert f'href="http://{host}/#/experiments/' in page


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("kind", ["slash", "encoded", "fields"])
def test_postgresql_for_tracking_and_search(place: Path, postgresql: PostgreSQL, kind: str):
    import psycopg

    password = "pW/0Rd" if kind == "slash" else PASSWORD
    tracking, searching = (owned(postgresql, password) for _ in range(2))

    def uri(name: str) -> str:
        written = password if kind == "slash" else quote(password, "")
        if kind == "fields":
            user = f"user=me&password={written}"
            return f"postgresql+psycopg:///{name}?{user}&host={postgresql.folder}"
        return f"postgresql+psycopg://me:{written}@/{name}?host={postgresql.folder}"

    watched = Watched(
        place, {"MLFLOW_TRACKING_URI": uri(tracking), "SPARSE_LIGHTNING_STORAGE": uri(searching)}
    )
    watched.run("search", "project.yaml", "--workers", "2")
    watched.run("search", "project.yaml", "--set", "search.markers=3", status=2)
    watched.run("search", "project.yaml", "--storage", f"{uri('nope')}", status=1)
    watched.run("report", "--experiment", "nope", status=2)
    watched.run("report", "--experiment", "small-best")
    watched.check()
    for name in (tracking, searching):
        with psycopg.connect(
            host=str(postgresql.folder), user="postgres", dbname=name
        ) as connection:
            tables = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            ).fetchall()
            assert len(tables) > 5
            for (table,) in tables:
                rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
                refuse(repr(rows).encode(), table)


def owned(postgresql: PostgreSQL, password: str) -> str:
    """The name of an empty database of the user `me`."""
    import psycopg

    name = postgresql.create_database().partition("?")[0].rpartition("/")[2]
    with psycopg.connect(
        host=str(postgresql.folder), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'me'").fetchone():
            connection.execute(f"CREATE ROLE me LOGIN PASSWORD '{password}'")
        connection.execute(f"ALTER DATABASE {name} OWNER TO me")
    return name


@pytest.mark.slow
@pytest.mark.long
def test_artifacts_that_cannot_be_written(
    place: Path,
    empty_store: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr(secrets, "_known", set())
    shutil.copy(empty_store, place)
    location = f"ftp://me:{quote(PASSWORD, '')}@127.0.0.1:9/files"
    with working_in(place):
        store = Store()
        store.client.create_experiment("small", location)
        ran = CliRunner().invoke(main, ["run", "project.yaml"])
        assert ran.exit_code == 1, ran.output
        assert "lacks" in ran.stderr
        again = CliRunner().invoke(main, ["run", "project.yaml"])
        assert again.exit_code == 1, again.output
    for text in (ran.output, again.output, caplog.text):
        refuse(text.encode(), text)
    kept = place / "reports" / "small" / ".unfinished"
    assert json.loads((kept / "study.json").read_text())["key"]
    assert list(kept.glob("*.safetensors"))
    with closing(sqlite3.connect(place / "mlflow.db")) as database:
        # MLflow's own tables of where artifacts are.
        database.execute("UPDATE runs SET artifact_uri = ''")
        database.execute("UPDATE experiments SET artifact_location = ''")
        database.commit()
        dumped = "\n".join(database.iterdump())
    refuse(dumped.encode(), "mlflow.db")
    (place / "mlflow.db").unlink()
    for file in place.rglob("*"):
        if file.is_file():
            refuse(file.read_bytes(), file)
        mode = file.stat().st_mode & 0o777
        if ".unfinished" in file.parts:
            assert mode == (0o700 if file.is_dir() else 0o600), file
