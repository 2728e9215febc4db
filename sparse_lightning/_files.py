"""Files written whole or not at all, those that are their owner's alone, and tables as CSV.

What a job keeps until its store has it holds what only those may read who may read the store: 0600
in 0700, whatever the umask. Reports and exports, which a user asked for, follow the umask instead.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from sparse_lightning._text import is_numeral

if TYPE_CHECKING:
    import pandas as pd


def write_atomically(
    path: Path, content: str | bytes, durable: bool = False, private: bool = False
) -> Path:
    """Write a file beside its place and move it there, so that no reader meets half of it.

    Text is written as UTF-8 with the line ends it has. `durable` waits until the disk has it, so
    that it outlasts a power cut too; `private` lets nobody but its owner read the file, nor look
    into a folder that is made for it. An OSError names the file, and leaves what was there before.
    """
    if private:
        make_folder(path.parent)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    temporary = path.with_name(f".{uuid4().hex}")
    try:
        with open(temporary, "xb", opener=_private if private else None) as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
        if durable:
            _sync_folder(path.parent)
    except OSError as error:
        # A full disk has no name in Python's error, and the temporary one tells the user nothing.
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _private(path: str, flags: int) -> int:
    return open_private(Path(path), flags)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # which has no handles of folders, and keeps names by itself
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


FILE, FOLDER = 0o600, 0o700


def open_private(path: Path, flags: int) -> int:
    """Open a file that only its owner may read and write, made so if there is none.

    `flags` are those of `os.open`, beside `O_CREAT`; the descriptor is returned.
    """
    file = os.open(path, flags | os.O_CREAT, FILE)
    with suppress(PermissionError):  # another user's: who may open it all the same may use it
        os.fchmod(file, FILE)  # one of an earlier version; or the umask took even the owner's bits
    return file


def make_file(path: Path) -> None:
    """Make an empty private file, for another program to fill, unless there is something.

    Where it cannot be made, that program will say why.
    """
    with suppress(OSError):
        os.close(open_private(path, os.O_WRONLY | os.O_EXCL))


def make_folder(folder: Path) -> None:
    """Make a private folder, and those above it that are missing; what is there stays as it is."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        os.mkdir(folder, FOLDER)
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        os.chmod(folder, FOLDER)  # the umask may have taken the owner's bits


def tighten(folder: Path) -> None:
    """Make a folder and all in it private, as what an earlier version has left there.

    Links are left alone, and so is what belongs to another user.
    """
    for place, _, names in os.walk(folder):
        _set(place, FOLDER)
        for name in names:
            _set(os.path.join(place, name), FILE)


def _set(path: str, mode: int) -> None:
    with suppress(PermissionError, FileNotFoundError):
        found = os.lstat(path).st_mode
        if not stat.S_ISLNK(found) and stat.S_IMODE(found) != mode:
            os.chmod(path, mode)


FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula."""


def csv_text(frame: "pd.DataFrame") -> str:
    """A frame as CSV without its index.

    Names and other texts that begin like a formula get an apostrophe before them, which makes them
    text to a spreadsheet. Numbers stay as they are, also those that are written as text.
    """
    import pandas as pd

    columns = {place: frame.iloc[:, place].map(_inert) for place in range(frame.shape[1])}
    inert = pd.DataFrame(columns).set_axis([_inert(name) for name in frame.columns], axis=1)
    return inert.to_csv(index=False, lineterminator="\n")


def _inert(value: object) -> object:
    if not isinstance(value, str) or not value.startswith(FORMULA) or is_numeral(value):
        return value
    return f"'{value}"
