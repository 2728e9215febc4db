"""A table as a file holds it, before anything is chosen, typed or left out.

Its numbers are kept in memory, or those of a large table in a temporary file.
"""

import errno
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from jaxtyping import Bool, Float64
from pandas.api import types

from sparse_lightning._text import listed
from sparse_lightning.data.cells.numerals import Numerals
from sparse_lightning.errors import TableError

MOST_IN_MEMORY = 2**29
"""Bytes. The columns of a larger table are mapped from a file, which the system may write out."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

CELLS_AT_ONCE = 2**22
"""So many values of a table are taken up at a time, 32 MiB of 64-bit floats."""

MOST_NAMED = 100
"""A message names at most so many columns."""

Place = Callable[[int], str]


def place_of(row: int) -> str:
    """What messages call a row, counted from 0, where no line is known."""
    return f"row {row + 1}"


@dataclass(frozen=True, eq=False)
class RawTable:
    """A table as a file holds it; its columns are read when they are asked for.

    Attributes:
        digest: the SHA-256 of the file's bytes, uncompressed, or of the frame's content.
        read: reads columns by their names, one row a row of the file: numbers as 64-bit floats,
            other types as pandas has them. Of those that are named as columns of levels, too, every
            value stays what it is called: `007` is text there.
        place: the name of a row, counted from 0, in messages: `row 3 (line 4)`.
        spellings: how text spells the numbers of each column; None: the file holds numbers.
        reading: what was taken for the dialect of a text file, in words; "" where it is plain.
    """

    names: tuple[str, ...]
    rows: int
    digest: str
    read: Callable[..., pd.DataFrame]
    place: Place = place_of
    spellings: Mapping[str, Numerals] | None = None
    reading: str = ""


def check_names(names: Sequence[str]) -> None:
    """Raise `TableError` if there are no columns, or names are empty or repeated."""
    if not names:
        raise TableError("has no columns")
    faults = []
    nameless = [place for place, name in enumerate(names, start=1) if not name.strip()]
    if nameless:
        index = " (pandas writes such a column for the index: to_csv(index=False))"
        which = f"column {nameless[0]} has no name: name it, or leave it out of the file"
        if len(nameless) > 1:
            places = listed([str(place) for place in nameless], MOST_NAMED)
            which = f"columns {places} have no name: name them, or leave them out of the file"
        faults.append(f"{which}{index if nameless[0] == 1 else ''}")
    for name, count in Counter(names).items():
        if count > 1 and name.strip():
            places = [str(place) for place, one in enumerate(names, 1) if one == name]
            faults.append(
                f"several columns are named {name!r} (columns {', '.join(places)}): rename them"
            )
    if faults:
        raise TableError("\n".join(faults[:MOST_NAMED]))


def number_columns(columns: int, rows: int) -> Float64[np.ndarray, "column row"]:
    """Room for columns of numbers.

    The file of a large table is in the folder for temporary files (`TMPDIR`), has no name, and its
    space is free when nothing refers to the columns any more, however the process ends. Raises
    `TableError` if that folder has no room for it.
    """
    size = 8 * columns * rows
    if size <= MOST_IN_MEMORY:
        return np.empty((columns, rows))
    with tempfile.TemporaryFile(prefix="sparse-lightning-") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            way_out = "with more room" if error.errno in _FULL else "on another disk"
            raise TableError(
                f"needs {size / 1e9:.1f} GB in {tempfile.gettempdir()} for its {columns} columns "
                f"of {rows} rows: {error.strerror}; set TMPDIR to a folder {way_out}, or name the "
                "columns to use with table.columns"
            ) from error
        # As a plain array: pandas hands its columns to whoever asks.
        return np.memmap(file, np.float64, "r+", shape=(columns, rows)).view(np.ndarray)


def assembled(
    names: Sequence[str],
    rows: int,
    parts: Iterable[pa.RecordBatch],
    numbers: Callable[[str, pa.Array], Float64[np.ndarray, " row"] | None],
    whole: Callable[[list[str]], Mapping[str, Any]],
    kept: Mapping[str, list[pa.Array]] = MappingProxyType({}),
) -> pd.DataFrame:
    """A table that is read part by part, columns of numbers as 64-bit floats.

    `numbers` makes numbers of a part of a named column, None if it holds something else. `whole`
    reads at once the columns that are not numbers in every part, so that what they are is judged
    by all rows, and those in `kept`, which takes up their parts. Raises ValueError if the parts
    have more or fewer rows than `rows`.
    """
    block, others = number_columns(len(names), rows), set(kept)
    start = 0
    for part in parts:
        for place, (name, column) in enumerate(zip(names, part.columns, strict=True)):
            if name in kept:
                kept[name].append(column)
            if name in others:
                continue
            values = numbers(name, column)
            if values is None:
                others.add(name)
            else:
                block[place, start : start + len(part)] = values
        start += len(part)
    if start != rows:
        raise ValueError(f"{start} rows instead of {rows}")
    read = whole([name for name in names if name in others]) if others else {}
    return frame_of(
        {name: read[name] if name in others else block[place] for place, name in enumerate(names)},
        rows,
    )


def frame_of(columns: dict[Any, Any], rows: int) -> pd.DataFrame:
    """Columns side by side, none of them copied."""
    return pd.DataFrame(columns, index=pd.RangeIndex(rows), copy=False)


def is_number(kind: object) -> bool:
    """Whether a column of this type holds real numbers, missing ones aside; booleans are none."""
    return (
        types.is_numeric_dtype(kind)
        and not types.is_bool_dtype(kind)
        and not types.is_complex_dtype(kind)
    )


def as_floats(column: pd.Series) -> Float64[np.ndarray, " row"]:
    """A column of numbers or booleans as 64-bit floats, missing ones NaN; copied if need be."""
    if column.dtype == np.float64:
        return column.to_numpy()
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def keep(frame: pd.DataFrame, chosen: Bool[np.ndarray, " row"]) -> pd.DataFrame:
    """Some rows of a table, the columns where those of a table of this size are kept."""
    if chosen.all():
        return frame
    rows = int(np.count_nonzero(chosen))
    block = number_columns(sum(kind == np.float64 for kind in frame.dtypes), rows)
    columns, place = {}, 0
    for name, column in frame.items():
        if column.dtype == np.float64:
            np.compress(chosen, column.to_numpy(), out=block[place])
            columns[name], place = block[place], place + 1
        else:
            columns[name] = column.array[chosen]
    return frame_of(columns, rows)
