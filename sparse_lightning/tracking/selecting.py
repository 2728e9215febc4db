"""Which runs a comparison is of, read from the tables of a SQL store, or through the store's API.

MLflow's own search makes an object of every value and its pages end at some ten thousand runs;
where the process has the store's SQL database open, four plain selects read the same. Where that
is not certain (`reads` says no), the API is used.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from typing import Any

from mlflow.entities import Run, ViewType
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning.tracking import names
from sparse_lightning.tracking.bulk import TABLES
from sparse_lightning.tracking.columns import (
    HIDDEN_TAGS,
    OWN_TAGS,
    SHOWN_TAGS,
    RunColumns,
    RunHead,
    columns_of,
)

MOST_RUNS = 50_000
"""So many runs are compared at most, the newest; a browser can draw no more with ease."""

PAGE = 1000

WHOLE = (names.STUDY, names.OVERVIEW, names.SEARCH)
"""Runs of these kinds stand for many networks and are no points of a comparison."""


@dataclass(frozen=True)
class Selection:
    """Which runs are compared.

    Attributes:
        experiments: the ids of those that are looked into.
        studies: the run ids of studies, to whose networks the runs are restricted; none: every
            finished run with a metric, but for those that stand for whole studies.
        condition: in MLflow's filter language.
        unfinished: whether runs that failed, still run or have no metric are selected as well.
    """

    experiments: Sequence[str]
    studies: Sequence[str] = ()
    condition: str = ""
    unfinished: bool = False


def read_columns(sql: Any, selection: Selection, most: int = MOST_RUNS) -> RunColumns:
    """The selected runs.

    Args:
        sql: a tracking store of MLflow, as a server has it open.
        selection: which.
        most: more runs than these are not read, and the columns say so.

    Raises:
        MlflowException: the condition is none, or the store fails.
    """
    if not selection.experiments:
        return columns_of([], (), (), ())
    if reads(sql):
        return _from_tables(sql, selection, most)
    return _from_api(sql, selection, most)


def reads(sql: Any) -> bool:
    """Whether the tables of this store are those that are known here."""
    if not hasattr(sql, "ManagedSessionMaker"):
        return False
    try:
        from mlflow.store.db.base_sql_model import Base
        from mlflow.store.tracking import sqlalchemy_store
    except ImportError:
        return False
    return (
        isinstance(sql, sqlalchemy_store.SqlAlchemyStore)
        and hasattr(sqlalchemy_store, "_get_sqlalchemy_filter_clauses")
        and all(
            name in Base.metadata.tables and set(Base.metadata.tables[name].columns.keys()) >= known
            for name, known in TABLES.items()
        )
    )


def _from_tables(sql: Any, selection: Selection, most: int) -> RunColumns:
    from mlflow.store.db.base_sql_model import Base
    from sqlalchemy import and_, exists, or_, select

    runs, tags, params, latest = (
        Base.metadata.tables[name] for name in ("runs", "tags", "params", "latest_metrics")
    )
    with sql.ManagedSessionMaker() as session:

        def tagged(key: str, values: Sequence[str]) -> Any:
            return exists().where(
                tags.c.run_uuid == runs.c.run_uuid, tags.c.key == key, tags.c.value.in_(values)
            )

        wanted = [
            runs.c.experiment_id.in_([int(number) for number in selection.experiments]),
            runs.c.lifecycle_stage == "active",
        ]
        if selection.studies:
            wanted.append(tagged(MLFLOW_PARENT_RUN_ID, selection.studies))
            wanted.append(tagged(names.KIND, [names.NETWORK]))
        else:
            wanted.append(~tagged(names.KIND, WHOLE))
            if not selection.unfinished:
                wanted.append(runs.c.status == "FINISHED")
                wanted.append(exists().where(latest.c.run_uuid == runs.c.run_uuid))
        if selection.condition:
            wanted.append(runs.c.run_uuid.in_(_meeting(sql, session, selection.condition)))
        newest = (
            select(
                runs.c.run_uuid,
                runs.c.name,
                runs.c.experiment_id,
                runs.c.status,
                runs.c.start_time,
            )
            .where(*wanted)
            .order_by(runs.c.start_time.desc(), runs.c.run_uuid)
            .limit(most + 1)
        )
        found = session.execute(newest).all()
        heads = [
            RunHead(run_id, name or "", str(experiment), status, started or 0)
            for run_id, name, experiment, status, started in reversed(found[:most])
        ]
        chosen = select(newest.subquery().c.run_uuid)

        def values(table: Any, *columns: Any, where: Any = None) -> Any:
            query = select(table.c.run_uuid, table.c.key, *columns)
            query = query.where(table.c.run_uuid.in_(chosen))
            return session.execute(query if where is None else query.where(where))

        visible = or_(
            tags.c.key.in_(SHOWN_TAGS + OWN_TAGS),
            and_(*(~tags.c.key.like(f"{start}%") for start in HIDDEN_TAGS)),
        )
        numbers = (
            (run_id, key, float("nan") if is_nan else value)
            for run_id, key, value, is_nan in values(latest, latest.c.value, latest.c.is_nan)
        )
        return columns_of(
            heads,
            # MLflow keeps an infinite value as the greatest number there is.
            ((run_id, key, _finite(value)) for run_id, key, value in numbers),
            values(params, params.c.value),
            values(tags, tags.c.value, where=visible),
            truncated=len(found) > most,
        )


def _meeting(sql: Any, session: Any, condition: str) -> Any:
    """A select of the runs that meet a condition, as MLflow's own search puts it together."""
    from mlflow.store.tracking import sqlalchemy_store
    from mlflow.store.tracking.dbmodels.models import SqlRun
    from mlflow.utils.search_utils import SearchUtils
    from sqlalchemy import select

    attributes, others, datasets = sqlalchemy_store._get_sqlalchemy_filter_clauses(
        SearchUtils.parse_search_filter(condition), session, sql._get_dialect()
    )
    query = select(SqlRun.run_uuid)
    for other in others:
        query = query.join(other)
    for dataset in datasets:
        query = query.join(dataset, SqlRun.run_uuid == dataset.c.destination_id)
    return query.where(*attributes)


