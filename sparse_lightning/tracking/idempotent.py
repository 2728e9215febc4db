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


def write_in_bulk(
    store: Store, experiment_id: str, runs: Sequence[FinishedRun], careful: bool
) -> list[str]:
    """Write finished runs in one transaction; gives their ids in their order.

    Args:
        store: a tracking store that `bulk` writes to.
        experiment_id: the experiment of the runs.
        runs: some runs, as many as one transaction takes.
        careful: whether some of them may be there already.

    Raises:
        MlflowException, OSError: the store does not take them.
    """
    found = [single(store, experiment_id, run.tags) if careful else None for run in runs]
    new = [run for run, known in zip(runs, found, strict=True) if known is None]
    ids = iter(bulk.write_runs(store, experiment_id, new))
    for run, known in zip(runs, found, strict=True):
        if known is not None and known.info.status != run.status:
            fill_run(store, known, run)  # MLflow's client has left a half of it
    return [next(ids) if known is None else known.info.run_id for known in found]


def open_once(
    store: Store, experiment_id: str, run: FinishedRun, started: int, careful: bool
) -> Run:
    """The open run that the store has of a finished one, made if there is none.

    Args:
        store: the tracking store.
        experiment_id: the experiment of the run.
        run: what it is to hold.
        started: its start, in milliseconds since 1970.
        careful: whether it may be there already.

    Raises:
        MlflowException, OSError: the store does not take it.
    """
    found = single(store, experiment_id, run.tags) if careful else None
    return found or open_run(store, experiment_id, run, started)


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
