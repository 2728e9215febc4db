"""What a store has not taken yet: a folder of records in their order, and their files."""

import fcntl
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from sparse_lightning._files import make_folder, open_private, tighten, write_atomically
from sparse_lightning.address import HIDDEN, Address
from sparse_lightning.errors import InputError, TrackingError
from sparse_lightning.tracking.journal import Journal
from sparse_lightning.tracking.records import Ended, Record, from_json, to_json

SPOOL_FOLDER = "SPARSE_LIGHTNING_SPOOL"
"""The environment variable that names another folder than `undelivered` in the working folder."""

FORMAT = 1
RECORDS, DELIVERED, LOCK, FILES = "records.jsonl", "delivered.jsonl", "lock", "files"


@dataclass(frozen=True)
class Job:
    """Whose records a spool holds.

    Attributes:
        kind: what the job's run holds, one of `names`.
        name: of the run.
        run_id: of the run.
        store: the address of its store; on disk as it is shown, without what it hides.
        report: the folder of the report; "" where there is none.
        folder: that the paths in the project file start at.
        hidden: whether the store's address, as a spool has it, lacks what is not shown of it.
    """

    kind: str
    name: str
    run_id: str
    store: Address
    report: str = ""
    folder: str = ""
    hidden: bool = False

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Self:
        """A job as `fields` has written it."""
        store = str(fields["store"])
        # Earlier versions wrote *** in place of a password, and no `hidden`.
        job = cls(**{"hidden": HIDDEN in store, **fields, "store": Address(store)})
        if not all(isinstance(value, str | bool | Address) for value in vars(job).values()):
            raise TypeError(job)
        return job

    def fields(self) -> dict[str, Any]:
        """The job as JSON holds it."""
        hidden = self.hidden or self.store.hides
        return {**vars(self), "store": str(self.store), "hidden": hidden}


class Spool:
    """The records of one job; this process alone has them in hand until `close`.

    Each record is on disk when `append` returns. Those that the store has taken are marked, and
    the folder goes when all are.

    Args:
        folder: that holds them.

    Attributes:
        job: whose records they are.
        runs: the ids of the runs that delivered records have made, by the numbers of these.

    Raises:
        InputError: the folder holds no such records.
        TrackingError: they are damaged, or another process has them in hand.
    """

    def __init__(self, folder: Path):
        if not (folder / RECORDS).is_file():
            raise InputError(f"{folder}: holds no undelivered records of sparse-lightning")
        self.folder = folder
        with ExitStack() as opened:
            opened.callback(os.close, _locked(folder))
            tighten(folder)
            self._records = Journal(folder / RECORDS)
            opened.callback(self._records.close)
            self._delivered = Journal(folder / DELIVERED)
            opened.callback(self._delivered.close)
            try:
                head = self._records[0]
                if head.pop("format") != FORMAT:
                    raise KeyError("format")
                self.job = Job.read(head)
                self.runs = {number: run for number, run in self._delivered if run}
            except (IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
                raise TrackingError(
                    f"{folder}: written by another version of sparse-lightning"
                ) from error
            self._opened = opened.pop_all()

    @classmethod
    def create(cls, job: Job) -> Self:
        """A new spool for a job, in a folder of its own.

        Raises:
            TrackingError: the folder cannot be written.
        """
        name = re.sub(r"[^\w.-]+", "_", job.name)[:80]
        folder = spool_folder() / f"{name}-{job.run_id[:8]}-{uuid4().hex[:4]}"
        try:
            make_folder(folder / FILES)
        except OSError as error:
            raise TrackingError(
                f"{folder}: cannot be written, where records are kept until the tracking store "
                f"takes them: {error.strerror}; {SPOOL_FOLDER} names another folder"
            ) from error
        journal = Journal(folder / RECORDS)
        try:
            journal.append({"format": FORMAT, **job.fields()})
        except TrackingError:
            shutil.rmtree(folder)
            raise
        finally:
            journal.close()
        return cls(folder)

    @property
    def left(self) -> int:
        """How many records are not delivered."""
        return len(self._records) - 1 - len(self._delivered)

    @property
    def ended(self) -> bool:
        """Whether the last record ends the job's run."""
        number = len(self._records) - 1
        return number > 0 and isinstance(from_json(self._records[number], self._file), Ended)

    @property
    def next(self) -> tuple[int, Record]:
        """The first record that is not delivered, with its number.

        Raises:
            IndexError: all are.
            TrackingError: it is damaged.
        """
        number = len(self._delivered) + 1
        return number, from_json(self._records[number], self._file)

    def append(self, record: Record) -> int:
        """Keep a record; returns its number.

        Raises:
            TrackingError: it cannot be written.
        """
        return self._records.append(to_json(record, self._keep))

    def mark(self, number: int, run_id: str | None) -> None:
        """Note that the next record is delivered, and which run it has made, if one.

        Raises:
            TrackingError: it cannot be written.
        """
        self._delivered.append((number, run_id))
        if run_id:
            self.runs[number] = run_id

    def remove(self) -> None:
        """Remove the folder, and the one around it where it is empty."""
        shutil.rmtree(self.folder)
        with suppress(OSError):  # others are in it
            self.folder.parent.rmdir()
        self.close()

    def close(self) -> None:
        """Let other processes have the records."""
        self._opened.close()

    def _keep(self, content: bytes) -> str:
        name = sha256(content).hexdigest()
        path = self.folder / FILES / name
        if not path.exists():
            try:
                write_atomically(path, content, durable=True, private=True)
            except OSError as error:
                raise TrackingError(f"{path}: cannot be written: {error.strerror}") from error
        return name

    def _file(self, name: str) -> bytes:
        path = self.folder / FILES / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise TrackingError(f"{path}: cannot be read: {error.strerror}") from error
        if sha256(content).hexdigest() != name:
            raise TrackingError(f"{path}: is damaged")
        return content


def spool_folder() -> Path:
    """The folder that holds the spools of all jobs."""
    return Path(os.environ.get(SPOOL_FOLDER) or "undelivered").absolute()


def spools_in(folder: Path) -> Iterator[Path]:
    """The folder itself if it is a spool, else the spools in it, by name."""
    if (folder / RECORDS).is_file():
        yield folder
    elif folder.is_dir():
        yield from sorted(path.parent for path in folder.glob(f"*/{RECORDS}"))


def shown(folder: Path) -> str:
    """A folder as it is written in a command: from the working folder where that is shorter."""
    with suppress(ValueError):
        folder = folder.relative_to(Path.cwd())
    return shlex.quote(str(folder))


def _locked(folder: Path) -> int:
    try:
        lock = open_private(folder / LOCK, os.O_RDWR)
    except OSError as error:
        raise TrackingError(f"{folder}: cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise TrackingError(f"{folder}: a job that still runs has it in hand") from error
    return lock
