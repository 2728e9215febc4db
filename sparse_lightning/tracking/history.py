"""The history of a run."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from sparse_lightning.tracking.limits import MOST_POINTS
from sparse_lightning.tracking.page_api import told_history
from sparse_lightning.tracking.selecting import finite, reads

History = dict[str, dict[str, list[Any]]]


def read_histories(sql: Any, run_ids: Sequence[str]) -> dict[str, History]:
    """The histories of several runs by their ids, as `read_history` gives them."""
    histories: dict[str, History] = {}
    asks = not reads(sql)
    for run_id in run_ids:
        found = told_history(sql, run_id) if asks else None
        asks = found is not None  # what tells one history tells all
        histories[run_id] = read_history(sql, run_id) if found is None else found
    return histories


def read_history(sql: Any, run_id: str) -> History:
    """Every metric of a run over its steps: `{name: {"steps": …, "values": …}}`.

    A value that is no finite number is None; of several values at a step the last one counts. Of
    more than `MOST_POINTS` the last are given.

    Args:
        sql: a tracking store of MLflow, as a server has it open.
        run_id: of the run.
    """
    if reads(sql):
        from mlflow.store.db.base_sql_model import Base
        from sqlalchemy import select

        table = Base.metadata.tables["metrics"]
        query = select(
            table.c.key, table.c.step, table.c.timestamp, table.c.value, table.c.is_nan
        ).where(table.c.run_uuid == run_id)
        query = query.order_by(table.c.step.desc()).limit(MOST_POINTS)
        with sql.ManagedSessionMaker() as session:
            points = [
                (key, step, time, float("nan") if is_nan else value)
                for key, step, time, value, is_nan in session.execute(query)
            ]
    else:
        points = [
            (key, point.step, point.timestamp, point.value)
            for key in sql.get_run(run_id).data.metrics
            for point in sql.get_metric_history(run_id, key)
        ]
    history: dict[str, dict[int, float]] = {}
    for key, step, _, value in sorted(points, key=lambda point: point[:3]):
        history.setdefault(key, {})[step] = value
    return {
        key: {
            "steps": list(steps),
            "values": [value if isfinite(finite(value)) else None for value in steps.values()],
        }
        for key, steps in history.items()
    }
