"""What a store has to choose from: its experiments, the studies in them, and how many runs."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from mlflow.entities import LifecycleStage, Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME

from sparse_lightning.tracking import names
from sparse_lightning.tracking._mlflow import session_of, tables
from sparse_lightning.tracking.conditions import in_time, meeting
from sparse_lightning.tracking.selecting import WHOLE, Selection, reads, searched, wanted
from sparse_lightning.tracking.store import NOT_THERE

MOST_LISTED = 1_000
"""Studies that are offered, the newest."""

MOST_EXPERIMENTS = 10_000
"""Experiments that are offered, the newest."""

LARGEST_ID = 2**31 - 1
"""MLflow's databases count experiments with 32 bits."""


LONGEST_TEXT = 300
"""Characters of a name that is offered."""


@dataclass(frozen=True)
class StudyHead:
    """What a study is called, and where it stands; task and dataset are None where its run does not
    have them, `started` is in milliseconds since 1970.
    """

    run_id: str
    name: str
    experiment_id: str
    task: str | None
    dataset: str | None
    started: int | None
    status: str

    def __post_init__(self) -> None:
        for name in ("name", "task", "dataset"):
            text = getattr(self, name)
            object.__setattr__(self, name, None if text is None else text[:LONGEST_TEXT])

    @classmethod
    def of(cls, run: Run) -> "StudyHead":
        """The head of a study's run."""
        tags, params = run.data.tags, run.data.params
        return cls(
            run.info.run_id,
            tags.get(names.PROJECT) or tags.get(MLFLOW_RUN_NAME, ""),
            run.info.experiment_id,
            params.get("task"),
            params.get("dataset"),
            run.info.start_time,
            run.info.status,
        )


def list_experiments(sql: Any, among: Sequence[str] | None = None) -> dict[str, str]:
    """The names of the experiments that are not deleted, by their ids, the newest first: those
    `among` some ids, or the newest `MOST_EXPERIMENTS`.
    """
    if among is not None and not among:
        return {}
    if reads(sql):
        from sqlalchemy import select

        table = tables()["experiments"]
        known = [int(number) for number in among or () if int(number) <= LARGEST_ID]
        query = (
            select(table.c.experiment_id, table.c.name)
            .where(table.c.lifecycle_stage == "active")
            .order_by(table.c.creation_time.desc(), table.c.experiment_id)
            .limit(MOST_EXPERIMENTS)
        )
        if among is not None:
            query = query.where(table.c.experiment_id.in_(known))
        with session_of(sql) as session:
            return {str(number): name for number, name in session.execute(query)}
    found: dict[str, str] = {}
    if among is not None:
        for number in among:
            try:
                experiment = sql.get_experiment(number)
            except MlflowException as error:
                if error.error_code not in NOT_THERE:
                    raise
                continue
            if experiment.lifecycle_stage == LifecycleStage.ACTIVE:
                found[number] = experiment.name
        return found
    token = None
    while True:
        page = sql.search_experiments(max_results=1000, page_token=token)
        found |= {experiment.experiment_id: experiment.name for experiment in page}
        token = page.token
        if not token or len(found) >= MOST_EXPERIMENTS:
            return found


def list_studies(sql: Any, experiments: Sequence[str]) -> list[StudyHead]:
    """The newest studies of these experiments, the newest first, at most `MOST_LISTED`."""
    if not experiments:
        return []
    if not reads(sql):
        found = searched(sql, experiments, f"tags.`{names.KIND}` = '{names.STUDY}'")
        heads = [StudyHead.of(run) for run in found]
        return sorted(heads, key=lambda head: head.started or 0, reverse=True)[:MOST_LISTED]
    from sqlalchemy import exists, select

    runs, tags, params = (tables()[name] for name in ("runs", "tags", "params"))

    def value(table: Any, key: str) -> Any:
        chosen = select(table.c.value).where(table.c.run_uuid == runs.c.run_uuid)
        return chosen.where(table.c.key == key).scalar_subquery()

    kind = exists().where(
        tags.c.run_uuid == runs.c.run_uuid, tags.c.key == names.KIND, tags.c.value == names.STUDY
    )
    query = (
        select(
            runs.c.run_uuid,
            value(tags, names.PROJECT),
            runs.c.name,
            runs.c.experiment_id,
            value(params, "task"),
            value(params, "dataset"),
            runs.c.start_time,
            runs.c.status,
        )
        .where(runs.c.experiment_id.in_([int(number) for number in experiments]))
        .where(runs.c.lifecycle_stage == "active", kind)
        .order_by(runs.c.start_time.desc(), runs.c.run_uuid)
        .limit(MOST_LISTED)
    )
    with session_of(sql) as session:
        return [
            StudyHead(run_id, project or name or "", str(number), task, dataset, started, status)
            for run_id, project, name, number, task, dataset, started, status in session.execute(
                query
            )
        ]


