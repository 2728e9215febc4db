"""What there is to choose from, the runs that are compared, and their studies, as documents."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning._text import json_number
from sparse_lightning.comparison import NETWORKS
from sparse_lightning.comparison.axes import VALIDATION
from sparse_lightning.comparison.bootstrap import draw_replicates
from sparse_lightning.errors import InputError, TrackingError
from sparse_lightning.page import VERSION
from sparse_lightning.project import Project
from sparse_lightning.project.settings import ReportSettings
from sparse_lightning.regularizers.replica import FLOOR
from sparse_lightning.tracking import names
from sparse_lightning.tracking.axes import defaults_of
from sparse_lightning.tracking.columns import ABSENT, RunColumns
from sparse_lightning.tracking.files import held, read_json, read_project, readable
from sparse_lightning.tracking.limits import TooMuchError
from sparse_lightning.tracking.listing import (
    StudyHead,
    count_left_out,
    count_runs,
    list_experiments,
    list_studies,
)
from sparse_lightning.tracking.selecting import Selection, read_columns
from sparse_lightning.tracking.store import Store

logger = logging.getLogger(__name__)

Document = dict[str, Any]

MOST_STUDIES = 20
"""More studies than these are not described: so many floors and settings help nobody."""

NO_SETTINGS = ("dataset", "task", "layers", "groups", "seeds")
"""Params of a study's run that the page shows in other places."""

MOST_DRAWN = 1_000_000
"""Places in the draws of a study."""

MEASURES = (NETWORKS.y, f"{VALIDATION}{NETWORKS.y}", "test_squared_error")
"""Errors of networks whose floor and error without weights the page knows: of training, validation
and test rows."""

ROWS = ("rows", "rows_held_out", "rows_validation", "rows_test")
"""Metrics of a study's run that count the rows of its table by what they are for."""

_COUNT = re.compile("[0-9]{1,9}")


def overview_document(
    sql: Any,
    readable: Callable[[Sequence[str]], list[str]],
    user: str | None,
    writes: bool,
    mlflow: str | None,
) -> Document:
    """The experiments and the studies that a user may read (`GET api/overview`).

    `sql` is MLflow's own tracking store, `readable` selects the experiments that the user may read,
    `writes` says whether networks can be registered, and `mlflow` is the address of MLflow's pages.
    """
    found = list_experiments(sql)
    allowed = set(readable(list(found)))
    experiments = {number: name for number, name in found.items() if number in allowed}
    runs = count_runs(sql, list(experiments)) if experiments else {}
    return {
        "version": VERSION,
        "user": user,
        "writes": writes,
        "mlflow": mlflow,
        "experiments": [
            {"id": number, "name": name, "runs": runs[number]}
            for number, name in experiments.items()
        ],
        "studies": [asdict(head) for head in list_studies(sql, list(experiments))],
    }


def runs_document(store: Store, sql: Any, selection: Selection) -> Document:
    """What the page compares (`GET api/runs`), at most `MOST_RUNS` of the selection."""
    runs, whole = read_columns(sql, selection), None
    if selection.condition:
        # The floor is the study's, whatever filter is on.
        unregularized = replace(selection, condition=f"params.`group` = '{FLOOR}'")
        whole = read_columns(sql, unregularized)
    document = described_runs(store, runs, whole, asked=selection.studies)
    return {**document, "left_out": count_left_out(sql, selection)}


def described_runs(
    store: Store,
    runs: RunColumns,
    whole: RunColumns | None = None,
    asked: Sequence[str] = (),
    recommended: Mapping[str, str | None] | None = None,
) -> Document:
    """The same document of runs that were read before, without what was left out.

    Args:
        store: where the studies' own runs are read.
        runs: what is compared.
        whole: runs among which the floors are; default: `runs`.
        asked: studies that are described first, also where none of these runs is of them.
        recommended: the recommended network by study; default: that with the tag.
    """
    parents = list(dict.fromkeys([*asked, *sorted({one for one in runs.parents if one})]))
    described = []
    if len(parents) <= MOST_STUDIES:
        found = [study_run(store, parent) for parent in parents]
        described = [(run, project_of(store, run.info.run_id)) for run in found if run]
    one = len(parents) == len(described) == 1 and all(runs.parents)
    defaults = defaults_of(runs)
    known = recommended or {}
    return {
        **columns_document(runs),
        "parents": coded_or_none(runs.parents),
        "defaults": defaults,
        "studies": [
            {
                **study_document(run, project, whole or runs, defaults["y"], store),
                "recommended": known.get(run.info.run_id)
                if recommended is not None
                else recommended_of(store, run),
            }
            for run, project in described
        ],
        "bootstrap": bootstrap_document(described[0][1], runs) if one else None,
    }


