"""Conditions on runs, in the language of MLflow's search, on the tables of a store."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

from sparse_lightning.tracking._mlflow import comparisons_of, select_runs
from sparse_lightning.tracking.limits import (
    CONDITION_SECONDS,
    LONGEST_CONDITION,
    MOST_COMPARISONS,
)

LARGEST = 2**63 - 1
"""The largest integer that databases hold."""

_STEPS = 10_000
"""So many steps of SQLite's lie between two looks at the clock, some tenths of a millisecond."""


class ConditionError(MlflowException):
    """A condition that is none; the message speaks of its text alone, never of the store."""

    def __init__(self, message: str):
        super().__init__(message, error_code=INVALID_PARAMETER_VALUE)


def parsed(condition: str) -> list[dict[str, Any]]:
    """The comparisons of a condition such as `metrics.error < 0.1`, as MLflow's own search splits
    it. A `ConditionError` says that it is none, is too long, or compares with what no database
    holds.
    """
    if len(condition) > LONGEST_CONDITION:
        raise ConditionError(
            f"the filter has {len(condition)} characters, it may have {LONGEST_CONDITION}"
        )
    if "\0" in condition or not _is_text(condition):
        raise ConditionError("the filter holds a character that is no text")
    with condition_errors():
        comparisons = comparisons_of(condition)
    if len(comparisons) > MOST_COMPARISONS:
        raise ConditionError(
            f"the filter has {len(comparisons)} comparisons, it may have {MOST_COMPARISONS}"
        )
    for comparison in comparisons:
        value = comparison["value"]
        # SQLite's driver fails at one as if it were the server's fault.
        if isinstance(value, int) and abs(value) > LARGEST:
            raise ConditionError(
                f"{comparison['type']}s.{comparison['key']} is compared with {value}, "
                f"but no integer in a store is beyond {LARGEST}"
            )
    return comparisons


def meeting(sql: Any, session: Any, condition: str) -> Any:
    """A select of the runs that meet a condition, as MLflow's own search builds it; raises as
    `parsed`.
    """
    comparisons = parsed(condition)
    with condition_errors():
        return select_runs(sql, session, comparisons)


@contextmanager
def condition_errors() -> Iterator[None]:
    """Turn whatever MLflow's reading of a condition raises into a `ConditionError`."""
    try:
        yield
    except MlflowException as error:
        if error.error_code != "INVALID_PARAMETER_VALUE":
            raise
        raise ConditionError(error.message) from error
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        # What it is not made for: it is a splitter of words with rules for the usual mistakes.
        raise ConditionError("the filter cannot be read") from None


@contextmanager
def in_time(session: Any, seconds: float = CONDITION_SECONDS) -> Iterator[None]:
    """Bound the time of each of the block's statements, else raise a `ConditionError`. Only SQLite
    and PostgreSQL are held to it.
    """
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    kind = session.get_bind().dialect.name
    driver = session.connection().connection.driver_connection if kind == "sqlite" else None
    if driver is not None:
        end = time.monotonic() + seconds
        driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    elif kind == "postgresql":
        session.execute(text(f"SET LOCAL statement_timeout = {int(1000 * seconds)}"))
    try:
        yield
    except DBAPIError as error:
        if not re.search(r"interrupted|statement timeout", str(error.orig)):
            raise
        raise ConditionError(
            f"the filter takes more than {seconds:g} seconds; compare fewer runs, or filter by less"
        ) from error
    else:
        if kind == "postgresql":  # after an error the transaction is over, and with it the setting
            session.execute(text("SET LOCAL statement_timeout = DEFAULT"))
    finally:
        if driver is not None:
            driver.set_progress_handler(None, 0)


def _is_text(condition: str) -> bool:
    try:
        condition.encode()
    except UnicodeEncodeError:
        return False
    return True
