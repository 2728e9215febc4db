"""Reading a study back from MLflow: nothing of it needs the machine that trained it."""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sparse_lightning.errors import InputError, TrackingError
from sparse_lightning.project import Project
from sparse_lightning.project.types import LARGEST_SEED
from sparse_lightning.regularizers.replica import STRENGTHS
from sparse_lightning.tracking import names
from sparse_lightning.tracking.columns import ABSENT, Coded, RunColumns
from sparse_lightning.tracking.files import read_project, readable
from sparse_lightning.tracking.selecting import Selection, read_columns
from sparse_lightning.tracking.store import Store


@dataclass(frozen=True, eq=False)
class StudyRecord:
    """A study as the store holds it.

    Attributes:
        params: the dataset and the layers, as text.
        layers: units from inputs to outputs.
        metrics: the metrics of the study's run: null_error, connections_total, floor_epochs, …
        networks: one row a network, in the order of the grid: group, regularizer, the strengths
            (NaN where a group has none), seed, connections, squared_error (NaN where failed),
            failed, failure (in words), failure_phase, failure_step, failure_cause (as
            `nn.failures.Failure` has them; empty or NaN where sound), one_class (of classifiers of
            which some give every training row one class: that class, else empty), run_id, run_name,
            experiment_id.
        columns: the runs of the networks, the newest last.
        seconds: how long the study's run was open; NaN where it has not ended.
    """

    run_id: str
    experiment_id: str
    project: Project
    params: dict[str, str]
    layers: list[int]
    metrics: dict[str, float]
    networks: pd.DataFrame
    columns: RunColumns
    seconds: float = math.nan


def find_study(store: Store, experiment: str) -> str:
    """The run of the newest finished study of an experiment, or of a project whose study lies in
    another experiment, as where `mlflow run` has opened the run in MLflow's default one. An
    `InputError` names the experiments that hold studies.
    """
    with store.errors("cannot be searched"):
        experiments = {e.experiment_id: e.name for e in store.client.search_experiments()}
    studies = store.search(list(experiments), f"tags.`{names.KIND}` = '{names.STUDY}'")
    for mine in (
        [run for run in studies if experiments[run.info.experiment_id] == experiment],
        [run for run in studies if run.data.tags.get(names.PROJECT) == experiment],
    ):
        complete = [run for run in mine if "floor_epochs" in run.data.metrics]
        if complete:
            return max(complete, key=lambda run: run.info.start_time).info.run_id
    finished: dict[str, bool] = {}
    for run in studies:
        name = run.data.tags.get(names.PROJECT, "")
        finished[name] = finished.get(name, False) or "floor_epochs" in run.data.metrics
    known = [name if finished[name] else f"{name} (not finished)" for name in sorted(finished)]
    raise InputError(
        f"--experiment: {store.uri} holds no finished study of {experiment!r}; "
        f"studies: {', '.join(known) or 'none'}; to compare the runs of any experiment, give "
        "--x and --y"
    )


def is_finished(store: Store, run_id: str) -> bool:
    """Whether all networks of a study are tracked."""
    return "floor_epochs" in store.run(run_id).data.metrics


def read_study(store: Store, run_id: str) -> StudyRecord:
    """A study and its networks. An `InputError` says that the run holds no study, a `TrackingError`
    that the store fails, the study has no networks (yet), or it holds what this package does not
    write.
    """
    run = store.run(run_id)
    if run.data.tags.get(names.KIND) != names.STUDY:
        raise InputError(f"the run {run_id} in {store.uri} holds no study")
    with store.errors("cannot be searched"):
        selection = Selection([run.info.experiment_id], [run_id])
        columns = read_columns(store.backend, selection, most=sys.maxsize - 1)
    if not columns.ids or "floor_epochs" not in run.data.metrics:
        raise TrackingError(
            f"the study {run_id} in {store.uri} is not finished: it holds {len(columns.ids)} "
            "networks"
        )
    project = read_project(store, run_id)
    for name in _FACTS:
        if not math.isfinite(run.data.metrics.get(name, math.nan)):
            raise TrackingError(f"the study {run_id} in {store.uri} lacks the metric {name}")
    with readable("params", run_id):
        params = {name: run.data.params[name] for name in ("dataset", "layers")}
        layers = [int(units) for units in params["layers"].split("-")]
    return StudyRecord(
        run_id=run_id,
        experiment_id=run.info.experiment_id,
        project=project,
        params=params,
        layers=layers,
        metrics=dict(run.data.metrics),
        networks=network_frame(columns, run_id),
        columns=columns,
        seconds=(run.info.end_time - run.info.start_time) / 1000 if run.info.end_time else math.nan,
    )


