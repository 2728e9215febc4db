"""The folder of a report."""

from pathlib import Path
from tempfile import TemporaryFile

from sparse_lightning.errors import InputError


def writable(folder: Path) -> Path:
    """Make the folder of the report before hours are spent on what is to lie there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise InputError(f"--output {folder}: cannot be written: {error.strerror}") from error
    return folder
