"""Writing runs once, however often they are written.

MLflow's stores keep a param, a tag, a file and a metric's point once however often they are written
the same. A run they make anew each time: it is looked for by its tags before it is made again.
"""

from collections.abc import Mapping, Sequence

from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning.tracking import bulk, names
from sparse_lightning.tracking.runs import FinishedRun, fill_run, open_run
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


def write_runs(
    store: Store,
    experiment_id: str,
    runs: Sequence[FinishedRun],
    started: int,
    careful: bool,
) -> list[str]:
    """Write finished runs in the fastest way that the store has; gives their ids in their order.

    Args:
        store: the tracking store.
        experiment_id: the experiment of the runs.
        runs: some runs, as many as one request takes.
        started: the start of the first, in milliseconds since 1970.
        careful: whether some of them may be there already.

    Raises:
        MlflowException, OSError: the store does not take them.
    """
    found: list[Run | None] = [
        single(store, experiment_id, run.tags) if careful else None for run in runs
    ]
    new = [run for run, known in zip(runs, found, strict=True) if known is None]
    if bulk.takes(store):
        made = bulk.write_runs(store, experiment_id, new)
    else:
        opened = [open_run(store, experiment_id, run, started + n) for n, run in enumerate(new)]
        made = [one.info.run_id for one in opened]
        for run, one in zip(new, opened, strict=True):
            fill_run(store, one, run)
    for run, known in zip(runs, found, strict=True):
        # The end of a run is written last. One that lacks it may have been ended as abandoned.
        if known is not None and known.info.status != run.status:
            fill_run(store, known, run)
    ids = iter(made)
    return [next(ids) if known is None else known.info.run_id for known in found]


def single(store: Store, experiment_id: str, tags: Mapping[str, str]) -> Run | None:
    """The one run of an experiment that has these tags of `IDENTITY`; others are deleted.

    Raises:
        ValueError: the tags are not those of a single run.
        MlflowException: the store fails.
    """
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
