"""What is kept of a search until its tracking store has it: the key of its run, and outcomes."""

import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pandas as pd
from filelock import FileLock, Timeout

from sparse_lightning._files import FILE, make_folder, write_atomically
from sparse_lightning.comparison.frames import records
from sparse_lightning.errors import UnfinishedError
from sparse_lightning.nn.failures import Failure
from sparse_lightning.report.output import writable
from sparse_lightning.search.group_study import GroupStudy
from sparse_lightning.search.trials import Candidate, Outcome

logger = logging.getLogger(__name__)

FOLDER = ".unfinished-search"


class KeptSearch:
    """The part of a search that this process has in hand.

    Attributes:
        key: the name of the search, by which its run is found.
        resumed: whether an earlier process has begun it.
        unwritten: why some outcome could not be kept; "" where all are.
    """

    def __init__(self, folder: Path, key: str, resumed: bool):
        self.key = key
        self.resumed = resumed
        self.unwritten = ""
        self._folder = folder

    def outcome(self, study: GroupStudy, candidate: Candidate) -> Outcome | None:
        """What became of a candidate in an earlier process; None where nothing is kept of it."""
        path = self._path(study, candidate)
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            networks = pd.DataFrame(stored["networks"])
            failures = [None if one is None else Failure(**one) for one in networks["failure"]]
            networks["failure"] = pd.Series(failures, dtype=object)
            values = stored["values"]
            return Outcome(
                candidate,
                networks,
                stored["indices"],
                None if values is None else tuple(values),
                stored["pruned"],
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            logger.warning("%s: cannot be read, so it is trained again: %r", path, error)
            return None

    def keep(self, study: GroupStudy, outcome: Outcome) -> None:
        """Keep what became of a candidate until the tracking store and the study have it."""
        rows = [
            {**row, "failure": None if row["failure"] is None else vars(row["failure"])}
            for row in records(outcome.networks)
        ]
        document = {
            "networks": rows,
            "indices": dict(outcome.indices),
            "values": outcome.values,
            "pruned": outcome.pruned,
        }
        path = self._path(study, outcome.candidate)
        try:
            # JSON as Python writes it knows NaN, and every digit of a number.
            write_atomically(path, json.dumps(document), durable=True, private=True)
        except OSError as error:
            self.unwritten = error.strerror or str(error)
            logger.warning("%s: cannot be written: %s", path, self.unwritten)

    def forget(self, study: GroupStudy, candidate: Candidate) -> None:
        """Remove what is kept of a candidate."""
        self._path(study, candidate).unlink(missing_ok=True)

    def begin(self) -> None:
        """Keep the key: from here on the search has a run."""
        write_atomically(self._folder / f"{self.key}.run", "", durable=True, private=True)

    def _path(self, study: GroupStudy, candidate: Candidate) -> Path:
        # By all that an outcome depends on: numbers of trials are used again after --fresh.
        floor = None if study.floor is None else vars(study.floor)
        setting = candidate.setting.model_dump(mode="json")
        known = [study.name, study.identity, floor, candidate.number, setting]
        digest = sha256(json.dumps(known).encode()).hexdigest()[:32]
        return self._folder / f"{digest}.json"


@contextmanager
def kept_search(output: Path, fresh: bool) -> Iterator[KeptSearch]:
    """Begin a search, or go on with one whose process has ended before its store had everything,
    unless it is to begin `fresh`.

    What is kept is removed when the search is done; other processes keep their own beside it. An
    `InputError` says that the folder cannot be written; an `UnfinishedError`, whose message says
    how to go on, that the store does not take everything.
    """
    added = [one for one in (output, output.parent) if not one.exists()]
    folder = writable(output) / FOLDER
    make_folder(folder)
    with ExitStack() as locks:
        found = [path.stem for path in folder.glob("*.run") if _locked(path, locks)]
        if fresh:
            for key in found:
                (folder / f"{key}.run").unlink()
            found = []
            if not list(folder.glob("*.run")):  # else outcomes may be those of a living process
                for path in folder.glob("*.json"):
                    path.unlink()
        kept = KeptSearch(folder, found[0] if found else uuid4().hex, bool(found))
        if not found:
            _locked(folder / f"{kept.key}.run", locks)
        try:
            yield kept
        except UnfinishedError as error:
            raise error.kept_in(folder, kept.unwritten) from error
        (folder / f"{kept.key}.run").unlink(missing_ok=True)
        if not list(folder.glob("*.run")):
            shutil.rmtree(folder, ignore_errors=True)
    for place in added:
        with suppress(OSError):  # the report is in it
            place.rmdir()


def _locked(path: Path, locks: ExitStack) -> bool:
    """Lock what another process may have in hand; the system lets go of it when that ends."""
    lock = FileLock(path.with_suffix(".lock"), mode=FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    locks.callback(lock.release)
    return True
