"""Runs that are over when they are written: what they hold, and writing them through the client."""

import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlflow.entities import Metric, Param
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from sparse_lightning.tracking.store import Store


@dataclass(frozen=True)
class FinishedRun:
    """A run as a whole.

    Attributes:
        name: of the run; not empty.
        params: as text.
        metrics: `(name, step, value)`, in the order in which they were measured.
        tags: but for the one of the name.
        status: `FINISHED`, `FAILED` or `KILLED`.
        files: the contents of its artifacts by name.
        run_id: that it gets where the store lets it be chosen, so that what is written again after
            a half takes its place; "" for any.
    """

    name: str
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Iterable[tuple[str, int, float]] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    status: str = "FINISHED"
    files: Mapping[str, bytes] = field(default_factory=dict)
    run_id: str = ""


def write_runs(store: Store, experiment_id: str, runs: Iterable[FinishedRun]) -> list[str]:
    """Write runs one by one through MLflow's client, which every store understands.

    A failure leaves the run that it struck open; the runs before it are whole.

    Args:
        store: where to write.
        experiment_id: of the experiment of the runs.
        runs: taken one at a time.

    Returns:
        The ids of the runs, in their order.

    Raises:
        MlflowException: the store does not take a run.
    """
    written: list[str] = []
    for run in runs:
        opened = store.client.create_run(experiment_id, run_name=run.name, tags=dict(run.tags))
        run_id, now = opened.info.run_id, int(time.time() * 1000)
        log_files(str(opened.info.artifact_uri), run.files, store.uri)
        store.client.log_batch(
            run_id,
            metrics=[
                Metric(name, float(value), now, int(step)) for name, step, value in run.metrics
            ],
            params=[Param(name, value) for name, value in run.params.items()],
        )
        store.client.set_terminated(run_id, run.status)
        written.append(run_id)
    return written


def log_files(artifact_uri: str, files: Mapping[str, bytes], tracking_uri: str) -> None:
    """Put files among the artifacts of a run.

    Args:
        artifact_uri: of the run; the client would ask the store for it, which outlasts the copy.
        files: their contents by name.
        tracking_uri: of the store that holds the run.

    Raises:
        MlflowException: no such place is known, or it does not take the files.
        OSError: it cannot be written.
    """
    if not files:
        return
    repository = get_artifact_repository(artifact_uri, tracking_uri)
    if type(repository) is LocalArtifactRepository:
        # By way of another folder, files would take as long as all else of a run.
        folder = Path(repository.artifact_dir)
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, files)
    else:
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), files)
            repository.log_artifacts(folder)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)
