"""How many runs there are, and how many of them a selection leaves out."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from mlflow.exceptions import MlflowException

from sparse_lightning.tracking import names
from sparse_lightning.tracking._mlflow import session_of, tables
from sparse_lightning.tracking.conditions import in_time, meeting
from sparse_lightning.tracking.selecting import WHOLE, Selection, reads, searched, wanted
from sparse_lightning.tracking.store import NOT_THERE


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
    """The experiment of a run, and how many params, tags and metrics it has; None: there is none.

    Args:
        sql: a tracking store of MLflow, as a server has it open.
        run_id: of the run, as MLflow spells it.
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
    """How many runs each of these experiments has that are not deleted.

    Args:
        sql: a tracking store of MLflow, as a server has it open.
        experiments: their ids.
    """
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
