"""Runs whose process has died: they end as KILLED instead of running for ever."""

from collections.abc import Sequence

from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning.tracking import names
from sparse_lightning.tracking.owners import at_work
from sparse_lightning.tracking.store import Store


def end_abandoned(store: Store, experiments: Sequence[str] | None = None) -> list[str]:
    """End the running runs of this package whose process is dead, and those below them.

    A process of this machine is looked up. One of another machine counts as dead when its run has
    had no sign of life for the time of `owners.LEASE`. Runs that name no process are left alone.

    Args:
        store: that holds them.
        experiments: their ids; default: all.

    Returns:
        The ids of the runs that were ended.

    Raises:
        TrackingError: the store fails.
    """
    if experiments is None:
        with store.errors("cannot be searched"):
            experiments = [found.experiment_id for found in store.client.search_experiments()]
    condition = f"attributes.status = 'RUNNING' and tags.`{names.KIND}` != ''"
    running = store.search(list(experiments), condition)
    known = {run.info.run_id: run for run in running}
    dead = [run.info.run_id for run in running if _abandoned(store, run, known)]
    with store.errors("does not end a run whose process has died"):
        for run_id in dead:
            store.end(run_id, "KILLED")
    return dead


def _abandoned(store: Store, run: Run, known: dict[str, Run]) -> bool:
    """Whether the process of a run, or of the one that it is below, has died."""
    tags = run.data.tags
    while names.OWNER not in tags and MLFLOW_PARENT_RUN_ID in tags:
        parent = tags[MLFLOW_PARENT_RUN_ID]
        if parent not in known:
            known[parent] = store.run(parent)
        tags = known[parent].data.tags
    owner = tags.get(names.OWNER)
    if owner is None:
        return False
    return not at_work(owner, {owner: tags[names.SEEN]} if names.SEEN in tags else {})
