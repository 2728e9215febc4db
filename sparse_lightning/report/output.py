"""The folder of a report."""

from pathlib import Path
from tempfile import TemporaryFile

from sparse_lightning.errors import InputError


def writable(folder: Path) -> Path:
    """Make the folder of a report before hours are spent on what is to lie there.

    Raises an InputError where it cannot be written, or its `figures` would lead to another folder.
    """
    # The folder itself may be a link, as to a larger disk; below it nothing may lead elsewhere.
    if (folder / "figures").is_symlink():
        raise InputError(f"--output {folder}: figures in it is a link to elsewhere; remove it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except (OSError, ValueError) as error:  # a name with a character that is none
        said = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"--output {folder}: cannot be written: {said}") from error
    return folder
