"""What a store has to choose from: its experiments and the studies in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlflow.entities import LifecycleStage, Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME

from sparse_lightning.tracking import names
from sparse_lightning.tracking._mlflow import session_of, tables
from sparse_lightning.tracking.selecting import reads, searched
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
    """What a study is called, and where it stands.

    Attributes:
        run_id: of its run.
        name: of its project.
        experiment_id: of its experiment.
        task: as the project has it; None where the run does not say.
        dataset: the name of its table; likewise.
        started: in milliseconds since 1970.
        status: of its run, as MLflow has it.
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
        """That of a study's run."""
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
    """The names of the experiments that are not deleted, by their ids, the newest first.

    Args:
        sql: a tracking store of MLflow, as a server has it open.
        among: the ids of those that are looked for; default: the newest `MOST_EXPERIMENTS`.
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
    """The newest studies of these experiments, the newest first, at most `MOST_LISTED`.

    Args:
        sql: a tracking store of MLflow, as a server has it open.
        experiments: their ids.
    """
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
