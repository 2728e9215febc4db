"""A file of entries that only grows; what has been appended outlasts a crash."""

import json
import os
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

from sparse_lightning._files import open_private
from sparse_lightning.errors import TrackingError

_DIGITS = 16
"""Of the checksum before each entry."""


class Journal:
    """Entries in JSON, a line each behind its checksum, on disk when `append` returns.

    A crash can leave half of a last line, of which `append` has not returned: it is cut off when
    the file is opened. A whole line with another checksum than its own is damage.

    Args:
        path: of the file, which is its owner's alone; made if there is none.

    Raises:
        TrackingError: the file cannot be used, or it is damaged or none of this kind.
    """

    def __init__(self, path: Path):
        self._path = path
        self._lock = Lock()
        self._ends = [0]
        try:
            self._file = open_private(path, os.O_RDWR)
        except OSError as error:
            raise _unusable(path, error) from error
        try:
            self._read()
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> Any:
        """An entry, counted from 0.

        Raises:
            IndexError: there is none of this number.
            TrackingError: the file cannot be read, or has changed on disk.
        """
        start, end = self._ends[number], self._ends[number + 1]
        try:
            line = os.pread(self._file, end - start, start)
        except OSError as error:
            raise _unusable(self._path, error) from error
        return self._entry(line, number)

    def append(self, entry: Any) -> int:
        """Add an entry; returns its number.

        Raises:
            TrackingError: it cannot be written; the file is as it was.
        """
        text = json.dumps(entry, separators=(",", ":")).encode()
        line = _checksum(text) + b" " + text + b"\n"
        with self._lock:
            start = self._ends[-1]
            try:
                written = 0
                while written < len(line):
                    written += os.pwrite(self._file, line[written:], start + written)
                os.fsync(self._file)
            except OSError as error:
                os.ftruncate(self._file, start)
                raise _unusable(self._path, error) from error
            self._ends.append(start + len(line))
            return len(self._ends) - 2

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _read(self) -> None:
        content = self._path.read_bytes()
        for line in content.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                os.ftruncate(self._file, self._ends[-1])
                return
            self._entry(line, len(self))
            self._ends.append(self._ends[-1] + len(line))

    def _entry(self, line: bytes, number: int) -> Any:
        checksum, _, text = line.rstrip(b"\n").partition(b" ")
        if checksum != _checksum(text):
            raise TrackingError(
                f"{self._path}: line {number + 1} is damaged, or no record of sparse-lightning"
            )
        return json.loads(text)


def _checksum(text: bytes) -> bytes:
    return sha256(text).hexdigest()[:_DIGITS].encode()


def _unusable(path: Path, error: OSError) -> TrackingError:
    return TrackingError(f"{path}: cannot be used: {error.strerror}")