def _from_api(store: Any, selection: Selection, most: int) -> RunColumns:
    runs: list[Run] = []
    for condition in _conditions(selection):
        found = _searched(store, selection.experiments, condition)
        runs += islice((run for run in found if _wanted(run, selection)), most + 1)
    if len(selection.studies) > 1:
        runs.sort(key=lambda run: run.info.start_time or 0, reverse=True)
    truncated = len(runs) > most
    runs = runs[:most][::-1]  # a search gives the newest first
    return columns_of(
        [
            RunHead(
                run.info.run_id,
                run.info.run_name or "",
                run.info.experiment_id,
                run.info.status,
                run.info.start_time or 0,
            )
            for run in runs
        ],
        (
            (run.info.run_id, key, _finite(value))
            for run in runs
            for key, value in run.data.metrics.items()
        ),
        _texts((run.info.run_id, run.data.params) for run in runs),
        _texts((run.info.run_id, run.data.tags) for run in runs),
        truncated,
    )


def _conditions(selection: Selection) -> list[str]:
    """What is asked of the store: the networks of a study are not looked for among all runs."""
    given = f" and {selection.condition}" if selection.condition else ""
    if not selection.studies:
        return [selection.condition]
    return [
        f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{study}' and tags.`{names.KIND}` = '{names.NETWORK}'"
        f"{given}"
        for study in selection.studies
    ]


def _wanted(run: Run, selection: Selection) -> bool:
    kind = run.data.tags.get(names.KIND)
    if selection.studies:
        parent = run.data.tags.get(MLFLOW_PARENT_RUN_ID)
        return kind == names.NETWORK and parent in selection.studies
    finished = run.info.status == "FINISHED" and bool(run.data.metrics)
    return kind not in WHOLE and (finished or selection.unfinished)


