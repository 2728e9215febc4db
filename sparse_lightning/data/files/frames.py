"""Frames of pandas and polars, and whatever else hands out its columns by Arrow, as tables."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sparse_lightning.data.files.readers import columnar
from sparse_lightning.data.raw_table import CELLS_AT_ONCE, MOST_NAMED, RawTable, check_names
from sparse_lightning.errors import InputError, TableError, kind_of


def read_frame(frame: object) -> RawTable:
    """The table that a frame holds: of pandas, whose index is no column, of polars or of pyarrow.

    Columns are judged as those of a Parquet file. The digest is one of names, types and values: the
    same for the same content, whichever package holds it and in however many pieces. Raises
    `InputError` for what is no frame, and `TableError` if it has no rows, its columns have no names
    or the same, or one holds what no table file could.
    """
    table = _arrow_table(frame)

    def parts(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        size = max(1, CELLS_AT_ONCE // len(names))
        yield from table.select(list(names)).to_batches(max_chunksize=size)

    def chosen(names: Sequence[str]) -> pa.Table:
        return table.select(list(names))

    names = table.column_names
    return columnar("frame", names, table.num_rows, parts, chosen, digest_of(table))


def _arrow_table(frame: Any) -> pa.Table:
    if isinstance(frame, pd.DataFrame):
        return _of_pandas(frame)
    given = frame
    if hasattr(frame, "to_arrow"):  # polars: in the types that every consumer knows
        given = frame.to_arrow()
    elif not isinstance(frame, pa.Table) and hasattr(frame, "__arrow_c_stream__"):
        with suppress(pa.ArrowInvalid):  # of a single column, as a Series is
            given = pa.table(frame)
    if not isinstance(given, pa.Table):
        raise InputError(
            "table must be a DataFrame of pandas or polars, or a table of pyarrow, "
            f"got {kind_of(frame)}"
        )
    return pa.table(list(map(_plain, given.columns)), names=given.column_names)


def _of_pandas(frame: pd.DataFrame) -> pa.Table:
    names = [str(name) for name in frame.columns]
    check_names(names)
    columns, faults = [], []
    for place, name in enumerate(names):
        try:
            # As a column of its own, so that what is wrong can be told with its name.
            given = frame.iloc[:, place]
            if isinstance(given.dtype, pd.SparseDtype):
                given = given.sparse.to_dense()
            column = pa.array(given, from_pandas=True)
            whole = isinstance(column, pa.Array)
            columns.append(_plain(pa.chunked_array([column]) if whole else column))
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            faults.append(
                f"column {name!r} holds values of several kinds, or of a kind that tables do not "
                f"hold: {str(error)[:200]}"
            )
    if faults:
        more = len(faults) - MOST_NAMED
        shown = [*faults[:MOST_NAMED], *([f"… and {more} more"] if more > 0 else [])]
        raise TableError("\n".join(shown))
    return pa.table(columns, names=names)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column in the types that files have: views of text and of bytes become text and bytes."""
    if column.type == pa.string_view():
        return column.cast(pa.large_string())
    if column.type == pa.binary_view():
        return column.cast(pa.large_binary())
    return column


def digest_of(table: pa.Table) -> str:
    """The SHA-256 of names, types and values of a table's columns, in their order.

    NaN counts as a missing value, a category as its value, and what packages call the same type
    (text in its several widths) as one type.
    """
    digest = hashlib.sha256()
    for name, column in zip(table.column_names, table.columns, strict=True):
        kind, values = _canonical(column)
        digest.update(json.dumps([name, kind, len(values)]).encode())
        digest.update(np.packbits(_array(pc.call_function("is_valid", [values]))).tobytes())
        digest.update(_content(values))
    return digest.hexdigest()


def _canonical(column: pa.ChunkedArray) -> tuple[str, pa.ChunkedArray]:
    """A column's type under one name for all packages, and its values in that type."""
    if isinstance(column.type, pa.BaseExtensionType):
        return str(column.type), column.cast(column.type.storage_type)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "text", column.cast(pa.large_string())
    if pa.types.is_floating(kind):
        nan = pc.call_function("is_nan", [column]).fill_null(False)
        return str(kind), pc.call_function("if_else", [nan, pa.scalar(None, kind), column])
    if pa.types.is_temporal(kind):
        width = pa.int32() if kind.bit_width == 32 else pa.int64()
        return str(kind), column.cast(width)
    return str(kind), column


def _content(values: pa.ChunkedArray) -> bytes:
    """The bytes of the values that are there."""
    there = values.drop_null()
    kind = there.type
    if pa.types.is_boolean(kind):
        return np.packbits(_array(there)).tobytes()
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _array(there).tobytes()
    texts = there.to_pylist()
    if not pa.types.is_large_string(kind):
        texts = [repr(one) for one in texts]
    encoded = [one.encode() for one in texts]
    lengths = np.array([len(one) for one in encoded], dtype=np.int64)
    return lengths.tobytes() + b"".join(encoded)


def _array(values: pa.ChunkedArray) -> np.ndarray:
    return values.to_numpy()
