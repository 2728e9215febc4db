"""The studies that runs belong to: their floors, their settings, and the draws of their seeds."""

import logging
import re
from typing import Any

from mlflow.entities import Run

from sparse_lightning._text import json_number
from sparse_lightning.comparison.bootstrap import draw_replicates
from sparse_lightning.errors import InputError, TrackingError
from sparse_lightning.project import Project
from sparse_lightning.project.settings import ReportSettings
from sparse_lightning.regularizers.replica import FLOOR
from sparse_lightning.tracking import names
from sparse_lightning.tracking.columns import RunColumns
from sparse_lightning.tracking.files import read_project
from sparse_lightning.tracking.limits import TooMuchError
from sparse_lightning.tracking.listing import StudyHead
from sparse_lightning.tracking.store import Store

logger = logging.getLogger(__name__)

NO_SETTINGS = ("dataset", "task", "layers", "groups", "seeds")
"""Params of a study's run that the page tells in other places."""

MOST_DRAWN = 1_000_000
"""Places in the draws of a study."""

_COUNT = re.compile("[0-9]{1,9}")

Document = dict[str, Any]


def study_run(store: Store, run_id: str) -> Run | None:
    """The run of a study that networks name as theirs; None where it is none.

    Who writes a run can let it name any other. What is read of that is what the store lets be read.
    """
    try:
        run = store.run(run_id)
    except (InputError, TooMuchError) as error:
        logger.info("the study %r of some networks cannot be read: %s", run_id, error)
        return None
    return run if run.data.tags.get(names.KIND) == names.STUDY else None


def project_of(store: Store, run_id: str) -> Project | None:
    """The project of a study; None where its file cannot be read any more."""
    try:
        return read_project(store, run_id)
    except TrackingError as error:
        logger.info("the project of the study %s cannot be read: %s", run_id, error)
        return None


def study_document(run: Run, project: Project | None, runs: RunColumns) -> Document:
    """A study, as the page shows it beside its networks.

    Args:
        run: of the study.
        project: of the study, if it can be read.
        runs: its networks, perhaps among others.
    """
    params, metrics, head = run.data.params, run.data.metrics, StudyHead.of(run)
    report = project.report if project else ReportSettings()
    groups = list(project.regularizers.groups) if project else params.get("groups", "").split(", ")
    return {
        "run_id": run.info.run_id,
        "name": head.name,
        "experiment_id": head.experiment_id,
        "task": head.task,
        "dataset": head.dataset,
        "layers": [
            int(units) for units in params.get("layers", "").split("-") if _COUNT.fullmatch(units)
        ],
        "rows": json_number(metrics.get("rows")),
        "floor": _floor(run.info.run_id, runs),
        "null_error": json_number(metrics.get("null_error")),
        "connections_total": json_number(metrics.get("connections_total")),
        "connection_threshold": report.connection_threshold,
        "index": report.index,
        "groups": groups,
        "settings": {name: text for name, text in params.items() if name not in NO_SETTINGS},
    }


def bootstrap_document(project: Project | None, runs: RunColumns) -> Document | None:
    """The draws of seeds of which the page makes its intervals; None where the seeds are not known.

    Of very many draws there are none, and the page makes its own.

    Args:
        project: of the only study that the runs are of.
        runs: its networks.
    """
    if project is None or "seed" not in runs.params:
        return None
    seeds = len(project.training.seeds)
    if seeds * project.report.bootstrap > MOST_DRAWN:
        return {"confidence": project.report.confidence, "seeds": seeds, "draws": None}
    draws = draw_replicates(seeds, project.report.bootstrap)
    return {"confidence": project.report.confidence, "seeds": seeds, "draws": draws.T.tolist()}


def _floor(study_id: str, runs: RunColumns) -> float | None:
    """The least error of the unregularized networks, the way the report has it."""
    groups = runs.params.get("group")
    if groups is None or FLOOR not in groups.levels:
        return None
    code = groups.levels.index(FLOOR)
    errors = [
        error
        for parent, group, error in zip(
            runs.parents, groups.codes, runs.metrics.get("squared_error", []), strict=False
        )
        if parent == study_id and group == code and error is not None
    ]
    return min(errors, default=None)
