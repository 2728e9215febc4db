"""Conditions on runs, in the language of MLflow's search, on the tables of a store."""

from typing import Any

from mlflow.exceptions import MlflowException

LARGEST = 2**63 - 1
"""The largest integer that databases hold."""


def meeting(sql: Any, session: Any, condition: str) -> Any:
    """A select of the runs that meet a condition, as MLflow's own search puts it together.

    Args:
        sql: a SQL store of MLflow.
        session: of the store.
        condition: e.g. `metrics.error < 0.1`.

    Raises:
        MlflowException: it is no condition, or compares with an integer beyond `LARGEST`.
    """
    from mlflow.store.tracking import sqlalchemy_store
    from mlflow.store.tracking.dbmodels.models import SqlRun
    from mlflow.utils.search_utils import SearchUtils
    from sqlalchemy import select

    comparisons = SearchUtils.parse_search_filter(condition)
    for comparison in comparisons:
        value = comparison["value"]
        # SQLite's driver fails at one as if it were the server's fault.
        if isinstance(value, int) and abs(value) > LARGEST:
            raise MlflowException.invalid_parameter_value(
                f"{comparison['type']}s.{comparison['key']} is compared with {value}, "
                f"but no integer in a store is beyond {LARGEST}"
            )
    attributes, others, datasets = sqlalchemy_store._get_sqlalchemy_filter_clauses(
        comparisons, session, sql._get_dialect()
    )
    query = select(SqlRun.run_uuid)
    for other in others:
        query = query.join(other)
    for dataset in datasets:
        query = query.join(dataset, SqlRun.run_uuid == dataset.c.destination_id)
    return query.where(*attributes)
