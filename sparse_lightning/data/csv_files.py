"""CSV files, read strictly and a few rows at a time."""

import csv
import gzip
import hashlib
import io
import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, NamedTuple

import pandas as pd

from sparse_lightning._text import is_numeral
from sparse_lightning.data.names import check_names
from sparse_lightning.data.raw_table import RawTable
from sparse_lightning.data.storage import CELLS_AT_ONCE, assembled
from sparse_lightning.errors import TableError

Open = Callable[[], IO[bytes] | gzip.GzipFile]

BYTES_AT_ONCE = 2**20


def read_csv(source: bytes | Open, separator: str = ",") -> RawTable:
    """Read a CSV file: UTF-8, one header row, blank lines skipped.

    The file is gone through once for its form, and again when columns are asked for. Missing values
    are written as pandas knows them (nothing, `NA`, `nan`, `null`, …) or as `?`. In a table of one
    column a blank line is a missing value.

    Args:
        source: the bytes of the file, or what opens it.
        separator: between the fields of a row.

    Raises:
        TableError: it cannot be read, is empty or not UTF-8, has no header or no rows, names of
            columns are empty or repeated, or a row has more or fewer fields than the header.
    """
    opened = (lambda: io.BytesIO(source)) if isinstance(source, bytes) else source
    form = _scan(opened, separator)

    def parts(names: Sequence[str], rows: int | None = None) -> Iterator[pd.DataFrame]:
        size = max(1, CELLS_AT_ONCE // len(names)) if rows is None else rows
        with _text(opened()) as text:
            for _ in range(form.header_lines):
                text.readline()
            with pd.read_csv(
                text,
                sep=separator,
                header=None,
                names=list(form.header),
                usecols=list(names),
                index_col=False,
                na_values=["?"],
                skip_blank_lines=len(form.header) > 1,
                low_memory=False,
                chunksize=size,
            ) as chunks:
                yield from chunks

    def counted(names: Sequence[str]) -> Iterator[pd.DataFrame]:
        rows = 0
        for part in parts(names):
            rows += len(part)
            if rows <= len(form.lines):
                yield part
        if rows != len(form.lines):
            raise TableError(
                f"has {rows} or {len(form.lines)} rows, depending on how its quotes are read"
            )

    def read(names: Sequence[str]) -> pd.DataFrame:
        rows = len(form.lines)
        try:
            return assembled(
                names, rows, counted(names), lambda few: pd.concat(parts(few, rows + 1))
            )
        except (ValueError, OverflowError) as error:
            raise TableError(f"cannot be read as CSV: {str(error).strip()[:200]}") from error

    return RawTable(tuple(form.header), len(form.lines), form.digest, read, form.lines)


class _Form(NamedTuple):
    """What is known of a file after it was gone through: `lines` are those on which rows end."""

    header: list[str]
    header_lines: int
    lines: Sequence[int]
    digest: str


def _scan(opened: Open, separator: str) -> _Form:
    """See to it that every row has as many fields as the header.

    pandas pads short rows and takes the first column of long ones for an index, both silently.
    """
    lines = array("q")
    with _Watched(opened()) as watched, _text(io.BufferedReader(watched, BYTES_AT_ONCE)) as text:
        reader = csv.reader(text, delimiter=separator)
        try:
            if not _has_text(opened):
                raise TableError("is empty")
            header = next((row for row in reader if row), [])
            _check_header(header, separator)
            header_lines, width = reader.line_num, len(header)
            for row in reader:
                if len(row) != width:
                    if not row and width > 1:
                        continue
                    if row:
                        raise TableError(
                            f"row {len(lines) + 1} (line {reader.line_num}) does not fit the "
                            f"header: fields {len(row)}, names {width}"
                        )
                lines.append(reader.line_num)
        except UnicodeDecodeError as error:
            raise _not_utf8(opened) from error
        except _NulError as error:
            raise _with_nul(opened) from error
        except csv.Error as error:
            raise TableError(f"line {reader.line_num}: cannot be read as CSV: {error}") from error
    if not lines:
        raise TableError("has a header but no rows")
    return _Form(header, header_lines, lines, watched.digest.hexdigest())


class _NulError(Exception):
    """A file holds a NUL character."""


class _Watched(io.RawIOBase):
    """A stream of which every byte is taken into the digest, and none may be NUL."""

    def __init__(self, inner: IO[bytes] | gzip.GzipFile):
        self.inner = inner
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            content = self.inner.read(len(buffer))
        except (OSError, EOFError, zlib.error) as error:
            if isinstance(error, OSError) and error.errno:
                raise TableError(f"cannot be read: {error.strerror}") from error
            raise TableError(f"is no readable gzip file: {error}") from error
        self.digest.update(content)
        if b"\0" in content:
            raise _NulError
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self.inner.close()
        super().close()


def _text(stream: Any) -> io.TextIOWrapper:
    return io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")


def _has_text(opened: Open) -> bool:
    with _Watched(opened()) as stream:
        reader = io.BufferedReader(stream, BYTES_AT_ONCE)
        return any(part.strip() for part in iter(lambda: reader.read(BYTES_AT_ONCE), b""))


def _not_utf8(opened: Open) -> TableError:
    with opened() as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                byte = line[error.start]
                return TableError(
                    f"line {number}: byte 0x{byte:02x} is not UTF-8: save the table as UTF-8"
                )
    raise AssertionError


def _with_nul(opened: Open) -> TableError:
    with opened() as stream:
        number = next(number for number, line in enumerate(stream, start=1) if b"\0" in line)
    return TableError(f"line {number}: holds a NUL character, so it is no text")


def _check_header(header: Sequence[str], separator: str) -> None:
    for other in (";", "\t", ",", "|"):
        if len(header) == 1 and other in header[0] and other != separator:
            raise TableError(
                f"has one column {header[0]!r:.80}: separate by {separator!r}, not {other!r}"
            )
    if header and all(is_numeral(name) for name in header):
        raise TableError(
            f"has no header: the first line holds numbers only ({', '.join(header):.80}); "
            "write the names of the columns there"
        )
    check_names(header)
