"""Users' files: text, Parquet, Feather and Excel, read strictly: nothing is repaired unsaid."""

import gzip
import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64

from sparse_lightning._text import listed
from sparse_lightning.data.cells.levels import EXACT
from sparse_lightning.data.files.csv_files import read_csv
from sparse_lightning.data.files.excel_sheets import EXCEL
from sparse_lightning.data.raw_table import CELLS_AT_ONCE, RawTable, assembled, check_names
from sparse_lightning.errors import TableError
from sparse_lightning.project.dialect import DialectSettings

DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
"""What is usual between the cells of text files, by the ends of their names."""

PACKINGS = (".gz", ".zip")
COLUMNAR = {".parquet": "Parquet", ".feather": "Feather"}
SUFFIXES = (
    *(text + packing for text in DELIMITERS for packing in ("", *PACKINGS)),
    *(".zip", *COLUMNAR, *EXCEL),
)


def read_table(
    path: Path, dialect: DialectSettings | None = None, sheet: str | None = None
) -> RawTable:
    """Read a table; the name's end says of which kind it is.

    It is a text file (CSV, TSV), which may be packed by gzip or be the one table in a zip file, or
    one of Parquet, Feather or Excel. `dialect` is what the project says of a text file, `sheet`
    which one of an Excel file holds the table. Raises `TableError` if it is missing, unreadable,
    empty or malformed; the caller names it.
    """
    name = path.name.lower()
    if name.endswith((".xls", ".xlsb", ".ods")):
        raise TableError(f"is of a kind that is not read: save it as {EXCEL[0]}")
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
    if name.endswith(EXCEL):
        from sparse_lightning.data.files.excel_files import read_excel

        return read_excel(path, sheet, dialect)
    if sheet is not None:
        raise TableError("table.sheet is of Excel files, and this is none")
    if name.endswith(tuple(COLUMNAR)):
        if dialect is not None:
            raise TableError("table.dialect is of text files, and this is none")
        return read_parquet(path) if name.endswith(".parquet") else read_feather(path)
    if name.endswith(".zip"):
        member = packed_table(path)
        delimiter = DELIMITERS[Path(member.lower()).suffix]
        return read_csv(lambda: _unpacked(path, member), delimiter, dialect)
    delimiter = DELIMITERS[Path(name.removesuffix(".gz")).suffix]
    if name.endswith(".gz"):
        return read_csv(lambda: gzip.open(path), delimiter, dialect)
    return read_csv(lambda: path.open("rb"), delimiter, dialect)


