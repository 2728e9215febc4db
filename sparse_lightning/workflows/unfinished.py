"""What is kept of a job beside its report until it is finished, and who is at work on it."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch
from filelock import FileLock, Timeout

from sparse_lightning import __version__
from sparse_lightning._files import FILE, tighten, write_atomically
from sparse_lightning.data.table import Table
from sparse_lightning.errors import (
    CheckpointError,
    RegularizerError,
    StudyInUseError,
    TableError,
    TrainingError,
    UnfinishedError,
)
from sparse_lightning.project import Project
from sparse_lightning.project.messages import differences, flat
from sparse_lightning.tracking.owners import this_process
from sparse_lightning.training.checkpoints import FolderCheckpoints

FOLDER, LOCK, DESCRIPTION = ".unfinished", ".lock", "study.json"


@dataclass(frozen=True)
class Unfinished:
    """A job that is not finished yet.

    Attributes:
        key: names it for ever; its runs are found by it.
        folder: holds what is stored of it.
        resumed: whether an earlier process has begun it.
    """

    key: str
    folder: Path
    resumed: bool

    @cached_property
    def checkpoints(self) -> FolderCheckpoints:
        """What is kept of its training."""
        return FolderCheckpoints(self.folder, self.key)


def identity_of(project: Project, table: Table) -> dict[str, Any]:
    """Everything that the networks of a study depend on, by the names of project files."""
    settings = flat(project.model_dump(mode="json"))
    settings.pop("tracking.patience", None)  # for how long a store is waited for changes no network
    return {
        **({} if project.table.source else {"table.source": "a frame, given in Python"}),
        **settings,
        "the table's SHA-256": table.digest,
        **versions(),
    }


def versions() -> dict[str, str]:
    """Those of the packages that decide on the last bit of a network."""
    return {"sparse-lightning": __version__, "torch": torch.__version__}


@contextmanager
def unfinished(output: Path, identity: Mapping[str, Any], fresh: bool) -> Iterator[Unfinished]:
    """Begin a job in the folder of its report, or go on with the one that was begun there.

    Inside, no other process works in that folder; where a living one does, a StudyInUseError is
    raised. What is stored there is removed when the job is done, so that its tracking store has all
    of it. A job that failed by its own settings makes place for one with another identity (JSON);
    any other raises a CheckpointError, unless `fresh` begins anew. An UnfinishedError or
    KeyboardInterrupt of the block gets a message that says how to go on.
    """
    with _alone(output):
        identity = json.loads(json.dumps(identity))
        job = _begun(output, identity, fresh)
        try:
            yield job
        except (TrainingError, TableError, RegularizerError):
            _describe(job.folder, job.key, identity, failed=True)
            raise
        except UnfinishedError as error:
            raise error.kept_in(job.folder, job.checkpoints.unwritten) from error
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(
                f"what was trained is kept in {job.folder}; the same command goes on from there"
            ) from error
        _remove(job.folder)


@contextmanager
def _alone(output: Path) -> Iterator[None]:
    path = output / LOCK
    lock = FileLock(path, mode=FILE)
    try:
        # The system lets go of it when its holder ends, however it does.
        lock.acquire(timeout=0)
    except Timeout as error:
        holder = path.read_text(encoding="utf-8") or "one that has just begun"
        host, number, _ = f"{holder} ? ?".split(" ", 2)
        raise StudyInUseError(
            f"{output}: another process is at work on a study in this folder "
            f"(process {number} on {host}); wait for its end, or name another --output"
        ) from error
    try:
        path.write_text(this_process(), encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            path.unlink()  # who opens it in this moment finds that it has gone, and tries again
        lock.release()


def _begun(output: Path, identity: Mapping[str, Any], fresh: bool) -> Unfinished:
    folder = output / FOLDER
    path = folder / DESCRIPTION
    if fresh:
        _remove(folder)
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        key, failed = described["key"], described["failed"]
        found = differences(described["made_with"], identity)
    except FileNotFoundError:
        return _anew(folder, identity)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{path}: does not describe an unfinished study ({error!r}); begin anew with --fresh"
        ) from error
    if found and failed:
        return _anew(folder, identity)
    if found:
        raise CheckpointError(
            f"{folder}: holds an unfinished study with other settings: {'; '.join(found)}. Finish "
            "it with those, begin anew with --fresh, or name another --output"
        )
    tighten(folder)
    return Unfinished(key, folder, resumed=True)


def _anew(folder: Path, identity: Mapping[str, Any]) -> Unfinished:
    _remove(folder)
    key = uuid4().hex
    _describe(folder, key, identity, failed=False)
    return Unfinished(key, folder, resumed=False)


def _describe(folder: Path, key: str, identity: Mapping[str, Any], failed: bool) -> None:
    described = {"key": key, "failed": failed, "made_with": identity}
    text = json.dumps(described, indent=2)
    write_atomically(folder / DESCRIPTION, text, durable=True, private=True)


def _remove(folder: Path) -> None:
    if folder.exists():
        # First that by which the rest is found: half of it is not to be gone on with.
        (folder / DESCRIPTION).unlink(missing_ok=True)
        shutil.rmtree(folder)
