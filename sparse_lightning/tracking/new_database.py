"""A new SQLite store: made beside its place and put there when it is whole.

MLflow makes its tables over half a second, one migration after the other. What is cut off then, by
a signal or a full disk, it never completes: every later opening ends at a table that is there.
A version of MLflow whose tables were not compared makes its database itself.
"""

import os
from contextlib import suppress
from glob import escape
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from sparse_lightning.address import Address
from sparse_lightning.tracking._mlflow import is_compared, make_tables


def make_database(uri: Address) -> None:
    """Make the database that a tracking URI names, where it is a file of SQLite and not there yet.
    Of several processes that do so at once, the first one's counts. An `OSError` or an error of
    SQLAlchemy says that the folder cannot be written or the disk is full.
    """
    address = _file_address(uri)
    if address is None or not is_compared():
        return
    path = Path(address.database)
    if path.exists() and path.stat().st_size:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_over(path)
    new = path.with_name(f".{path.name}.{os.getpid()}.{uuid4().hex}.new")
    try:
        make_tables(address.set(database=str(new)).render_as_string(hide_password=False))
        if path.exists() and not path.stat().st_size:
            os.replace(new, path)
        else:
            with suppress(FileExistsError):
                os.link(new, path)  # unlike a renaming it replaces nothing
    finally:
        for file in (new, new.with_name(f"{new.name}-journal")):
            file.unlink(missing_ok=True)


def missing_file(uri: Address) -> Path | None:
    """The file of SQLite that a tracking URI names, where there is none; None of other stores."""
    address = _file_address(uri)
    if address is None or os.path.exists(address.database):
        return None
    return Path(address.database)


def _file_address(uri: Address) -> Any:
    """The address of a SQLite store in a file, whose `database` is a path; None of others."""
    if not uri.revealed().startswith("sqlite:"):
        return None
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        address = make_url(uri.revealed())
    except (ArgumentError, ValueError):
        return None  # what is wrong with it MLflow will say
    name = address.database or ""
    return None if not name or name.startswith((":", "file:")) else address


def _remove_left_over(path: Path) -> None:
    """Those of processes that have died while they made theirs."""
    for file in path.parent.glob(f".{escape(path.name)}.*.new*"):
        number = file.name.removeprefix(f".{path.name}.").partition(".")[0]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            file.unlink(missing_ok=True)
