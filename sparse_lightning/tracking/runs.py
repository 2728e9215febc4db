"""Runs that are over when they are written: what they hold, and writing them through the client."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlflow.entities import Metric, Param, Run
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from sparse_lightning._files import write_atomically
from sparse_lightning.address import Address
from sparse_lightning.secrets import keep_secret
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


def open_run(store: Store, experiment_id: str, run: FinishedRun, started: int) -> Run:
    """Open through MLflow's client, which every store understands, what `fill_run` fills.

    Args:
        store: where to write.
        experiment_id: of the experiment of the run.
        run: that is opened.
        started: when, in milliseconds since 1970.

    Raises:
        MlflowException: the store does not take it.
    """
    return store.client.create_run(
        experiment_id, start_time=started, run_name=run.name, tags=dict(run.tags)
    )


def fill_run(store: Store, opened: Run, run: FinishedRun) -> None:
    """Fill and end an open run; the same again leaves the same.

    Raises:
        MlflowException, OSError: the store does not take it.
    """
    for write in requests_to_fill(store, opened, run):
        write()


def requests_to_fill(store: Store, opened: Run, run: FinishedRun) -> list[Callable[[], object]]:
    """What fills and ends an open run, by request; its start becomes the time of its metrics."""
    run_id, started = opened.info.run_id, int(opened.info.start_time)
    metrics = [Metric(name, float(value), started, int(step)) for name, step, value in run.metrics]
    params = [Param(name, value) for name, value in run.params.items()]
    return [
        lambda: log_files(Address(str(opened.info.artifact_uri)), run.files, store.uri),
        lambda: store.client.log_batch(run_id, metrics, params),
        lambda: store.end(run_id, run.status),
    ]


def log_files(artifacts: Address, files: Mapping[str, bytes], tracking: Address) -> None:
    """Put files among the artifacts of a run.

    Args:
        artifacts: of the run; the client would ask the store for it, which outlasts the copy.
        files: their contents by name, which may name folders.
        tracking: of the store that holds the run.

    Raises:
        MlflowException: no such place is known, or it does not take the files.
        OSError: it cannot be written.
    """
    if not files:
        return
    repository = get_artifact_repository(keep_secret(artifacts).revealed(), tracking.revealed())
    if type(repository) is LocalArtifactRepository:
        # By way of another folder, files would take as long as all else of a run.
        _write(Path(repository.artifact_dir), files)
    else:
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), files)
            repository.log_artifacts(folder)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        write_atomically(folder / name, content)
