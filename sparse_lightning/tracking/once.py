"""Runs that are made once, however often they are written: finished ones, and the run of a job.

MLflow's stores keep a param, a tag, a file and a metric's point once however often they are written
the same. A run they make anew each time: it is looked for by its tags before it is made again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from sparse_lightning.errors import TrackingError
from sparse_lightning.tracking import finished_runs, names
from sparse_lightning.tracking.finished_runs import FinishedRun, fill_run, open_run
from sparse_lightning.tracking.owners import now, this_process
from sparse_lightning.tracking.provenance import source_tags
from sparse_lightning.tracking.retrying import insist
from sparse_lightning.tracking.store import Store

IDENTITY = (
    MLFLOW_PARENT_RUN_ID,
    names.KIND,
    names.REPLICA,
    names.OPTUNA_STUDY,
    names.OPTUNA_TRIAL,
    names.KEY,
)
"""The tags of which no two runs have all the same."""


def write_in_bulk(
    store: Store, experiment_id: str, runs: Sequence[FinishedRun], careful: bool
) -> list[str]:
    """Write finished runs in one transaction of a store that `takes` it; returns their ids in their
    order. `careful` where some of them may be there already.
    """
    found = [single(store, experiment_id, run.tags) if careful else None for run in runs]
    new = [run for run, known in zip(runs, found, strict=True) if known is None]
    ids = iter(finished_runs.write_runs(store, experiment_id, new))
    for run, known in zip(runs, found, strict=True):
        if known is not None and known.info.status != run.status:
            fill_run(store, known, run)  # MLflow's client has left a half of it
    return [next(ids) if known is None else known.info.run_id for known in found]


def open_once(
    store: Store, experiment_id: str, run: FinishedRun, started: int, careful: bool
) -> Run:
    """The open run that the store has of a finished one, made if there is none, with its start in
    milliseconds since 1970. `careful` where it may be there already.
    """
    found = single(store, experiment_id, run.tags) if careful else None
    return found or open_run(store, experiment_id, run, started)


def single(store: Store, experiment_id: str, tags: Mapping[str, str]) -> Run | None:
    """The one run of an experiment that has these tags of `IDENTITY`; others are deleted."""
    if not any(name in tags for name in (names.REPLICA, names.OPTUNA_TRIAL, names.KEY)):
        raise ValueError(f"no single run has the tags {dict(tags)}")
    known = {name: tags[name] for name in IDENTITY if name in tags}
    found = tagged(store, experiment_id, known)
    found.sort(key=lambda run: run.info.status in ("RUNNING", "KILLED"))
    for twin in found[1:]:
        store.client.delete_run(twin.info.run_id)
    return found[0] if found else None


def tagged(store: Store, experiment_id: str, tags: Mapping[str, str]) -> list[Run]:
    """The runs of an experiment that have all of these tags."""
    # The name of a study of Optuna's is the user's, and MLflow's filters know no escaping.
    plain = {name: value for name, value in tags.items() if name != names.OPTUNA_STUDY}
    condition = " and ".join(f"tags.`{name}` = '{value}'" for name, value in plain.items())
    return [
        run
        for run in store.pages([experiment_id], condition)
        if tags.items() <= run.data.tags.items()
    ]


@dataclass(frozen=True)
class Opening:
    """The run of a job that begins, or goes on.

    Attributes:
        resumed: whether an earlier process has worked on it.
        repeated: whether a request that was given up may make it once more.
    """

    run: Run
    resumed: bool = False
    repeated: bool = False


def opening_of(
    store: Store,
    name: str,
    tags: Mapping[str, str],
    run_id: str | None,
    replaces: bool,
    patience: float,
) -> Opening:
    """The run of a job: the open one, else the one that an earlier process has begun, else a new
    one; `OpenedRun` says what the arguments are.
    """
    key = tags.get(names.KEY)
    earlier = _earlier_runs(store, key) if key else []
    if run_id:
        opening = _joined_run(store, run_id, key)
    elif earlier:
        opening = Opening(earlier[0], resumed=True)
    else:
        opening = _new_run(store, name, tags, patience)
    with store.errors("does not delete the run that this one takes the place of"):
        for other in earlier:
            other_id, place = other.info.run_id, other.info.experiment_id
            mine = other_id == opening.run.info.run_id
            if not mine and (replaces or not children_of(store, other_id, place)):
                delete_with_children(store, other)
    return opening


def _new_run(store: Store, name: str, tags: Mapping[str, str], patience: float) -> Opening:
    """A new run in the experiment of the process, else in that of this name, exactly once."""
    experiment = store.chosen_experiment(name).experiment_id
    tags = {**source_tags(), names.KEY: uuid4().hex, **tags}
    repeated = False

    def make(again: bool) -> Run:
        nonlocal repeated
        repeated = again
        found = single(store, experiment, tags) if again else None
        return found or store.client.create_run(experiment, run_name=name, tags=tags)

    with store.errors("does not open a run"):
        return Opening(insist(make, patience), repeated=repeated)


def _joined_run(store: Store, run_id: str, key: str | None) -> Opening:
    run = store.run(run_id)
    resumed = key is not None and run.data.tags.get(names.KEY) == key
    if names.KIND in run.data.tags and not resumed:
        raise TrackingError(
            f"the run {run_id} (MLFLOW_RUN_ID) holds a study already; unset MLFLOW_RUN_ID to "
            "start a run of its own"
        )
    return Opening(run, resumed)


def _earlier_runs(store: Store, key: str) -> list[Run]:
    """The runs that earlier processes have opened for a job, the newest first.

    There is one, or none; more only where a request was done after it had been given up.
    """
    with store.errors("cannot be searched"):
        everywhere = [e.experiment_id for e in store.client.search_experiments()]
    return store.search(everywhere, f"tags.`{names.KEY}` = '{key}'")


def children_of(store: Store, run_id: str, experiment_id: str) -> list[Run]:
    """The runs below a run that the store has; with the errors of MLflow's client."""
    return store.pages([experiment_id], f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run_id}'")


def delete_with_children(store: Store, run: Run) -> None:
    """Delete a run and those below it; with the errors of MLflow's client."""
    for one in (*children_of(store, run.info.run_id, run.info.experiment_id), run):
        store.client.delete_run(one.info.run_id)


def job_tags(kind: str, name: str, key: str | None) -> dict[str, str]:
    """The tags that say what a job is, and which process has it in hand."""
    return {
        names.KIND: kind,
        MLFLOW_RUN_NAME: name,
        names.OWNER: this_process(),
        names.SEEN: now(),
        **({} if key is None else {names.KEY: key}),
    }
