"""A PostgreSQL of the tests' own: fixture `postgresql`, a fresh cluster a session."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest


@dataclass(frozen=True)
class PostgreSQL:
    """A cluster, reached by a socket in a folder that only its owner may enter."""

    folder: Path
    programs: Path

    def url(self, database: str = "postgres") -> str:
        """The address of a database, as SQLAlchemy, MLflow and Optuna take it."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create_database(self) -> str:
        """Create an empty database and give its address."""
        import psycopg

        name = f"test_{uuid4().hex}"
        with psycopg.connect(
            host=str(self.folder), user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def start(self) -> None:
        """Let it run."""
        options = f"-c listen_addresses='' -c fsync=off -k {self.folder}"
        log = str(self.folder / "log")
        self._call("pg_ctl", "start", "--wait", "-D", self._data, "-l", log, "-o", options)

    def stop(self) -> None:
        """Break all connections, and take no more until `start`."""
        self._call("pg_ctl", "stop", "--wait", "-D", self._data, "-m", "immediate")

    def make(self) -> None:
        """Make the files of an empty cluster."""
        self._call(
            *("initdb", "-D", self._data, "-U", "postgres", "-A", "trust"),
            *("-E", "UTF8", "--no-locale", "--no-sync"),
        )

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _call(self, program: str, *arguments: str) -> None:
        said = self.folder / "said"  # a file, as a server that has inherited a pipe keeps it open
        owner = _owner()
        with said.open("wb") as output:
            done = subprocess.run(
                [self.programs / program, *arguments],
                cwd=self.folder,
                user=owner,
                group=owner,
                extra_groups=[] if owner else None,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            log = self.folder / "log"
            told = said.read_text() + (log.read_text() if log.exists() else "")
            pytest.fail(f"{program} of PostgreSQL failed: {told}")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A fresh PostgreSQL that ends with the session; `postgresql.create_database()` gives a URL."""
    with _running() as cluster:
        yield cluster


@pytest.fixture
def own_postgresql() -> Iterator[PostgreSQL]:
    """A fresh PostgreSQL for a test that stops it."""
    with _running() as cluster:
        yield cluster


@contextmanager
def _running() -> Iterator[PostgreSQL]:
    programs = _programs()
    if programs is None:
        reason = "PostgreSQL's initdb is not installed (Debian: apt-get install postgresql)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    # The path of a socket may have but 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    if owner := _owner():
        shutil.chown(folder, owner, owner)
    cluster = PostgreSQL(folder, programs)
    try:
        cluster.make()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder)


def _owner() -> str | None:
    """PostgreSQL does not run as root."""
    return "postgres" if os.getuid() == 0 else None


def _programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest; Debian keeps them off the path."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(debian, key=lambda path: float(path.parts[-3]), default=None)
    return newest.parent if newest else None
