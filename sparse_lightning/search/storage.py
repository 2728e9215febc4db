"""Where Optuna keeps the state of a search: SQLite, or PostgreSQL for many machines."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from sparse_lightning._files import make_file
from sparse_lightning.address import Address
from sparse_lightning.errors import InputError, SearchError
from sparse_lightning.search._optuna import engine_of, holds_another_program, write_ahead
from sparse_lightning.secrets import cleaned, first_line, keep_secret, without_secrets

PATIENCE = 20
"""In seconds: how long a server may take to answer, and others may keep a SQLite file locked."""


def check_address(address: Address | str) -> None:
    """Raise an `InputError` where SQLAlchemy cannot read an address."""
    try:
        make_url(Address(address).revealed())
    except (SQLAlchemyError, ValueError):
        # Their messages have parts of the address in them.
        raise InputError(
            "search.storage must be an address such as sqlite:///search.db or "
            "postgresql://user:password@host/database"
        ) from None


def open_storage(address: Address | str) -> RDBStorage:
    """Open a storage, made if there is none; a new file of SQLite is its owner's alone. An
    `InputError` says that the address is none, a `SearchError` that it cannot be reached, a driver
    is not installed, or another version of Optuna or another program has made it.
    """
    address = keep_secret(Address(address))
    check_address(address)
    url = _with_driver(address)
    options: dict[str, Any] = {}
    if make_url(url).get_backend_name() == "postgresql":
        options = {"connect_args": {"connect_timeout": PATIENCE}, "pool_pre_ping": True}
    elif make_url(url).get_backend_name() == "sqlite":
        options = {"connect_args": {"timeout": PATIENCE}}
    if (file := _new_file(url)) is not None:
        make_file(file)
    with storage_errors(address, "cannot be opened"):
        try:
            if holds_another_program(url, options):
                raise SearchError(
                    f"search.storage {address} holds another program's tables, perhaps those of "
                    "MLflow: name a database of its own"
                )
            storage = RDBStorage(url, engine_kwargs=options)
            if engine_of(storage).dialect.name == "sqlite":
                write_ahead(storage)
            return storage
        except ImportError as error:
            raise SearchError(
                f"search.storage {address} needs a driver that is not installed: "
                f"{without_secrets(str(error))}; "
                "pip install 'sparse-lightning[scale]' brings that of PostgreSQL"
            ) from cleaned(error)
        except (RuntimeError, ValueError) as error:
            # RuntimeError is Optuna's word for tables that are not its own.
            first = first_line(error)
            raise SearchError(f"search.storage {address} cannot be used: {first}") from cleaned(
                error
            )


@contextmanager
def storage_at(address: Address | str) -> Iterator[RDBStorage]:
    """A storage while it is needed, as `open_storage` opens it; its connections are closed
    afterwards.
    """
    storage = open_storage(address)
    try:
        yield storage
    finally:
        storage.remove_session()
        engine_of(storage).dispose()


@contextmanager
def storage_errors(address: Address, what: str) -> Iterator[None]:
    """Turn what the database raises into a `SearchError` that names it."""
    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        cause = error.__cause__ or getattr(error, "orig", None) or error
        first = first_line(getattr(cause, "orig", None) or cause)
        raise SearchError(f"search.storage {address} {what}: {first}") from cleaned(error)


def _new_file(url: str) -> Path | None:
    """The file that SQLite would make at an address; None where it would make none."""
    parts = make_url(url)
    name = parts.database or ""
    if parts.get_backend_name() != "sqlite" or name.startswith((":", "file:")):
        return None
    return Path(name) if name and not os.path.lexists(name) else None


def _with_driver(address: Address) -> str:
    """The address with the driver that this package brings, where it names none.

    SQLAlchemy would take psycopg2 for `postgresql://`, which is another package.
    """
    parts = make_url(address.revealed())
    if parts.drivername == "postgresql" and find_spec("psycopg2") is None:
        parts = parts.set(drivername="postgresql+psycopg")
    return parts.render_as_string(hide_password=False)
