"""A search in MLflow: its run, a child run a trial, and their networks below them."""

import json
import math
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import pandas as pd
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning.comparison.frames import records
from sparse_lightning.project import Project
from sparse_lightning.regularizers.replica import STRENGTHS, Replica
from sparse_lightning.search.group_study import study_name
from sparse_lightning.search.trials import Candidate, Outcome
from sparse_lightning.tracking import Store, names
from sparse_lightning.tracking.finished_runs import FinishedRun
from sparse_lightning.tracking.job_run import JobWriter, OpenedRun
from sparse_lightning.tracking.provenance import commit_tag
from sparse_lightning.tracking.study_writer import common_params, network_run

PAGE = "search.html"
_DESCRIBED = {"group", "regularizer", *STRENGTHS, "seed", "failed", "failure"}


class SearchWriter(JobWriter):
    """The run of a search while it is made; a context manager that ends the run in any case.

    It holds the project file, a child run a trial with its indices, below each of these a run a
    network with its measures, and the page of plots. The networks' weights are not kept: a setting
    and a seed make them again. `layers` are the units from inputs to outputs; a new run is opened
    in the experiment `NAME-search`; `run_id` and `key` (the name of the search) are as `OpenedRun`
    takes them, and it raises the same errors.
    """

    def __init__(
        self,
        store: Store,
        project: Project,
        dataset: str,
        layers: list[int],
        run_id: str | None = None,
        key: str | None = None,
    ):
        self._project = project
        self._params = common_params(project, dataset, layers)
        self._commit = commit_tag(project.folder)
        name = f"{project.name}-search"
        patience = project.tracking.patience
        super().__init__(
            # An earlier run holds trials that no other has.
            OpenedRun(store, names.SEARCH, name, run_id, key=key, replaces=False, patience=patience)
        )

    def _begin(self, stack: ExitStack) -> None:
        settings = self._project.search
        self._run.describe(
            params={
                **self._params,
                "groups": ", ".join(self._project.regularizers.groups),
                "seeds": _listed(self._project.search_seeds),
                **{
                    field: getattr(settings, field)
                    for field in ("trials", "batch", "sampler", "objective", "pruning", "markers")
                },
            },
            tags={names.PROJECT: self._project.name, **self._commit},
        )
        self._run.text(self._project.dump_yaml(), names.PROJECT_FILE)

    def forget(self, candidates: Sequence[Candidate]) -> None:
        """Remove what an earlier run of this search has written of trials that it did not end."""
        for candidate in candidates:
            self._run.forget(
                {
                    names.KIND: names.TRIAL,
                    names.OPTUNA_STUDY: study_name(self._project, candidate.group),
                    names.OPTUNA_TRIAL: str(candidate.number),
                }
            )

    def trials(self, outcomes: Sequence[Outcome]) -> None:
        """Write a run for each trial, then one for each of their networks; an `UnfinishedError`
        where the store does not take them.
        """
        trials = [self._trial(outcome) for outcome in outcomes]
        parents = self._run.runs(trials, len(trials), "trials")
        networks = [
            self._network(row, place, outcome.candidate, parent)
            for outcome, parent in zip(outcomes, parents, strict=True)
            for place, row in enumerate(records(outcome.networks))
        ]
        self._run.runs(networks, len(networks), "networks")

    def end(self, page: str, floor: float) -> None:
        """Add the page of plots and the measures of the whole search."""
        self._run.requests.settle()
        trials = self._run.requests.insist("its trials", lambda _: self._run.children())
        self._run.text(page, PAGE)
        self._run.describe(metrics={"trials": len(trials), "floor": floor})

    def _trial(self, outcome: Outcome) -> FinishedRun:
        candidate, setting = outcome.candidate, outcome.candidate.setting
        strengths = setting.model_dump(exclude_none=True)
        params = {**self._params, "group": candidate.group, "seeds": _listed(_seeds(outcome))}
        params |= {
            name: _listed(value) if isinstance(value, tuple) else value
            for name, value in strengths.items()
        }
        counts = {"networks": len(outcome.networks), "failed_networks": outcome.failed}
        measures = {**outcome.indices, **counts}
        for place, value in enumerate(outcome.values or ()):
            measures[f"objective_{place}" if len(outcome.values or ()) > 1 else "objective"] = value
        state = "FAIL" if outcome.values is None else "PRUNED" if outcome.pruned else "COMPLETE"
        return FinishedRun(
            name=candidate.name[:250],
            params=_texts(params),
            metrics=_points(measures),
            tags={
                **self._commit,
                MLFLOW_PARENT_RUN_ID: self.run_id,
                names.KIND: names.TRIAL,
                names.OPTUNA_STUDY: study_name(self._project, candidate.group),
                names.OPTUNA_TRIAL: str(candidate.number),
                "optuna.state": state,
            },
            status="FAILED" if outcome.values is None else "FINISHED",
        )

    def _network(
        self, row: dict[str, Any], place: int, candidate: Candidate, parent: str
    ) -> FinishedRun:
        replica = Replica(
            place,
            candidate.group,
            row["regularizer"],
            row["seed"],
            **{name: row[name] for name in STRENGTHS if not math.isnan(row[name])},
        )
        return network_run(
            replica,
            parent,
            row["failure"],
            name=f"{candidate.name[:200]} λ={row['l1_weight']:g} seed {row['seed']}",
            params=self._params,
            tags=self._commit,
            metrics=_points({name: row[name] for name in row if name not in _DESCRIBED}),
        )


def _seeds(outcome: Outcome) -> list[int]:
    return outcome.networks["seed"].unique().tolist()


def _listed(values: Sequence[float]) -> str:
    return json.dumps(list(values)).strip("[]")


def _texts(params: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in params.items()}


def _points(measures: dict[str, float]) -> list[tuple[str, int, float]]:
    return [(name, 0, value) for name, value in measures.items() if not pd.isna(value)]