def count_left_out(sql: Any, selection: Selection) -> dict[str, int]:
    """How many runs a selection leaves out, and why: `failed` (or killed), `running` (or scheduled)
    and `without_metric`. Runs of whole studies do not count; a selection of studies, or with
    `unfinished`, leaves none out. Raises an `MlflowException` where the condition is none.
    """
    counts = {"failed": 0, "running": 0, "without_metric": 0}
    if selection.studies or selection.unfinished or not selection.experiments:
        return counts
    if not reads(sql):
        for run in searched(sql, selection.experiments, selection.condition):
            if run.data.tags.get(names.KIND) not in WHOLE and not wanted(run, selection):
                counts[_reason(run.info.status)] += 1
        return counts
    from sqlalchemy import exists, func, or_, select

    runs, tags, latest = (tables()[name] for name in ("runs", "tags", "latest_metrics"))
    whole = exists().where(
        tags.c.run_uuid == runs.c.run_uuid, tags.c.key == names.KIND, tags.c.value.in_(WHOLE)
    )
    measured = exists().where(latest.c.run_uuid == runs.c.run_uuid)
    with session_of(sql) as session:
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
            query = query.where(runs.c.run_uuid.in_(meeting(sql, session, selection.condition)))
        with in_time(session) if selection.condition else nullcontext():
            found = session.execute(query).all()
        for status, count in found:
            counts[_reason(status)] += count
    return counts


def _reason(status: str) -> str:
    if status == "FINISHED":
        return "without_metric"
    return "failed" if status in ("FAILED", "KILLED") else "running"


def parts_of_run(sql: Any, run_id: str) -> tuple[str, int] | None:
    """The experiment of a run, and the number of its params, tags and metrics; None: there is no
    run.
    """
    if not reads(sql):
        try:
            run = sql.get_run(run_id)
        except MlflowException as error:
            if error.error_code in NOT_THERE:
                return None
            raise
        data = run.data
        return run.info.experiment_id, len(data.params) + len(data.tags) + len(data.metrics)
    from sqlalchemy import func, select

    known = tables()
    parts = (known[name] for name in ("params", "tags", "latest_metrics"))
    counts = [
        select(func.count()).where(part.c.run_uuid == run_id).scalar_subquery() for part in parts
    ]
    query = select(known["runs"].c.experiment_id, *counts)
    with session_of(sql) as session:
        found = session.execute(query.where(known["runs"].c.run_uuid == run_id)).first()
    return None if found is None else (str(found[0]), sum(found[1:]))


def count_runs(sql: Any, experiments: Sequence[str]) -> dict[str, int]:
    """How many runs each of these experiments has that are not deleted."""
    counts = dict.fromkeys(experiments, 0)
    if not reads(sql):
        for run in searched(sql, experiments, ""):
            counts[run.info.experiment_id] += 1
        return counts
    from sqlalchemy import func, select

    runs = tables()["runs"]
    query = (
        select(runs.c.experiment_id, func.count())
        .where(runs.c.lifecycle_stage == "active")
        .group_by(runs.c.experiment_id)
    )
    with session_of(sql) as session:
        found = {str(experiment): count for experiment, count in session.execute(query)}
    return {experiment: found.get(experiment, 0) for experiment in experiments}