def packed_table(path: Path) -> str:
    """The name of the one text file in a zip file; `TableError` if there is none, or several."""
    try:
        with zipfile.ZipFile(path) as file:
            names = [one.filename for one in file.infolist() if not one.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise TableError(f"is no readable zip file: {error}") from error
    # What macOS puts beside each file.
    names = [one for one in names if not one.startswith("__MACOSX/")]
    tables = [one for one in names if one.lower().endswith(tuple(DELIMITERS))]
    if len(tables) != 1:
        what = listed([repr(one) for one in tables or names], 10) if tables or names else "nothing"
        kinds = ", ".join(DELIMITERS)
        raise TableError(f"must hold one table ({kinds}), and holds {what}: unpack it")
    return tables[0]


def _unpacked(path: Path, member: str) -> IO[bytes]:
    try:
        return zipfile.ZipFile(path).open(member)
    except (zipfile.BadZipFile, OSError, RuntimeError, KeyError, ValueError) as error:
        raise TableError(f"is no readable zip file: {error}") from error


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

    _check_not_empty(path)
    with _explained("Parquet"), pq.ParquetFile(path) as file:
        schema, rows = file.schema_arrow, file.metadata.num_rows
        index = _index_columns(file.metadata.metadata, "Parquet")

    def parts(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        # Buffering ahead would take the whole file into memory.
        with pq.ParquetFile(path, pre_buffer=False) as file:
            size = max(1, CELLS_AT_ONCE // len(names))
            for batch in file.iter_batches(size, columns=list(names)):
                yield batch.select(list(names))

    def table(names: Sequence[str]) -> pa.Table:
        with pq.ParquetFile(path) as file:
            return file.read(columns=list(names))

    names = [name for name in schema.names if name not in index]
    return columnar("Parquet", names, rows, parts, table, _digest(path))


def read_feather(path: Path) -> RawTable:
    """Read a Feather file, as `read_parquet` reads one of Parquet."""
    from pyarrow import feather, ipc

    _check_not_empty(path)
    with path.open("rb") as file:
        is_first_version = file.read(4) == b"FEA1"
    with _explained("Feather"):
        if is_first_version:
            first = feather.read_table(path, memory_map=True)
            schema, rows = first.schema, first.num_rows
        else:
            with pa.memory_map(str(path)) as stream, ipc.open_file(stream) as file:
                schema = file.schema
                rows = sum(
                    file.get_batch(place).num_rows for place in range(file.num_record_batches)
                )
        index = _index_columns(schema.metadata, "Feather")

    def parts(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        if is_first_version:
            yield from feather.read_table(path, list(names)).to_batches()
            return
        places = [schema.get_field_index(name) for name in names]
        options = ipc.IpcReadOptions(included_fields=places)
        with pa.memory_map(str(path)) as stream, ipc.open_file(stream, options=options) as file:
            for place in range(file.num_record_batches):
                yield file.get_batch(place).select(list(names))

    def table(names: Sequence[str]) -> pa.Table:
        return feather.read_table(path, list(names), memory_map=False)

    names = [name for name in schema.names if name not in index]
    return columnar("Feather", names, rows, parts, table, _digest(path))


def _check_not_empty(path: Path) -> None:
    if not path.stat().st_size:
        raise TableError("is empty")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def columnar(
    kind: str,
    names: Sequence[str],
    rows: int,
    parts: Callable[[Sequence[str]], Iterator[pa.RecordBatch]],
    table: Callable[[Sequence[str]], pa.Table],
    digest: str,
) -> RawTable:
    """The table of what holds columns with types; `parts` and `table` read some of them.

    `kind` is what messages call it, `digest` tells its content from other contents. Raises
    `TableError` if there are no rows, or names of columns are empty or repeated.
    """
    check_names(names)
    if not rows:
        raise TableError("has no rows")

    def whole(names: list[str]) -> dict[str, Any]:
        # What pandas noted beside it are names as they were in a frame, numbers among them.
        plain = table(names).replace_schema_metadata(None)
        frame = plain.to_pandas(types_mapper=_WHOLE_NUMBERS.get)
        return {name: frame[name].array for name in names}

    def read(names: Sequence[str], leveled: Container[object] = ()) -> pd.DataFrame:
        with _explained(kind):
            return assembled(names, rows, parts(names), _numbers, whole)

    return RawTable(tuple(names), rows, digest, read)


_WHOLE_NUMBERS: dict[pa.DataType, Any] = {
    kind: pd.api.types.pandas_dtype(name)
    for kind, name in [
        *((pa.int8(), "Int8"), (pa.int16(), "Int16"), (pa.int32(), "Int32"), (pa.int64(), "Int64")),
        *((pa.uint8(), "UInt8"), (pa.uint16(), "UInt16"), (pa.uint32(), "UInt32")),
        (pa.uint64(), "UInt64"),
    ]
}
"""Types that keep every digit where values are missing, which pandas' own do not."""


def _index_columns(metadata: Mapping[bytes, bytes] | None, kind: str) -> list[Any]:
    """The columns that hold the index of the frame that pandas has written."""
    noted = (metadata or {}).get(b"pandas")
    if noted is None:
        return []
    try:
        return list(json.loads(noted)["index_columns"])
    except (ValueError, KeyError, TypeError) as error:
        raise TableError(
            f"is no readable {kind} file: what pandas has noted in it is damaged, so that its "
            f"index cannot be told from its columns ({str(error)[:200]})"
        ) from error


def _numbers(_: str, column: pa.Array) -> Float64[np.ndarray, " row"] | None:
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
def _explained(kind: str) -> Iterator[None]:
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
        raise TableError(f"is no readable {kind} file: {str(error)[:200]}") from error
    except pa.ArrowInvalid as error:
        raise TableError(f"is no readable {kind} file: {str(error)[:200]}") from error
    except Exception as error:  # of damaged files pyarrow raises many kinds
        name = type(error).__name__
        raise TableError(f"cannot be read by pyarrow: {name}: {str(error)[:200]}") from error
