"""Reading the small files of runs; torch is not needed for it."""

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from sparse_lightning.tracking.store import Store


def read_document(store: Store, run_id: str, file: str) -> bytes:
    """A small file of a run.

    Raises:
        TrackingError: the run has none of that name.
    """
    with store.errors(f"does not give {file} of run {run_id}"):
        repository, folder = store.artifacts(run_id)
        path = posixpath.join(folder, file)
        if type(repository) is LocalArtifactRepository:
            return Path(repository.artifact_dir, path).read_bytes()
        with TemporaryDirectory() as copy, no_bar():
            return Path(repository.download_artifacts(path, copy)).read_bytes()


def file_names(store: Store, run_id: str) -> set[str]:
    """The names of the files of a run, without those in folders.

    Raises:
        TrackingError: the store fails.
    """
    with store.errors(f"does not list the files of run {run_id}"):
        repository, folder = store.artifacts(run_id)
        found = repository.list_artifacts(folder or None)
    return {posixpath.basename(file.path) for file in found if not file.is_dir}


@contextmanager
def no_bar() -> Iterator[None]:
    """A bar for a file of a few kilobytes would tear the job's own."""
    setting = MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR
    before = setting.get_raw()
    setting.set(False)
    try:
        yield
    finally:
        if before is None:
            setting.unset()
        else:
            setting.set(before)
