"""Users' files: CSV and Parquet, read strictly, so that nothing is renamed, padded or left out."""

import csv
import gzip
import hashlib
import io
import os
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pyarrow.parquet import ParquetFile

from sparse_lightning.errors import TableError

SEPARATORS = {".csv": ",", ".tsv": "\t"}
LARGEST = 2 * 10**9
"""Bytes of a table, uncompressed, and cells of a Parquet file; some ten times as much is needed."""

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")


@dataclass(frozen=True, eq=False)
class RawTable:
    """A table as a file holds it.

    Attributes:
        frame: one row a row of the file; types as pandas infers them.
        digest: the SHA-256 of the file's bytes, uncompressed.
        lines: the line on which each row ends; None for files without lines.
    """

    frame: pd.DataFrame
    digest: str
    lines: tuple[int, ...] | None = None

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
    name = path.name.lower()
    if not name.endswith(SUFFIXES):
        raise TableError(f"is of an unknown kind: its name must end in {', '.join(SUFFIXES)}")
    if not os.path.isfile(path):
        raise TableError(
            "is a folder, not a table" if os.path.isdir(path) else "there is no such file"
        )
    try:
        if path.stat().st_size > LARGEST:
            raise TableError(_too_large())
        content = path.read_bytes()
    except OSError as error:
        raise TableError(f"cannot be read: {error.strerror}") from error
    if name.endswith(".gz"):
        content, name = decompress(content), name.removesuffix(".gz")
    if name.endswith(".parquet"):
        return read_parquet(content)
    return read_csv(content, SEPARATORS[Path(name).suffix])


def decompress(content: bytes) -> bytes:
    """The content of a gzip file.

    Raises:
        TableError: it is none, damaged, or holds more than `LARGEST` bytes.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            unpacked = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"is no readable gzip file: {error}") from error
    if len(unpacked) > LARGEST:
        raise TableError(_too_large())
    return unpacked


def _too_large() -> str:
    return f"holds more than {LARGEST / 10**9:g} GB: use a part of its rows or columns"


def read_parquet(content: bytes) -> RawTable:
    """Read the bytes of a Parquet file; what pandas stored as its index is no column.

    Raises:
        TableError: they are none, there are no rows, or names of columns are empty or repeated.
    """
    if not content:
        raise TableError("is empty")
    try:
        # A small file can stand for any number of equal cells.
        described = ParquetFile(io.BytesIO(content)).metadata
        if described.num_rows * described.num_columns > LARGEST:
            raise TableError(_too_large())
        frame = pd.read_parquet(io.BytesIO(content))
    except TableError:
        raise
    except Exception as error:  # pyarrow raises many kinds, from OSError to its own
        raise TableError(f"is no readable Parquet file: {str(error)[:200]}") from error
    frame.columns = [str(name) for name in frame.columns]
    _check_names(list(frame.columns))
    if frame.empty:
        raise TableError("has no rows")
    return RawTable(frame.reset_index(drop=True), hashlib.sha256(content).hexdigest())


def read_csv(content: bytes, separator: str = ",") -> RawTable:
    """Read the bytes of a CSV file: UTF-8, one header row, blank lines skipped.

    Missing values are written as pandas knows them (nothing, `NA`, `nan`, `null`, …) or as `?`. In
    a table of one column a blank line is a missing value.

    Args:
        content: the file.
        separator: between the fields of a row.

    Raises:
        TableError: it is empty or not UTF-8, has no header or no rows, names of columns are empty
            or repeated, or a row has more or fewer fields than the header.
    """
    if not content.strip():
        raise TableError("is empty")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise TableError(
            f"line {line}: byte 0x{byte:02x} is not UTF-8: save the table as UTF-8"
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise TableError(f"line {line}: holds a NUL character, so it is no text")
    header, body, lines = _scan(text, separator)
    try:
        frame = pd.read_csv(
            io.StringIO(body),
            sep=separator,
            header=None,
            names=header,
            index_col=False,
            na_values=["?"],
            skip_blank_lines=len(header) > 1,
            low_memory=False,
        )
    except (ValueError, OverflowError) as error:
        raise TableError(f"cannot be read as CSV: {str(error).strip()[:200]}") from error
    if len(frame) != len(lines):
        raise TableError(
            f"has {len(frame)} or {len(lines)} rows, depending on how its quotes are read"
        )
    return RawTable(frame, hashlib.sha256(content).hexdigest(), tuple(lines))


def _scan(text: str, separator: str) -> tuple[list[str], str, list[int]]:
    """The header, the text after it, and the last line of each row.

    pandas pads short rows and takes the first column of long ones for an index, both silently.
    """
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream, delimiter=separator)
    lines: list[int] = []
    try:
        header = next((row for row in reader if row), [])
        _check_header(header, separator)
        body = text[stream.tell() :]
        for row in reader:
            if not row and len(header) > 1:
                continue
            if len(row) != len(header) and (row or len(header) > 1):
                raise TableError(
                    f"row {len(lines) + 1} (line {reader.line_num}) does not fit the header: "
                    f"fields {len(row)}, names {len(header)}"
                )
            lines.append(reader.line_num)
    except csv.Error as error:
        raise TableError(f"line {reader.line_num}: cannot be read as CSV: {error}") from error
    if not lines:
        raise TableError("has a header but no rows")
    return header, body, lines


def _check_header(header: Sequence[str], separator: str) -> None:
    for other in (";", "\t", ","):
        if len(header) == 1 and other in header[0] and other != separator:
            raise TableError(
                f"has one column {header[0]!r:.80}: separate by {separator!r}, not {other!r}"
            )
    if header and all(_is_number(name) for name in header):
        raise TableError(
            f"has no header: the first line holds numbers only ({', '.join(header):.80}); "
            "write the names of the columns there"
        )
    _check_names(header)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _check_names(names: Sequence[str]) -> None:
    if not names:
        raise TableError("has no columns")
    for place, name in enumerate(names, start=1):
        if not name.strip():
            raise TableError(
                f"column {place} has no name: name it, or leave it out of the file "
                "(pandas writes such a column for the index: to_csv(index=False))"
            )
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        places = ", ".join(str(place) for place, name in enumerate(names, 1) if name == repeated[0])
        raise TableError(
            f"several columns are named {repeated[0]!r} (columns {places}): rename them"
        )
