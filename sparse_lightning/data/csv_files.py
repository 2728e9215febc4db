"""CSV files, read by pyarrow strictly and a few rows at a time."""

import codecs
import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64
from pyarrow import csv

from sparse_lightning.data import csv_faults
from sparse_lightning.data.levels import EXACT, spelled_numbers
from sparse_lightning.data.raw_table import RawTable, assembled, place_of
from sparse_lightning.data.spellings import too_large
from sparse_lightning.errors import TableError

Open = Callable[[], IO[bytes] | gzip.GzipFile]

BLOCKS = (2**22, 2**26, 2**30)
"""In bytes: so much of a file is parsed at a time, and more where one row is longer."""

MISSING = (
    *("", "?", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND"),
    *("1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""A cell with one of these texts has no value: those that pandas knows, and `?`."""

_END = "end"
_ZERO, _CODE = pc.MatchSubstringOptions("0"), pc.MatchSubstringOptions(r"^\s*0\d")
_TRUTHS = {
    **dict.fromkeys(("True", "TRUE", "true"), 1.0),
    **dict.fromkeys(("False", "FALSE", "false"), 0.0),
}
_TEXT = pd.StringDtype("pyarrow", na_value=np.nan)


def read_csv(source: bytes | Open, separator: str = ",") -> RawTable:
    """Read a CSV file, its bytes or what opens it: UTF-8, one header row, blank lines skipped.

    The file is gone through once for its form, and again when columns are asked for. `MISSING` are
    the texts of cells without a value. In a table of one column a blank line is a missing value.
    Raises `TableError` if it cannot be read, is empty or not UTF-8, has no header or no rows, names
    of columns are empty or repeated, or a row has more or fewer fields than the header.
    """
    opened = (lambda: io.BytesIO(source)) if isinstance(source, bytes) else source
    form = _survey(opened, separator)

    def parts(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with opened() as stream:
            yield from form.batches(stream, names)

    def read(names: Sequence[str], leveled: Container[object] = ()) -> pd.DataFrame:
        kept: dict[str, list[pa.Array]] = {name: [] for name in names if name in leveled}

        def whole(names: Sequence[str]) -> dict[str, Any]:
            again = [name for name in names if name not in kept]
            columns = pa.Table.from_batches(parts(again)).columns if again else []
            texts = {name: _text_or_truths(one) for name, one in zip(again, columns, strict=True)}
            return texts | {name: _levels(pa.chunked_array(kept[name])) for name in kept}

        try:
            return assembled(names, form.rows, parts(names), numbers, whole, kept)
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise _second_time(error, opened, form.digest) from error

    @cache
    def lines() -> Sequence[int]:
        return csv_faults.lines_of(lambda: _text(_Checked(opened())), separator)

    def place(row: int) -> str:
        return f"{place_of(row)} (line {lines()[row]})"

    return RawTable(tuple(form.header), form.rows, form.digest, read, place, is_text=True)


@dataclass(frozen=True)
class _Form:
    """How a file is parsed, and what is known after it was gone through."""

    header: list[str]
    header_lines: int
    separator: str
    block: int
    rows: int = 0
    digest: str = ""

    def batches(self, stream: Any, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The cells of some columns as text, a few rows after the other."""
        single = len(self.header) == 1
        with csv.open_csv(
            stream,
            csv.ReadOptions(
                column_names=self.header, skip_rows=self.header_lines, block_size=self.block
            ),
            csv.ParseOptions(
                delimiter=self.separator, newlines_in_values=True, ignore_empty_lines=not single
            ),
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=list(names),
                null_values=list(MISSING),
                strings_can_be_null=True,
            ),
        ) as batches:
            yield from batches


def _survey(opened: Open, separator: str) -> _Form:
    """Go through a file to count its rows and check that each has as many fields as the header."""

    def text() -> io.TextIOWrapper:
        return _text(_Checked(opened()))

    try:
        header, lines, rows_follow = csv_faults.header_of(text, separator)
        if not rows_follow:
            raise TableError("has a header but no rows")
        # An open quote takes up a row that is put to the end of the file.
        end = separator * (len(header) - 1) + _END
        problem = None
        for block in BLOCKS:
            form = _Form(header, lines, separator, block)
            checked = _Checked(opened(), end.encode())
            try:
                with _buffered(checked) as stream:
                    rows, last = _count(form.batches(stream, header[-1:]))
                if last == _END:
                    return replace(form, rows=rows - 1, digest=checked.digest.hexdigest())
                raise TableError("cannot be read as CSV: a quote is opened and never closed")
            except pa.ArrowInvalid as error:
                problem = error
                csv_faults.raise_first(text, separator)
        raise TableError(f"cannot be read as CSV: {str(problem)[:200]}") from problem
    except UnicodeDecodeError as error:
        raise csv_faults.not_utf8(opened) from error
    except _NulError as error:
        raise csv_faults.with_nul(opened) from error


def _count(batches: Iterator[pa.RecordBatch]) -> tuple[int, str | None]:
    """The number of rows, and the last cell of the last column."""
    rows, last = 0, None
    for batch in batches:
        if len(batch):
            rows, last = rows + len(batch), batch.column(0)[-1].as_py()
    return rows, last


def numbers(text: pa.Array) -> Float64[np.ndarray, " row"] | None:
    """The numbers that cells spell, NaN where there is none; None where a cell is no number.

    `007` is none, and neither is a whole number that 64 bits do not hold: they may be names.
    """
    try:
        values = text.cast(pa.float64()).to_numpy(zero_copy_only=False)
        maybe = text.filter(pc.call_function("starts_with", [text], _ZERO))
    except pa.ArrowInvalid:  # a sign before it or a space around it is allowed, too
        values = np.asarray(pd.to_numeric(text.to_pandas(), errors="coerce"), dtype=np.float64)
        maybe = text
    if np.count_nonzero(np.isnan(values)) != text.null_count:
        return None
    codes = pc.call_function("match_substring_regex", [maybe], _CODE)
    if pc.call_function("any", [codes]).as_py():
        return None
    large = (np.abs(values) >= EXACT) & np.isfinite(values)
    if large.any() and any(map(too_large, text.filter(pa.array(large)).to_pylist())):
        return None
    return values


def _text_or_truths(text: pa.ChunkedArray) -> Any:
    # The whole column: 0 and 1 where all is true or false, else text.
    column = _TEXT.__from_arrow__(text)
    truths = pd.Series(column).map(_TRUTHS).to_numpy(np.float64)
    if np.count_nonzero(np.isnan(truths)) == text.null_count < len(text):
        return truths
    return column


def _levels(text: pa.ChunkedArray) -> Any:
    """A column of levels: 64-bit floats where its texts are the own spellings of numbers."""
    encoded = text.combine_chunks().dictionary_encode()
    numbers = spelled_numbers(encoded.dictionary.to_pylist())
    if numbers is None:
        return _text_or_truths(text)
    places = encoded.indices.fill_null(len(numbers)).to_numpy(zero_copy_only=False)
    return np.array([*numbers.values(), np.nan])[places]


def _second_time(error: Exception, opened: Open, digest: str) -> TableError:
    """The error of a file that was gone through once, and cannot be a second time."""
    try:
        stream = _Checked(opened())
        with _buffered(stream) as buffered:
            while buffered.read(2**20):
                pass
        changed = stream.digest.hexdigest() != digest
    except (OSError, TableError, UnicodeDecodeError, _NulError):
        changed = True
    what = "was changed while it was read" if changed else "cannot be read"
    return TableError(f"{what}: {str(error)[:200]}")


class _NulError(Exception):
    """A file holds a NUL character."""


class _Checked(io.RawIOBase):
    """A stream of UTF-8 without NUL; every byte is taken into the digest.

    After the last row of the file `row` is read.
    """

    def __init__(self, inner: IO[bytes] | gzip.GzipFile, row: bytes = b""):
        self.inner = inner
        self.digest = hashlib.sha256()
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._row = row
        self._last = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._read(len(buffer))
        if content:
            self.digest.update(content)
            if b"\0" in content:
                raise _NulError
            self._decoder.decode(content)
            self._last = content[-1:]
        else:
            self._decoder.decode(b"", final=True)
            if self._last not in (b"\n", b"\r", b""):
                self._row, self._last = b"\n" * bool(self._row) + self._row, b""
            content, self._row = self._row[: len(buffer)], self._row[len(buffer) :]
        buffer[: len(content)] = content
        return len(content)

    def _read(self, size: int) -> bytes:
        try:
            return self.inner.read(size)
        except (OSError, EOFError, zlib.error) as error:
            if isinstance(error, OSError) and error.errno:
                raise TableError(f"cannot be read: {error.strerror}") from error
            raise TableError(f"is no readable gzip file: {error}") from error

    def close(self) -> None:
        self.inner.close()
        super().close()


def _text(stream: _Checked) -> io.TextIOWrapper:
    return io.TextIOWrapper(_buffered(stream), encoding="utf-8-sig", newline="")


def _buffered(stream: _Checked) -> Any:
    return io.BufferedReader(stream, 2**20)
