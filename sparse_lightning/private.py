"""Files and folders that are their owner's alone, whatever the umask: 0600 in 0700.

What a job keeps until its store takes it, or until it is finished, holds what only those may read
who may read the store. Reports and exports, which a user asked for, follow the umask instead.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

FILE, FOLDER = 0o600, 0o700


def open_private(path: Path, flags: int) -> int:
    """Open a file that only its owner may read and write, made so if there is none.

    Args:
        path: of the file.
        flags: as `os.open` takes them, beside `O_CREAT`.

    Returns:
        The descriptor.

    Raises:
        OSError: it cannot be opened.
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
    """Make a private folder, and those above it that are missing; what is there stays as it is.

    Raises:
        OSError: it cannot be made.
    """
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
