"""Files written whole or not at all."""

from pathlib import Path
from uuid import uuid4


def write_atomically(path: Path, content: str | bytes) -> Path:
    """Write a file beside its place and move it there, so that no reader meets half of it.

    Args:
        path: where to; its folder is made if need be.
        content: text is written as UTF-8 with the line ends it has.

    Returns:
        The path.

    Raises:
        OSError: the file cannot be written; what was there before is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    temporary = path.with_name(f".{uuid4().hex}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
