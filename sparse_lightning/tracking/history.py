"""The history of a run."""

from collections.abc import Sequence
from math import ceil, isfinite
from typing import Any

from sparse_lightning.tracking._mlflow import session_of, tables
from sparse_lightning.tracking.limits import MOST_POINTS
from sparse_lightning.tracking.selecting import finite, reads
from sparse_lightning.tracking.servers import fetch_history

History = dict[str, dict[str, list[Any]]]


def read_histories(sql: Any, run_ids: Sequence[str]) -> dict[str, History]:
    """The histories of several runs by their ids, as `read_history` gives them."""
    histories: dict[str, History] = {}
    asks = not reads(sql)
    for run_id in run_ids:
        found = fetch_history(sql, run_id) if asks else None
        asks = found is not None  # a server that has one history has all
        histories[run_id] = read_history(sql, run_id) if found is None else found
    return histories


def read_history(sql: Any, run_id: str) -> History:
    """Every metric of a run over its steps: `{name: {"steps": …, "values": …}}`. `sql` is MLflow's
    tracking store.

    A value that is no finite number is None; of several values at a step the last one counts. Of
    more than `MOST_POINTS` points, those at every so many steps are given of the longer metrics.
    """
    if reads(sql):
        from sqlalchemy import func, or_, select

        table = tables()["metrics"]
        query = select(
            table.c.key, table.c.step, table.c.timestamp, table.c.value, table.c.is_nan
        ).where(table.c.run_uuid == run_id)
        counting = select(table.c.key, func.count()).where(table.c.run_uuid == run_id)
        with session_of(sql) as session:
            found = session.execute(counting.group_by(table.c.key))
            counts = {key: int(count) for key, count in found}
            if (total := sum(counts.values())) > MOST_POINTS:
                share = MOST_POINTS // len(counts)
                short = [key for key, count in counts.items() if count <= share][:MOST_POINTS]
                every = table.c.step % ceil(total / MOST_POINTS) == 0
                query = query.where(or_(every, table.c.key.in_(short))).limit(2 * MOST_POINTS)
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
