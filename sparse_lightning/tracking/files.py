"""Reading the small files of runs; torch is not needed for it."""

import json
import math
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from sparse_lightning.errors import InputError, TrackingError
from sparse_lightning.project import Project
from sparse_lightning.secrets import cleaned, without_secrets
from sparse_lightning.tracking.names import PROJECT_FILE
from sparse_lightning.tracking.settings import set_to
from sparse_lightning.tracking.store import Store

UNREADABLE = (
    *(ArithmeticError, AttributeError, InputError, LookupError, RecursionError),
    *(TypeError, ValueError),
)
"""What reading a document raises that is not what this package writes."""


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


def read_json(store: Store, run_id: str, file: str) -> Any:
    """What a JSON file of a run holds; every number in it is finite.

    Raises:
        TrackingError: the run has none of that name, or it is no JSON.
    """
    content = read_document(store, run_id, file)
    with readable(file, run_id):
        return json.loads(content, parse_constant=_refuse, parse_float=_finite)


def read_project(store: Store, run_id: str) -> Project:
    """The project of a study.

    Raises:
        TrackingError: the run has none, or it cannot be read.
    """
    content = read_document(store, run_id, PROJECT_FILE)
    with readable(PROJECT_FILE, run_id):
        origin = f"{PROJECT_FILE} of run {run_id}"
        return Project.parse(content.decode(), origin=origin, extending=False)


@contextmanager
def readable(what: str, run_id: str) -> Iterator[None]:
    """Turn what reading a part of a run raises into a `TrackingError` that names both."""
    try:
        yield
    except UNREADABLE as error:
        said = without_secrets(str(error) if isinstance(error, InputError) else repr(error))
        said = f"{what} of run {run_id} cannot be read: {said:.500}"
        raise TrackingError(said) from cleaned(error)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text:.20} is too large")
    return number


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
    with set_to(MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR, False):
        yield
