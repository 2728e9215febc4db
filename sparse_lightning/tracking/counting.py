"""How many runs there are, and how many of them a selection leaves out."""

from collections.abc import Sequence
from typing import Any

from sparse_lightning.tracking import names
from sparse_lightning.tracking.conditions import meeting
from sparse_lightning.tracking.selecting import WHOLE, Selection, reads, searched, wanted


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
            query = query.where(runs.c.run_uuid.in_(meeting(sql, session, selection.condition)))
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
        for run in searched(sql, experiments, ""):
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