def coded_or_none(values: Sequence[str | None]) -> Document:
    """A column of texts that some runs do not have."""
    levels = sorted({value for value in values if value is not None})
    places = {level: place for place, level in enumerate(levels)}
    return {
        "levels": levels,
        "codes": [ABSENT if value is None else places[value] for value in values],
    }


def recommended_of(store: Store, run: Run) -> str | None:
    """The network of a study that is recommended, by its tag; None where none is."""
    condition = (
        f"tags.`{names.RECOMMENDED}` = 'true' and "
        f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run.info.run_id}'"
    )
    found = store.search([run.info.experiment_id], condition)
    return found[0].info.run_id if found else None


def whole_columns(runs: RunColumns) -> Document:
    """All that is known of the runs, for processes that read them by a server (`api/columns`)."""
    return {
        **columns_document(runs),
        "parents": runs.parents,
        "replicas": runs.replicas,
        "wholes": runs.wholes,
    }


def columns_document(runs: RunColumns) -> Document:
    """The runs themselves, column by column."""
    return {
        "ids": runs.ids,
        "names": runs.names,
        "experiments": runs.experiments.to_dict(),
        "statuses": runs.statuses.to_dict(),
        "started": runs.started,
        "metrics": runs.metrics,
        "params": {name: column.to_dict() for name, column in runs.params.items()},
        "tags": {name: column.to_dict() for name, column in runs.tags.items()},
        "truncated": runs.truncated,
        "columns_left_out": runs.columns_left_out,
    }


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


def study_document(
    run: Run,
    project: Project | None,
    runs: RunColumns,
    error: str | None = None,
    store: Store | None = None,
) -> Document:
    """A study, as the page shows it beside its networks, which are among the runs.

    Its floor and the error without weights are those of the measure `error`. Without the `store` of
    its files it is not known how many columns its table has.
    """
    rows = VALIDATION if error == f"{VALIDATION}{NETWORKS.y}" else ""
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
        "status": run.info.status,
        "rows": json_number(metrics.get("rows")),
        "rows_total": json_number(_rows_total(metrics)),
        "columns": None if store is None else _columns(store, run.info.run_id),
        "measures": {
            name: {
                "floor": _floor(run.info.run_id, runs, name),
                "null_error": json_number(
                    metrics.get(f"{name.removesuffix(NETWORKS.y)}null_error")
                ),
            }
            for name in MEASURES
            if name in runs.metrics
        },
        "floor": _floor(run.info.run_id, runs, f"{rows}{NETWORKS.y}"),
        "null_error": json_number(metrics.get(f"{rows}null_error")),
        "connections_total": json_number(metrics.get("connections_total")),
        "connection_threshold": report.connection_threshold,
        "index": report.index,
        "groups": groups,
        "settings": {name: text for name, text in params.items() if name not in NO_SETTINGS},
    }


def bootstrap_document(project: Project | None, runs: RunColumns) -> Document | None:
    """The draws of seeds of which the page makes its intervals, where the runs are of one study.

    None where the seeds are not known. Of very many draws there are none, and the page makes its
    own.
    """
    if project is None or "seed" not in runs.params:
        return None
    seeds = len(project.training.seeds)
    if seeds * project.report.bootstrap > MOST_DRAWN:
        return {"confidence": project.report.confidence, "seeds": seeds, "draws": None}
    draws = draw_replicates(seeds, project.report.bootstrap)
    return {"confidence": project.report.confidence, "seeds": seeds, "draws": draws.T.tolist()}


def _columns(store: Store, run_id: str) -> int | None:
    """How many columns of the table are used; None where that was not tracked."""
    try:
        if names.COLUMNS_FILE not in held(store, run_id, names.COLUMNS_FILE):
            return None
        document = read_json(store, run_id, names.COLUMNS_FILE)
        with readable(names.COLUMNS_FILE, run_id):
            return sum(bool(column["inputs"]) for column in document["columns"])
    except (TrackingError, TooMuchError) as error:
        logger.info("the columns of the study %s cannot be read: %s", run_id, error)
        return None


def _rows_total(metrics: Mapping[str, float]) -> float | None:
    """All rows of the table that are used, whatever for."""
    return sum(metrics.get(name, 0.0) for name in ROWS) if "rows" in metrics else None


def _floor(study_id: str, runs: RunColumns, measure: str) -> float | None:
    groups = runs.params.get("group")
    if groups is None or FLOOR not in groups.levels:
        return None
    code = groups.levels.index(FLOOR)
    errors = [
        error
        for parent, group, error in zip(
            runs.parents, groups.codes, runs.metrics.get(measure, []), strict=False
        )
        if parent == study_id and group == code and error is not None
    ]
    return min(errors, default=None)
