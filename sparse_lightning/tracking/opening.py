"""The run that a job writes to: made once, joined, or found again by the key of the job."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from sparse_lightning.errors import TrackingError
from sparse_lightning.tracking import names
from sparse_lightning.tracking.idempotent import single
from sparse_lightning.tracking.insisting import insist
from sparse_lightning.tracking.origin import source_tags
from sparse_lightning.tracking.owners import now, this_process
from sparse_lightning.tracking.store import Store


@dataclass(frozen=True)
class Opening:
    """The run of a job that begins, or goes on.

    Attributes:
        run: as the store has it.
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
        run = _joined_run(store, run_id, key)
        opening = Opening(run, resumed=key is not None and run.data.tags.get(names.KEY) == key)
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
    """A new run in the experiment of this name, once and no more than once."""
    experiment = store.experiment(name).experiment_id
    tags = {**source_tags(), names.KEY: uuid4().hex, **tags}
    repeated = False

    def make(again: bool) -> Run:
        nonlocal repeated
        repeated = again
        found = single(store, experiment, tags) if again else None
        return found or store.client.create_run(experiment, run_name=name, tags=tags)

    with store.errors("does not open a run"):
        return Opening(insist(make, patience), repeated=repeated)


def _joined_run(store: Store, run_id: str, key: str | None) -> Run:
    """A run that another program has opened.

    Raises:
        InputError: there is none.
        TrackingError: it holds another job of this package.
    """
    run = store.run(run_id)
    resumed = key is not None and run.data.tags.get(names.KEY) == key
    if names.KIND in run.data.tags and not resumed:
        raise TrackingError(
            f"the run {run_id} (MLFLOW_RUN_ID) holds a study already; unset MLFLOW_RUN_ID to "
            "start a run of its own"
        )
    return run


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