_NOT_FURTHER = ("connections", "squared_error", "training_squared_error")
_FACTS = ("rows", "null_error", "connections_total", "floor_epochs", "floor_settled")


def check_params(weight: float, seed: int) -> None:
    """Raise a `ValueError` where no network of this package has these."""
    if math.isinf(weight) or abs(seed) > LARGEST_SEED:
        raise ValueError("l1_weight or seed out of range")


def network_frame(columns: RunColumns, study: str) -> pd.DataFrame:
    """The networks of a study, one row each, as `StudyRecord.networks` describes them; a
    `TrackingError` where a run does not hold what this package writes.
    """
    if None in columns.replicas:
        run_id = columns.ids[columns.replicas.index(None)]
        raise TrackingError(f"the number of run {run_id} cannot be read")
    with readable("the params of a network", study):
        return _frame(columns)


def _frame(columns: RunColumns) -> pd.DataFrame:
    order = np.argsort(np.array(columns.replicas))

    def text(known: Mapping[str, Coded], name: str) -> list[str | None]:
        column = known.get(name)
        if column is None:
            return [None] * len(order)
        codes = (column.codes[place] for place in order)
        return [None if code == ABSENT else column.levels[code] for code in codes]

    def param(name: str) -> list[str | None]:
        return text(columns.params, name)

    def given(name: str) -> list[str]:
        found = param(name)
        if None in found:
            raise ValueError(f"{columns.ids[order[found.index(None)]]} lacks {name}")
        return [value or "" for value in found]

    def tag(name: str) -> list[str]:
        return [found or "" for found in text(columns.tags, name)]

    def metric(name: str) -> np.ndarray:
        values = columns.metrics.get(name)
        if values is None:
            return np.full(len(order), np.nan)
        return np.array(values, dtype=float)[order]

    def own(values: list[str]) -> list[str]:
        return [values[place] for place in order]

    strengths = {name: np.array(param(name), dtype=float) for name in STRENGTHS}
    seeds = [int(seed) for seed in given("seed")]
    for weight, seed in zip(strengths["l1_weight"], seeds, strict=True):
        check_params(weight, seed)
    strengths["l1_weight"] = np.nan_to_num(strengths["l1_weight"])
    failures = tag(names.FAILURE)
    failed = np.array([bool(failure) for failure in failures])
    one_class = tag(names.ONE_CLASS)
    experiments = columns.experiments
    return pd.DataFrame(
        {
            "group": given("group"),
            "regularizer": given("regularizer"),
            **strengths,
            "seed": seeds,
            "connections": np.where(failed, np.nan, metric("connections")),
            "squared_error": np.where(failed, np.nan, metric("squared_error")),
            **{name: metric(name) for name in columns.metrics if name not in _NOT_FURTHER},
            "failed": failed,
            "failure": failures,
            "failure_phase": tag(names.FAILURE_PHASE),
            "failure_step": np.array(text(columns.tags, names.FAILURE_STEP), dtype=float),
            "failure_cause": tag(names.FAILURE_CAUSE),
            **({"one_class": one_class} if any(one_class) else {}),
            "run_id": own(columns.ids),
            "run_name": own(columns.names),
            "experiment_id": own([experiments.levels[code] for code in experiments.codes]),
        }
    )
