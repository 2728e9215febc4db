"""Files written whole or not at all."""

import os
from pathlib import Path
from uuid import uuid4

from sparse_lightning.private import make_folder, open_private


def write_atomically(
    path: Path, content: str | bytes, durable: bool = False, private: bool = False
) -> Path:
    """Write a file beside its place and move it there, so that no reader meets half of it.

    Args:
        path: where to; its folder is made if need be.
        content: text is written as UTF-8 with the line ends it has.
        durable: wait until the disk has it, so that it outlasts a power cut too.
        private: let nobody but its owner read it, nor look into a folder that is made for it.

    Returns:
        The path.

    Raises:
        OSError: the file cannot be written, and the error names it; what was there before is
            untouched.
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
