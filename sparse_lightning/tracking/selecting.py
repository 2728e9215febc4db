"""Which runs a comparison is of, read from the tables of a SQL store, or through the store's API.

MLflow's own search makes an object of every value and its pages end at some ten thousand runs;
where the process has the store's SQL database open, four plain selects read the same. Where that
is not certain (`reads` says no), a server with this package's page is asked for what it reads so.
What is left goes through the API.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from mlflow.entities import Run, ViewType
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning._machine import uncollected
from sparse_lightning.tracking import names
from sparse_lightning.tracking._mlflow import can_select, is_sql, session_of, tables
from sparse_lightning.tracking.columns import (
    HIDDEN_TAGS,
    OWN_TAGS,
    SHOWN_TAGS,
    RunColumns,
    RunHead,
    columns_of,
)
from sparse_lightning.tracking.conditions import condition_errors, in_time, meeting, parsed
from sparse_lightning.tracking.finished_runs import TABLES
from sparse_lightning.tracking.limits import MOST_RUNS, TooMuchError
from sparse_lightning.tracking.servers import fetch_columns

PAGE = 1000

FETCHED = 10_000
"""So many rows of a table are fetched at once, and of so many runs at a time."""

WHOLE = (names.STUDY, names.OVERVIEW, names.SEARCH)
"""Runs of these kinds stand for many networks and are no points of a comparison."""


READ = {
    **TABLES,
    "experiments": {"experiment_id", "name", "lifecycle_stage", "creation_time"},
}
"""The tables that are read, with columns that they must have."""


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
    """The selected runs in MLflow's tracking store `sql`; the columns say where there are more than
    `most`. Raises a `ConditionError`, a `TooMuchError` or, where the store fails, an
    `MlflowException`.
    """
    if not selection.experiments:
        return columns_of([], (), (), ())
    if reads(sql):
        with uncollected():
            return _from_tables(sql, selection, most)
    return _from_page(sql, selection, most) or _from_api(sql, selection, most)


def reads(sql: Any) -> bool:
    """Whether the tables of this store are those that are known here."""
    return (
        is_sql(sql)
        and can_select()
        and all(
            name in tables() and set(tables()[name].columns.keys()) >= columns
            for name, columns in READ.items()
        )
    )


def _from_tables(sql: Any, selection: Selection, most: int) -> RunColumns:
    from sqlalchemy import and_, exists, or_, select

    runs, tags, params, latest = (
        tables()[name] for name in ("runs", "tags", "params", "latest_metrics")
    )
    with session_of(sql) as session:

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
            wanted.append(runs.c.run_uuid.in_(meeting(sql, session, selection.condition)))
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
        # Of a condition the database is asked once, for no longer than it may take.
        with in_time(session) if selection.condition else nullcontext():
            found = session.execute(newest).all()
        heads = [
            RunHead(run_id, name or "", str(experiment), status, started or 0)
            for run_id, name, experiment, status, started in reversed(found[:most])
        ]
        chosen = [head.run_id for head in heads]

        def values(table: Any, *columns: Any, where: Any = None) -> Iterator[Any]:
            query = select(table.c.run_uuid, table.c.key, *columns)
            query = query if where is None else query.where(where)
            for start in range(0, len(chosen), FETCHED):
                part = table.c.run_uuid.in_(chosen[start : start + FETCHED])
                # Row by row, as many calls of the driver would take longer than the database.
                yield from chain.from_iterable(
                    session.execute(query.where(part)).partitions(FETCHED)
                )

        visible = or_(
            tags.c.key.in_(SHOWN_TAGS + OWN_TAGS),
            and_(*(~tags.c.key.like(f"{start}%") for start in HIDDEN_TAGS)),
        )
        numbers = (
            (run_id, key, float("nan") if is_nan else value)
            for run_id, key, value, is_nan in values(latest, latest.c.value, latest.c.is_nan)
        )
        # MLflow would take any error in here for one of the database.
        try:
            return columns_of(
                heads,
                # MLflow keeps an infinite value as the greatest number there is.
                ((run_id, key, finite(value)) for run_id, key, value in numbers),
                values(params, params.c.value),
                values(tags, tags.c.value, where=visible),
                truncated=len(found) > most,
            )
        except TooMuchError as error:
            too_much = error
    raise too_much


def _from_page(store: Any, selection: Selection, most: int) -> RunColumns | None:
    """What a server with this package's page reads; None where there is none that gives all."""
    if most < MOST_RUNS:  # which the server gives
        return None
    columns = fetch_columns(
        store,
        {
            "experiment": list(selection.experiments),
            "study": list(selection.studies),
            "filter": selection.condition,
            "unfinished": int(selection.unfinished),
        },
    )
    if columns and (columns.columns_left_out or (columns.truncated and most > MOST_RUNS)):
        return None
    return columns


def _from_api(store: Any, selection: Selection, most: int) -> RunColumns:
    runs: list[Run] = []
    if selection.condition:
        parsed(selection.condition)
    for condition in _conditions(selection):
        found = searched(store, selection.experiments, condition)
        runs += islice((run for run in found if wanted(run, selection)), most + 1)
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
            (run.info.run_id, key, finite(value))
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


def wanted(run: Run, selection: Selection) -> bool:
    """Whether a selection takes a run that meets its condition."""
    kind = run.data.tags.get(names.KIND)
    if selection.studies:
        parent = run.data.tags.get(MLFLOW_PARENT_RUN_ID)
        return kind == names.NETWORK and parent in selection.studies
    finished = run.info.status == "FINISHED" and bool(run.data.metrics)
    return kind not in WHOLE and (finished or selection.unfinished)


def searched(store: Any, experiments: Sequence[str], condition: str) -> Iterator[Run]:
    """The runs of experiments that meet a condition of MLflow's, page by page."""
    token = None
    while True:
        with condition_errors() if condition else nullcontext():
            page = store.search_runs(
                list(experiments), condition, ViewType.ACTIVE_ONLY, PAGE, None, token
            )
        yield from page
        token = page.token
        if not token:
            return


def _texts(given: Iterable[tuple[str, dict[str, str]]]) -> Iterator[tuple[str, str, str]]:
    return ((run_id, key, text) for run_id, texts in given for key, text in texts.items())


def finite(value: float) -> float:
    """The value; NaN for what MLflow's databases keep for infinities."""
    return value if abs(value) < sys.float_info.max else float("nan")
