"""Reading the small files of runs; torch is not needed for it."""

import json
import math
import posixpath
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from sparse_lightning.errors import DamagedError, InputError, TrackingError
from sparse_lightning.project import Project
from sparse_lightning.secrets import cleaned, without_secrets
from sparse_lightning.tracking.limits import TooMuchError
from sparse_lightning.tracking.names import PROJECT_FILE
from sparse_lightning.tracking.retrying import set_to
from sparse_lightning.tracking.store import Store, reason

REQUESTS_AT_ONCE = 8
"""Files that are asked for at a time; a server answers more no faster."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

UNREADABLE = (
    *(ArithmeticError, AttributeError, InputError, LookupError, RecursionError),
    *(TypeError, ValueError),
)
"""What reading a document raises that is not what this package writes."""


def read_document(store: Store, run_id: str, file: str) -> bytes:
    """A small file of a run. A `DamagedError` says that the run has none of that name, a
    `TrackingError` that the store fails or does not admit a file of that size.
    """
    with _reached(store, run_id, f"does not give {file}"):
        repository, folder = store.artifacts(run_id)
        local = type(repository) is LocalArtifactRepository
        if store.limited or local:
            size = _sizes(repository, folder, file).get(file)
            if size is None:
                raise DamagedError(
                    f"the tracking store {store.uri} does not give {file} of run {run_id}: there "
                    "is no such file"
                )
            store.admit(run_id, file, size)
        path = posixpath.join(folder, file)
        if local:
            return Path(repository.artifact_dir, path).read_bytes()
        with TemporaryDirectory() as copy, no_bar():
            return Path(repository.download_artifacts(path, copy)).read_bytes()


def read_documents(store: Store, run_ids: Sequence[str], file: str) -> list[bytes]:
    """The same small file of many runs, by several requests at a time where it lies elsewhere;
    raises as `read_document`.
    """
    store.locate(run_ids)

    def read(run_id: str) -> bytes:
        return read_document(store, run_id, file)

    if len(run_ids) < 2 or all(_is_local(store, run_id, file) for run_id in run_ids):
        return [read(run_id) for run_id in run_ids]
    with no_bar(), ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        return list(pool.map(read, run_ids))


def held(store: Store, run_id: str, *files: str) -> set[str]:
    """Those of these files that a run has."""
    with _reached(store, run_id, "does not list the files"):
        return set(_sizes(*store.artifacts(run_id), *files))


def read_json(store: Store, run_id: str, file: str) -> Any:
    """What a JSON file of a run holds; every number in it is finite, and every text is one. Raises
    as `read_document`, and a `DamagedError` where it is no JSON.
    """
    content = read_document(store, run_id, file)
    with readable(file, run_id):
        value = json.loads(content, parse_constant=_refuse, parse_float=_finite)
        if _SURROGATE.search(content):
            json.dumps(value, ensure_ascii=False).encode()  # half of a pair is no text
        return value


def read_project(store: Store, run_id: str) -> Project:
    """The project of a study; raises as `read_document`, and a `DamagedError` where it cannot be
    read.
    """
    content = read_document(store, run_id, PROJECT_FILE)
    with readable(PROJECT_FILE, run_id):
        origin = f"{PROJECT_FILE} of run {run_id}"
        return Project.parse(content.decode(), origin=origin, stored=True)


@contextmanager
def readable(what: str, run_id: str) -> Iterator[None]:
    """Turn what reading a part of a run raises into a `DamagedError` that names both."""
    try:
        yield
    except UNREADABLE as error:
        why = without_secrets(str(error) if isinstance(error, InputError) else repr(error))
        raise DamagedError(f"{what} of run {run_id} cannot be read: {why:.500}") from cleaned(error)


@contextmanager
def _reached(store: Store, run_id: str, what: str) -> Iterator[None]:
    """Turn whatever goes wrong at the place of a run's files into an error that names the run.

    What the libraries of object stores raise has no base in common, and they may not be installed.
    """
    try:
        with store.errors(f"{what} of run {run_id}"):
            yield
    except (DamagedError, InputError):
        raise
    except Exception as error:
        failure = error if isinstance(error, TrackingError) else None
        failure = failure or TrackingError(
            f"the tracking store {store.uri} {what} of run {run_id}: {reason(error)}"
        )
        if isinstance(failure, TooMuchError) or store.placed(run_id):
            raise failure from cleaned(error)
        # Whoever made the experiment has chosen the place, and that is no fault of the store.
        raise DamagedError(str(failure)) from cleaned(error)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text:.20} is too large")
    return number


def _is_local(store: Store, run_id: str, file: str) -> bool:
    with _reached(store, run_id, f"does not give {file}"):
        return type(store.artifacts(run_id)[0]) is LocalArtifactRepository


def _sizes(repository: ArtifactRepository, folder: str, *files: str) -> dict[str, int]:
    """The bytes of those of these files that there are."""
    if type(repository) is LocalArtifactRepository:
        paths = {file: Path(repository.artifact_dir, folder, file) for file in files}
        return {file: path.stat().st_size for file, path in paths.items() if path.is_file()}
    found = {posixpath.basename(one.path): one for one in repository.list_artifacts(folder or None)}
    return {
        file: found[file].file_size or 0
        for file in files
        if file in found and not found[file].is_dir
    }


@contextmanager
def no_bar() -> Iterator[None]:
    """A bar for a file of a few kilobytes would tear the job's own."""
    with set_to(MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR, False):
        yield
