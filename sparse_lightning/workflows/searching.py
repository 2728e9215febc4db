"""A search, and the comparison of the groups after it: each at its own best, on fresh seeds."""

import json
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException

from sparse_lightning._files import csv_text, write_atomically
from sparse_lightning.data import catalog
from sparse_lightning.errors import (
    CheckpointError,
    InputError,
    StudyInUseError,
    TrackingError,
    UnfinishedError,
    check_type,
)
from sparse_lightning.nn.surroundings import usual_torch
from sparse_lightning.project import Project
from sparse_lightning.regularizers.replica import STRENGTHS
from sparse_lightning.report.tables import search_markdown
from sparse_lightning.report.writing import writable
from sparse_lightning.secrets import cleaned
from sparse_lightning.tracking import Store
from sparse_lightning.tracking._mlflow import without_autologging
from sparse_lightning.tracking.names import REPORT_FOLDER
from sparse_lightning.tracking.retrying import insist
from sparse_lightning.tracking.store import reason
from sparse_lightning.training.executors import cluster_of
from sparse_lightning.training.progress import Progress
from sparse_lightning.workflows.running import open_run_of, run
from sparse_lightning.workflows.study import Study

if TYPE_CHECKING:
    from sparse_lightning.search.result import SearchResult

BEST_FILE, SCORES_FILE, TEXT_FILE = "best.yaml", "search.csv", "search.md"


@dataclass(frozen=True, eq=False)
class Searched:
    """What a search has found, and what became of it on fresh seeds.

    `study` has each group at its best setting, trained from the seeds of the project; None where
    there was nothing to compare.
    """

    result: "SearchResult"
    study: Study | None

    @property
    def scores(self) -> pd.DataFrame:
        """One row a group: the best trial, its setting, and its score beside that of fresh seeds.

        The search has chosen the best of many scores, so that its own are too good to be true;
        those of fresh seeds are not.
        """
        objective = self.result.project.search.objective
        fresh = None if self.study is None else self.study.indices.set_index("group")
        rows = []
        for found in self.result.groups:
            row = {
                "group": found.group,
                "trials": found.trials,
                "networks": found.networks,
                "failed_networks": found.failed,
                "trial": ", ".join(f"#{number}" for number in found.best),
                "score": found.score,
                "score_low": found.low,
                "score_high": found.high,
                "fresh": np.nan,
                "fresh_low": np.nan,
                "fresh_high": np.nan,
                "l1_weights": None,
                **dict.fromkeys(STRENGTHS[1:], np.nan),
            }
            if fresh is not None and found.group in fresh.index:
                for end in ("", "_low", "_high"):
                    row[f"fresh{end}"] = fresh.loc[found.group, f"{objective}{end}"]
            if len(found.settings) == 1:
                setting = found.settings[0].model_dump(exclude_none=True)
                row |= {name: value for name, value in setting.items() if name in row}
            rows.append(row)
        return pd.DataFrame(rows)


@usual_torch()
@without_autologging()
def search_strengths(
    project: Project,
    tracking_uri: str | None = None,
    output: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    groups: Sequence[str] | None = None,
    fresh: bool = False,
    compare: bool = True,
    workers: int | None = None,
    scheduler: str | None = None,
    table: Any = None,
) -> Searched:
    """Search for each group's best strengths with the same budget, then compare the groups there.

    A search that was interrupted goes on; one that has spent its budget is not repeated, nor is the
    comparison that followed it.

    Args:
        project: with the groups, the bounds and the budget.
        tracking_uri: of the MLflow store; default: as MLflow resolves it.
        output: the folder of the comparison's report; default: `reports/NAME-best`.
        progress: told of every epoch; default: nothing is told.
        groups: which groups; default: all.
        fresh: begin anew.
        compare: train each group at its best setting from the project's own seeds and report it.
            With the objective `pareto` there is no such single setting, and no comparison.
        workers: how many processes of this machine train the trials; default: this one alone.
        scheduler: the address of a Dask scheduler whose workers train them instead.
        table: the table, where the project names none, as `run` takes it.

    Returns:
        What was found.

    Raises:
        InputError: the project, its table, the storage's address or the output cannot be used, a
            group is not known, or the storage holds a search with other settings.
        SearchError: Optuna is not installed, or its storage fails.
        TrackingError: the tracking store cannot be reached.
        UnfinishedError: the store fails later; called again, the search finishes what it lacks.
        ClusterError: Dask is not installed, the scheduler does not answer, or workers are lost.
        TrainingError: the accelerator or the precision cannot be used, or networks failed that
            nothing can be compared without.
    """
    from sparse_lightning.search.searching import search

    check_type(project, Project, "project", "a Project, as Project.load reads it from a file")
    name = f"{project.name}-best"
    compare = compare and project.search.objective != "pareto"
    folder = Path(output) if output is not None else Path("reports") / name
    if compare:
        writable(folder)
    open_run = open_run_of()
    with cluster_of(workers, scheduler) as cluster:
        result = search(
            project, tracking_uri, progress, groups, fresh, open_run, cluster, folder, table
        )
        if not compare or not any(found.settings for found in result.groups):
            return Searched(result, None)
        best = best_project(result, name)
        study = None if result.trained or fresh else _made_before(best, tracking_uri)
        if study is None:
            left_open = "" if result.run_id == open_run else open_run or ""
            try:
                arguments = (tracking_uri, folder, progress, left_open, cluster)
                study = _compared(best, *arguments, fresh=fresh, table=table)
            except StudyInUseError as error:
                warnings.warn(f"another search compares the groups: {error}", stacklevel=2)
                return Searched(result, None)
        else:
            study.write_report(folder)
    searched = Searched(result, study)
    _write(searched, best, folder, Store(tracking_uri))
    return searched


