"""Runs that are over when they are written: what they hold, and writing them through the client."""

import tempfile
from collections.abc import Iterable, Mapping
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
        name: never empty.
        metrics: `(name, step, value)`, in the order in which they were measured.
        tags: all but that of the name.
        status: `FINISHED`, `FAILED` or `KILLED`.
        files: the contents of its artifacts by name.
        run_id: the id that it gets where the store lets it be chosen, so that what is written again
            after a half takes its place; "" for any.
    """

    name: str
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Iterable[tuple[str, int, float]] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    status: str = "FINISHED"
    files: Mapping[str, bytes] = field(default_factory=dict)
    run_id: str = ""


def open_run(store: Store, experiment_id: str, run: FinishedRun, started: int) -> Run:
    """Open a run through MLflow's client, which every store understands; `started` is in
    milliseconds since 1970.
    """
    return store.client.create_run(
        experiment_id, start_time=started, run_name=run.name, tags=dict(run.tags)
    )


def fill_run(store: Store, opened: Run, run: FinishedRun) -> None:
    """Fill and end a run of `open_run`, whose start becomes the time of its metrics; done again, it
    leaves the same. Raises the errors of MLflow's client, or an `OSError`.
    """
    run_id, started = opened.info.run_id, int(opened.info.start_time)
    log_files(Address(str(opened.info.artifact_uri)), run.files, store.uri)
    store.client.log_batch(
        run_id,
        metrics=[
            Metric(name, float(value), started, int(step)) for name, step, value in run.metrics
        ],
        params=[Param(name, value) for name, value in run.params.items()],
    )
    store.end(run_id, run.status)


def log_files(artifacts: Address, files: Mapping[str, bytes], tracking: Address) -> None:
    """Put files, by names that may name folders, among the artifacts of a run. Raises an
    `MlflowException` or an `OSError` where that place does not take them. The place is given, as
    the client would ask the store for it, which takes longer than the copy.
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
