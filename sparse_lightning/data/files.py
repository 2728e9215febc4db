"""Users' files: CSV and Parquet, read strictly, so that nothing is renamed, padded or left out."""

import gzip
import os
import zlib
from pathlib import Path

from sparse_lightning.data.raw_table import RawTable
from sparse_lightning.errors import TableError

SEPARATORS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")


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
