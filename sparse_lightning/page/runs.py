"""The runs that are compared, as one document."""

from typing import Any

from sparse_lightning.page.studies import (
    bootstrap_document,
    project_of,
    study_document,
    study_run,
)
from sparse_lightning.tracking.axes import defaults_of
from sparse_lightning.tracking.columns import RunColumns
from sparse_lightning.tracking.limits import MOST_RUNS
from sparse_lightning.tracking.listing import count_left_out
from sparse_lightning.tracking.selecting import Selection, read_columns
from sparse_lightning.tracking.store import Store

MOST_STUDIES = 20
"""Of more studies than these none is described: so many floors and settings tell nobody much."""


def runs_document(
    store: Store, sql: Any, selection: Selection, most: int = MOST_RUNS
) -> dict[str, Any]:
    """What the page compares (`GET api/runs`).

    Args:
        store: that holds the runs.
        sql: MLflow's own tracking store behind it.
        selection: which runs.
        most: so many runs are given at most.

    Raises:
        MlflowException: the filter is none.
        TrackingError: the store fails.
    """
    document = described_runs(store, read_columns(sql, selection, most))
    return {**document, "left_out": count_left_out(sql, selection)}


def described_runs(store: Store, runs: RunColumns) -> dict[str, Any]:
    """The same document of runs that were read before, without what was left out."""
    parents = sorted({parent for parent in runs.parents if parent})
    described = []
    if len(parents) <= MOST_STUDIES:
        found = [study_run(store, parent) for parent in parents]
        described = [(run, project_of(store, run.info.run_id)) for run in found if run]
    one = len(parents) == len(described) == 1 and all(runs.parents)
    return {
        **columns_document(runs),
        "defaults": defaults_of(runs),
        "studies": [study_document(run, project, runs) for run, project in described],
        "bootstrap": bootstrap_document(described[0][1], runs) if one else None,
    }


def whole_columns(runs: RunColumns) -> dict[str, Any]:
    """All that is known of the runs, for processes that read them by a server (`api/columns`)."""
    return {**columns_document(runs), "parents": runs.parents, "replicas": runs.replicas}


def columns_document(runs: RunColumns) -> dict[str, Any]:
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
