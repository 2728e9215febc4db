"""Users' files: CSV and Parquet, read strictly, so that nothing is renamed, padded or left out."""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from jaxtyping import Float64

from sparse_lightning.data.csv_files import read_csv
from sparse_lightning.data.raw_table import CELLS_AT_ONCE, RawTable, assembled, check_names
from sparse_lightning.errors import TableError

SEPARATORS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")


def read_table(path: Path) -> RawTable:
    """Read a CSV, TSV or Parquet file; the name's end says which, `.gz` may follow the first two.

    Raises `TableError` if the file is missing, unreadable, empty or malformed; the caller names it.
    """
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
    """The content of a gzip file; `TableError` if it is none, or damaged."""
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"is no readable gzip file: {error}") from error


def read_parquet(path: Path) -> RawTable:
    """Read a Parquet file; what pandas stored as its index is no column.

    Raises `TableError` if it is none, has no rows, or names of columns are empty or repeated.
    """
    import pyarrow.parquet as pq

    if not path.stat().st_size:
        raise TableError("is empty")
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
            index = (schema.pandas_metadata or {}).get("index_columns", [])
    except Exception as error:  # pyarrow raises many kinds, from OSError to its own
        raise _unreadable(error) from error
    names = tuple(name for name in schema.names if name not in index)
    check_names(names)
    if not rows:
        raise TableError("has no rows")

    def parts(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        # Buffering ahead would take the whole file into memory.
        with pq.ParquetFile(path, pre_buffer=False) as file:
            size = max(1, CELLS_AT_ONCE // len(names))
            for batch in file.iter_batches(size, columns=list(names)):
                batch.slice(0, 0).to_pandas()  # fails where the file's own index is damaged
                yield batch.select(list(names))

    def whole(names: list[str]) -> dict[str, Any]:
        with pq.ParquetFile(path) as file:
            frame = file.read(columns=names).to_pandas()
        return {name: frame[name].array for name in names}

    def read(names: Sequence[str]) -> pd.DataFrame:
        try:
            return assembled(names, rows, parts(names), _numbers, whole)
        except TableError:
            raise
        except Exception as error:
            raise _unreadable(error) from error

    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return RawTable(names, rows, digest, read)


def _numbers(column: pa.Array) -> Float64[np.ndarray, " row"] | None:
    """A part of a column as 64-bit floats, missing ones NaN; None where it holds no numbers."""
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return None
    # Not safe: 64-bit floats do not hold all digits of large integers.
    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _unreadable(error: Exception) -> TableError:
    return TableError(f"is no readable Parquet file: {str(error)[:200]}")
