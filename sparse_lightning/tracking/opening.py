"""The run that a job writes to: made once, joined, or found again by the key of the job."""

import time
from collections.abc import Mapping
from contextlib import suppress
from uuid import uuid4

from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from sparse_lightning.errors import TrackingError
from sparse_lightning.tracking import names
from sparse_lightning.tracking.delivery import passing, single
from sparse_lightning.tracking.origin import source_tags
from sparse_lightning.tracking.outbox import PAUSES
from sparse_lightning.tracking.owners import now, this_process
from sparse_lightning.tracking.store import Store, retries


def new_run(store: Store, name: str, tags: Mapping[str, str], patience: float) -> Run:
    """A new run in the experiment of this name, once and no more than once."""
    experiment = store.experiment(name)
    tags = {**source_tags(), names.KEY: uuid4().hex, **tags}
    until, pause, run = time.monotonic() + patience, PAUSES[0], None
    while run is None:
        with store.errors("does not open a run"):
            try:
                # MLflow's client would make one more run each time that it does not get an answer.
                with retries(0):
                    run = store.client.create_run(
                        experiment.experiment_id, run_name=name, tags=tags
                    )
            except (MlflowException, OSError) as error:
                if not passing(error) or time.monotonic() > until:
                    raise
                time.sleep(pause)
                pause = min(2 * pause, PAUSES[1])
                with suppress(MlflowException, OSError):
                    run = single(store, experiment.experiment_id, tags)
    return run


def joined_run(store: Store, run_id: str, key: str | None) -> Run:
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


def earlier_runs(store: Store, key: str) -> list[Run]:
    """The runs that earlier processes have opened for a job: one, or none."""
    with store.errors("cannot be searched"):
        everywhere = [e.experiment_id for e in store.client.search_experiments()]
    return store.search(everywhere, f"tags.`{names.KEY}` = '{key}'")


def delete_with_children(store: Store, run: Run) -> None:
    """Delete a run that another takes the place of, and those below it."""
    below = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run.info.run_id}'"
    children = store.search([run.info.experiment_id], below)
    with store.errors("does not delete the run that this one takes the place of"):
        for one in (*children, run):
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