def _searched(store: Any, experiments: Sequence[str], condition: str) -> Iterator[Run]:
    token = None
    while True:
        page = store.search_runs(
            list(experiments), condition, ViewType.ACTIVE_ONLY, PAGE, None, token
        )
        yield from page
        token = page.token
        if not token:
            return


def _texts(given: Iterable[tuple[str, dict[str, str]]]) -> Iterator[tuple[str, str, str]]:
    return ((run_id, key, text) for run_id, texts in given for key, text in texts.items())


def _finite(value: float) -> float:
    return value if abs(value) < sys.float_info.max else float("nan")


def read_history(sql: Any, run_id: str) -> dict[str, dict[str, list[Any]]]:
    """Every metric of a run over its steps: `{name: {"steps": …, "values": …}}`.

    A value that is no finite number is None; of several values at a step the last one counts.

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
            "values": [value if isfinite(_finite(value)) else None for value in steps.values()],
        }
        for key, steps in history.items()
    }


def count_left_out(sql: Any, selection: Selection) -> dict[str, int]:
    """How many runs a selection leaves out, and why: those of whole studies are no such runs.

    Args:
        sql: a tracking store of MLflow, as a server has it open.
        selection: which runs are selected; of studies and where `unfinished` is true, none is left
            out.

    Returns:
        `failed` (or killed), `running` (or scheduled) and `without_metric`.

    Raises:
        MlflowException: the condition is none, or the store fails.
    """
    counts = {"failed": 0, "running": 0, "without_metric": 0}
    if selection.studies or selection.unfinished or not selection.experiments:
        return counts
    if not reads(sql):
        for run in _searched(sql, selection.experiments, selection.condition):
            if run.data.tags.get(names.KIND) not in WHOLE and not _wanted(run, selection):
                counts[_reason(run.info.status)] += 1
        return counts
    from mlflow.store.db.base_sql_model import Base
    from sqlalchemy import exists, func, or_, select

    runs, tags, latest = (Base.metadata.tables[name] for name in ("runs", "tags", "latest_metrics"))
    whole = exists().where(
        tags.c.run_uuid == runs.c.run_uuid, tags.c.key == names.KIND, tags.c.value.in_(WHOLE)
    )
    measured = exists().where(latest.c.run_uuid == runs.c.run_uuid)
    with sql.ManagedSessionMaker() as session:
        query = (
            select(runs.c.status, func.count())
            .where(
                runs.c.experiment_id.in_([int(number) for number in selection.experiments]),
                runs.c.lifecycle_stage == "active",
                ~whole,
                or_(runs.c.status != "FINISHED", ~measured),
            )
            .group_by(runs.c.status)
        )
        if selection.condition:
            query = query.where(runs.c.run_uuid.in_(_meeting(sql, session, selection.condition)))
        for status, count in session.execute(query):
            counts[_reason(status)] += count
    return counts


def _reason(status: str) -> str:
    if status == "FINISHED":
        return "without_metric"
    return "failed" if status in ("FAILED", "KILLED") else "running"


def count_runs(sql: Any, experiments: Sequence[str]) -> dict[str, int]:
    """How many runs each of these experiments has that are not deleted.

    Args:
        sql: a tracking store of MLflow, as a server has it open.
        experiments: their ids.
    """
    counts = dict.fromkeys(experiments, 0)
    if not reads(sql):
        for run in _searched(sql, experiments, ""):
            counts[run.info.experiment_id] += 1
        return counts
    from mlflow.store.db.base_sql_model import Base
    from sqlalchemy import func, select

    runs = Base.metadata.tables["runs"]
    query = (
        select(runs.c.experiment_id, func.count())
        .where(runs.c.lifecycle_stage == "active")
        .group_by(runs.c.experiment_id)
    )
    with sql.ManagedSessionMaker() as session:
        found = {str(experiment): count for experiment, count in session.execute(query)}
    return {experiment: found.get(experiment, 0) for experiment in experiments}
