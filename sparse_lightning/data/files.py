"""Users' files: CSV and Parquet, read strictly, so that nothing is renamed, padded or left out."""

import gzip
import os
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sparse_lightning.errors import TableError

SEPARATORS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")


@dataclass(frozen=True, eq=False)
class RawTable:
    """A table as a file holds it; its columns are read when they are asked for.

    Attributes:
        names: of the columns.
        rows: how many.
        digest: the SHA-256 of the file's bytes, uncompressed.
        read: reads columns by their names, one row a row of the file: numbers as 64-bit floats,
            other types as pandas infers them.
        lines: the line on which each row ends; None for files without lines.
    """

    names: tuple[str, ...]
    rows: int
    digest: str
    read: Callable[[Sequence[str]], pd.DataFrame]
    lines: Sequence[int] | None = None

    def place(self, row: int) -> str:
        """A row, counted from 0, as a person would look for it: `row 3 (line 4)`."""
        return f"row {row + 1}" + (f" (line {self.lines[row]})" if self.lines else "")


def read_file(path: Path) -> RawTable:
    """Read a CSV, TSV or Parquet file; the name's end says which, `.gz` may follow the first two.

    Args:
        path: the file.

    Raises:
        TableError: the file is missing, unreadable, empty or malformed; the caller names it.
    """
    # Reading either kind takes a library that the other does not need.
    from sparse_lightning.data.csv_files import read_csv
    from sparse_lightning.data.parquet_files import read_parquet

    name = path.name.lower()
    if not name.endswith(SUFFIXES):
        raise TableError(f"is of an unknown kind: its name must end in {', '.join(SUFFIXES)}")
    if os.path.isdir(path):
        raise TableError("is a folder, not a table")
    if not os.path.isfile(path):
        # A pipe or a device would be read twice, or without end.
        exists = os.path.exists(path)
        raise TableError("is not a regular file" if exists else "there is no such file")
    try:
        path.open("rb").close()
    except OSError as error:
        raise TableError(f"cannot be read: {error.strerror}") from error
    if name.endswith(".parquet"):
        return read_parquet(path)
    separator = SEPARATORS[Path(name.removesuffix(".gz")).suffix]
    if name.endswith(".gz"):
        return read_csv(lambda: gzip.open(path), separator)
    return read_csv(lambda: path.open("rb"), separator)


def decompress(content: bytes) -> bytes:
    """The content of a gzip file.

    Raises:
        TableError: it is none, or damaged.
    """
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"is no readable gzip file: {error}") from error