def best_project(result: "SearchResult", name: str) -> Project:
    """The project that compares the groups at their best settings, from its own seeds."""
    project = result.project
    fields = project.model_dump(mode="json", exclude={"search"})
    groups = {found.group: found.settings[0] for found in result.groups if found.settings}
    fields["name"] = name
    fields["regularizers"]["groups"] = {
        group: setting.model_dump(mode="json") for group, setting in groups.items()
    }
    fields["report"]["index"] = project.search.objective
    shown = fields["report"]["structures"]
    shown["l1_weight"] = None  # every group has values of its own
    shown["groups"] = [group for group in shown["groups"] or () if group in groups] or None
    return Project.parse(json.dumps(fields), origin=name, folder=project.folder)


def _compared(best: Project, *arguments: Any, fresh: bool, table: Any) -> Study:
    """Train the comparison; what remains of one at other settings is of no use any more."""
    try:
        return run(best, *arguments, fresh=fresh, table=table)
    except CheckpointError as error:
        warnings.warn(f"the comparison begins anew: {error}", stacklevel=2)
        return run(best, *arguments, fresh=True, table=table)


def _made_before(best: Project, tracking_uri: str | None) -> Study | None:
    """The newest comparison, if it is of these very settings."""
    try:
        study = Study.find(best.name, tracking_uri)
    except (InputError, TrackingError):
        return None
    return study if study.project == best else None


def _write(searched: Searched, best: Project, folder: Path, store: Store) -> None:
    assert searched.study is not None
    frame = searched.scores
    settings = searched.result.project
    text = search_markdown(
        frame,
        settings.search.objective,
        settings.report.confidence,
        searched.study.comparison.pairs,
        f"sparse-lightning search --trials {settings.search.trials}",
        settings.name,
    )
    words = write_atomically(folder / TEXT_FILE, text)
    frame["l1_weights"] = [" ".join(f"{w:g}" for w in ws or ()) for ws in frame["l1_weights"]]
    scores = write_atomically(folder / SCORES_FILE, csv_text(frame))
    fields = best.model_dump(mode="json")
    source = best.table.source
    if source and source not in catalog.names():
        # Relative paths start at the folder of the project file, which is another one here.
        fields["table"]["source"] = os.path.relpath(best.folder / source, folder)
    moved = Project.parse(json.dumps(fields), origin=best.name).dump_yaml()
    best_file = write_atomically(folder / BEST_FILE, moved)
    _add((scores, words, best_file), searched.study, best, store)


def _add(files: Sequence[Path], study: Study, best: Project, store: Store) -> None:

    def write(_: bool) -> None:
        for file in files:
            store.client.log_artifact(study.run_id, str(file), REPORT_FOLDER)

    try:
        insist(write, best.tracking.patience)
    except (MlflowException, OSError) as error:
        raise UnfinishedError(
            f"{best.name}: the tracking store {store.uri} lacks the scores: {reason(error)}; they "
            f"are kept in {files[0].parent}, and the same command again adds them"
        ) from cleaned(error)
