"""Users' files: CSV and Parquet, read strictly, so that nothing is renamed, padded or left out."""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64

from sparse_lightning.data.csv_files import read_csv
from sparse_lightning.data.levels import EXACT
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
    with _explained(), pq.ParquetFile(path) as file:
        schema, rows = file.schema_arrow, file.metadata.num_rows
        index = _index_columns(file.metadata.metadata)
    names = tuple(name for name in schema.names if name not in index)
    check_names(names)
    if not rows:
        raise TableError("has no rows")

    def parts(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        # Buffering ahead would take the whole file into memory.
        with pq.ParquetFile(path, pre_buffer=False) as file:
            size = max(1, CELLS_AT_ONCE // len(names))
            for batch in file.iter_batches(size, columns=list(names)):
                yield batch.select(list(names))

    def whole(names: list[str]) -> dict[str, Any]:
        with pq.ParquetFile(path) as file:
            table = file.read(columns=names)
        # What pandas noted beside it are names as they were in a frame, numbers among them.
        plain = table.replace_schema_metadata(None)
        frame = plain.to_pandas(types_mapper=_WHOLE_NUMBERS.get)
        return {name: frame[name].array for name in names}

    def read(names: Sequence[str], leveled: Container[object] = ()) -> pd.DataFrame:
        with _explained():
            return assembled(names, rows, parts(names), _numbers, whole)

    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return RawTable(names, rows, digest, read)


_WHOLE_NUMBERS: dict[pa.DataType, Any] = {
    kind: pd.api.types.pandas_dtype(name)
    for kind, name in [
        *((pa.int8(), "Int8"), (pa.int16(), "Int16"), (pa.int32(), "Int32"), (pa.int64(), "Int64")),
        *((pa.uint8(), "UInt8"), (pa.uint16(), "UInt16"), (pa.uint32(), "UInt32")),
        (pa.uint64(), "UInt64"),
    ]
}
"""Types that keep every digit where values are missing, which pandas' own do not."""


def _index_columns(metadata: Mapping[bytes, bytes] | None) -> list[Any]:
    """The columns that hold the index of the frame that pandas has written."""
    noted = (metadata or {}).get(b"pandas")
    if noted is None:
        return []
    try:
        return list(json.loads(noted)["index_columns"])
    except (ValueError, KeyError, TypeError) as error:
        raise TableError(
            "is no readable Parquet file: what pandas has noted in it is damaged, so that its "
            f"index cannot be told from its columns ({str(error)[:200]})"
        ) from error


def _numbers(column: pa.Array) -> Float64[np.ndarray, " row"] | None:
    """A part of a column as 64-bit floats, missing ones NaN; None where it holds no numbers.

    Whole numbers beyond those of which each has a float of its own are left for `typed` to judge.
    """
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return None
    if pa.types.is_integer(column.type) and column.type.bit_width == 64:
        least, most = pc.call_function("min_max", [column]).as_py().values()
        if most is not None and max(-least, most) > EXACT:
            return None
    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


@contextmanager
def _explained() -> Iterator[None]:
    """What pyarrow raises as a `TableError` that claims no cause which it does not know."""
    try:
        yield
    except (TableError, MemoryError):
        raise
    except NotImplementedError as error:
        raise TableError(f"holds what pyarrow cannot read: {str(error)[:200]}") from error
    except OSError as error:
        if error.errno:
            raise TableError(f"cannot be read: {error.strerror}") from error
        raise TableError(f"is no readable Parquet file: {str(error)[:200]}") from error
    except pa.ArrowInvalid as error:
        raise TableError(f"is no readable Parquet file: {str(error)[:200]}") from error
    except Exception as error:  # of damaged files pyarrow raises many kinds
        name = type(error).__name__
        raise TableError(f"cannot be read by pyarrow: {name}: {str(error)[:200]}") from error
