"""Reading the small files of runs; torch is not needed for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR

from sparse_lightning.tracking.store import Store


def read_document(store: Store, run_id: str, file: str) -> bytes:
    """A small file of a run.

    Raises:
        TrackingError: the run has none of that name.
    """
    with (
        store.errors(f"does not give {file} of run {run_id}"),
        TemporaryDirectory() as folder,
        no_bar(),
    ):
        return Path(store.client.download_artifacts(run_id, file, folder)).read_bytes()


def file_names(store: Store, run_id: str) -> set[str]:
    """The names of the files of a run, without those in folders.

    Raises:
        TrackingError: the store fails.
    """
    with store.errors(f"does not list the files of run {run_id}"):
        return {
            Path(file.path).name for file in store.client.list_artifacts(run_id) if not file.is_dir
        }


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
