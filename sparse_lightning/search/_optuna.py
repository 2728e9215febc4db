"""Every use of Optuna's inner parts: the database and the tables of a storage.

Optuna may change them in any minor version. All were looked at in Optuna 5.0; `pyproject.toml` lets
no other minor version in.
"""

import json
from typing import Any

from optuna.storages import RDBStorage
from sqlalchemy import Engine, create_engine, event, inspect, text


def engine_of(storage: RDBStorage) -> Engine:
    """SQLAlchemy's engine of a storage: its connections to the database."""
    return storage.engine


def exchange_user_attr(storage: RDBStorage, trial: int, key: str, old: str, new: str) -> bool:
    """Change an attribute of a trial that is not finished, if it is still what it was.

    Optuna overwrites attributes unseen; of several processes that do so, each would go on as if it
    had been alone. In one statement of the database a single one of them succeeds.
    `trial` is the trial's id, which is not its number.
    """
    statement = text(
        "UPDATE trial_user_attributes SET value_json = :new "
        "WHERE trial_id = :trial AND key = :key AND value_json = :old"
    )
    values = {"old": json.dumps(old), "new": json.dumps(new), "trial": trial, "key": key}
    with engine_of(storage).begin() as connection:
        return connection.execute(statement, values).rowcount == 1


def write_ahead(storage: RDBStorage) -> None:
    """Spare SQLite the wait for the disk in each of the thirty transactions that a trial has.

    A process that is killed loses nothing by it; where the power fails, the last of them.
    """

    def prepare(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    event.listen(engine_of(storage), "connect", prepare)
    engine_of(storage).dispose()  # the connections that there are do not know of it


def holds_another_program(url: str, options: dict[str, Any]) -> bool:
    """Whether opening the storage would put its tables among those of something else.

    Optuna and MLflow both write the version of their tables into one table of the same name.
    """
    engine = create_engine(url, **options)
    try:
        tables = set(inspect(engine).get_table_names())
    finally:
        engine.dispose()
    return "alembic_version" in tables and "studies" not in tables
