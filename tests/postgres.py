"""A PostgreSQL of the tests' own: fixture `postgresql`, a fresh cluster a session."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest


@dataclass(frozen=True)
class PostgreSQL:
    """A running cluster, reached by a socket in a folder that only its owner may enter."""

    folder: Path

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


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A fresh PostgreSQL that ends with the session; `postgresql.create_database()` gives a URL."""
    programs = _programs()
    if programs is None:
        reason = "PostgreSQL's initdb is not installed (Debian: apt-get install postgresql)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    # PostgreSQL does not run as root, and the path of a socket may have but 107 characters.
    owner = "postgres" if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    if owner:
        shutil.chown(folder, owner, owner)
    data, log = folder / "data", folder / "log"

    def call(program: str, *arguments: str) -> None:
        said = folder / "said"  # a file, as a server that has inherited a pipe keeps it open
        with said.open("wb") as output:
            done = subprocess.run(
                [programs / program, *arguments],
                cwd=folder,
                user=owner,
                group=owner,
                extra_groups=[] if owner else None,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            told = said.read_text() + (log.read_text() if log.exists() else "")
            pytest.fail(f"{program} of PostgreSQL failed: {told}")

    options = f"-c listen_addresses='' -c fsync=off -k {folder}"
    try:
        call(
            *("initdb", "-D", str(data), "-U", "postgres", "-A", "trust"),
            *("-E", "UTF8", "--no-locale", "--no-sync"),
        )
        call("pg_ctl", "start", "--wait", "-D", str(data), "-l", str(log), "-o", options)
        try:
            yield PostgreSQL(folder)
        finally:
            call("pg_ctl", "stop", "--wait", "-D", str(data), "-m", "immediate")
    finally:
        shutil.rmtree(folder)


def _programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest; Debian keeps them off the path."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(debian, key=lambda path: float(path.parts[-3]), default=None)
    return newest.parent if newest else None
