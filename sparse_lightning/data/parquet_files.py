"""Parquet files, read a few rows at a time."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from sparse_lightning.data.names import check_names
from sparse_lightning.data.raw_table import RawTable
from sparse_lightning.data.storage import CELLS_AT_ONCE, assembled
from sparse_lightning.errors import TableError


def read_parquet(path: Path) -> RawTable:
    """Read a Parquet file; what pandas stored as its index is no column.

    Raises:
        TableError: it is none, there are no rows, or names of columns are empty or repeated.
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

    def whole(few: list[str]) -> pd.DataFrame:
        return pd.read_parquet(path, columns=few).reset_index(drop=True)

    def read(wanted: Sequence[str]) -> pd.DataFrame:
        try:
            return assembled(wanted, rows, _parts(path, wanted), whole)
        except TableError:
            raise
        except Exception as error:
            raise _unreadable(error) from error

    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return RawTable(names, rows, digest, read)


def _parts(path: Path, names: Sequence[str]) -> Iterator[pd.DataFrame]:
    import pyarrow.parquet as pq

    # Buffering ahead would take the whole file into memory.
    with pq.ParquetFile(path, pre_buffer=False) as file:
        size = max(1, CELLS_AT_ONCE // len(names))
        for batch in file.iter_batches(size, columns=list(names)):
            yield batch.to_pandas()


def _unreadable(error: Exception) -> TableError:
    return TableError(f"is no readable Parquet file: {str(error)[:200]}")
