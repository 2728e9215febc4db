"""CSV files, read by pyarrow strictly and a few rows at a time."""

import io
import re
import zlib
from collections.abc import Container, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64
from pyarrow import csv

from sparse_lightning._text import counted
from sparse_lightning.data.cells.levels import EXACT, spelled_numbers
from sparse_lightning.data.cells.numerals import PLAIN, Numerals
from sparse_lightning.data.cells.spellings import MISSING, too_large
from sparse_lightning.data.columns.column_types import TRUTHS
from sparse_lightning.data.files import csv_faults
from sparse_lightning.data.files.dialects import HEAD, Dialect, dialect_of
from sparse_lightning.data.files.text_streams import (
    NulError,
    Open,
    TextStream,
    buffered,
    not_in_encoding,
    text_of,
    with_nul,
)
from sparse_lightning.data.raw_table import RawTable, assembled, place_of
from sparse_lightning.errors import TableError
from sparse_lightning.project.dialect import DialectSettings

BLOCKS = (2**22, 2**26, 2**30)
"""In bytes: so much of a file is parsed at a time, and more where one row is longer."""

_END = "end"
_ZERO, _CODE = pc.MatchSubstringOptions("0"), pc.MatchSubstringOptions(r"^\s*0\d")
_TEXT = pd.StringDtype("pyarrow", na_value=np.nan)


def read_csv(
    source: bytes | Open, delimiter: str = ",", given: DialectSettings | None = None
) -> RawTable:
    """Read a CSV file, its bytes or what opens it, with one row of names; blank lines are skipped.

    What its dialect is, its beginning says, or `given`; `delimiter` is the usual one of such files.
    The file is gone through once for its form, and again when columns are asked for. `MISSING` are
    the texts of cells without a value. In a table of one column a blank line is a missing value.
    Raises `TableError` if it cannot be read, is empty or not in its encoding, has no header or no
    rows, names of columns are empty or repeated, or a row has more or fewer fields than the header.
    """
    opened = (lambda: io.BytesIO(source)) if isinstance(source, bytes) else source
    form = _form(opened, delimiter, given)
    spellings = dict(zip(form.names, form.spellings, strict=True))

    def parts(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with opened() as stream:
            plain = form.dialect.encoding == "utf-8"
            text = stream if plain else buffered(TextStream(stream, form.dialect.encoding))
            yield from form.rows_of(text, names)

    def read(names: Sequence[str], leveled: Container[object] = ()) -> pd.DataFrame:
        kept: dict[str, list[pa.Array]] = {name: [] for name in names if name in leveled}

        def whole(names: Sequence[str]) -> dict[str, Any]:
            again = [name for name in names if name not in kept]
            columns = pa.Table.from_batches(parts(again)).columns if again else []
            texts = {name: text_or_truths(one) for name, one in zip(again, columns, strict=True)}
            return texts | {name: levels(pa.chunked_array(kept[name])) for name in kept}

        def spelled(name: str, text: pa.Array) -> Float64[np.ndarray, " row"] | None:
            return numbers(text, spellings[name])

        try:
            return assembled(names, form.rows, parts(names), spelled, whole, kept)
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise _second_time(error, opened, form) from error

    @cache
    def lines() -> Sequence[int]:
        return csv_faults.lines_of(lambda: _text(opened, form.dialect), form.dialect)

    def place(row: int) -> str:
        return f"{place_of(row)} (line {lines()[row]})"

    return RawTable(tuple(form.names), form.rows, form.digest, read, place, spellings, form.words)


@dataclass(frozen=True)
class _Form:
    """How a file is parsed, and what is known after it was gone through.

    `columns` name all cells of a row, those that are no columns by what no file holds; `blank` rows
    at the end have no value.
    """

    columns: list[str]
    header_lines: int
    dialect: Dialect
    block: int
    rows: int = 0
    blank: int = 0
    digest: str = ""

    @property
    def names(self) -> list[str]:
        return self.columns[self.dialect.layout.kept(len(self.columns))]

    @property
    def spellings(self) -> list[Numerals]:
        spellings = [self.dialect.spelling(place) for place in range(len(self.columns))]
        return spellings[self.dialect.layout.kept(len(self.columns))]

    @property
    def words(self) -> str:
        """What differs from a plain file."""
        blank = f"{counted(self.blank, 'empty line')} at the end left out" if self.blank else ""
        return ", ".join(filter(None, (self.dialect.words(self.columns), blank)))

    def rows_of(self, stream: Any, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The cells of some columns, without those of the blank rows at the end."""
        start = 0
        for batch in self.batches(stream, names):
            yield batch.slice(0, max(self.rows - start, 0)) if self.blank else batch
            start += len(batch)
        if start != self.rows + self.blank:
            raise ValueError(f"{start} rows instead of {self.rows + self.blank}")

    def batches(self, stream: Any, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The cells of some columns as text, a few rows after the other."""
        single = len(self.columns) == 1
        with csv.open_csv(
            stream,
            csv.ReadOptions(
                column_names=self.columns, skip_rows=self.header_lines, block_size=self.block
            ),
            csv.ParseOptions(
                delimiter=self.dialect.delimiter,
                quote_char=self.dialect.quote,
                newlines_in_values=True,
                ignore_empty_lines=not single,
            ),
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=list(names),
                null_values=list(MISSING),
                strings_can_be_null=True,
            ),
        ) as batches:
            yield from batches


def _form(opened: Open, delimiter: str, given: DialectSettings | None) -> _Form:
    """How a file is parsed; if its beginning does not show its encoding, what follows does."""
    with TextStream(opened()) as stream:
        head = stream.raw(HEAD + 1)
    whole = len(head) <= HEAD
    dialect = dialect_of(head[:HEAD], delimiter, given, whole)
    try:
        try:
            return _survey(opened, dialect)
        except UnicodeDecodeError as error:
            if whole or not head.isascii() or (given and given.encoding):
                raise
            line = error.object.rfind(b"\n", 0, error.start) + 1
            later = error.object[line : line + HEAD]
            with suppress(TableError):
                dialect = dialect_of(head[:HEAD], delimiter, given, whole, later)
            return _survey(opened, dialect)
    except UnicodeDecodeError as error:
        raise not_in_encoding(opened, dialect.encoding) from error


def _text(opened: Open, dialect: Dialect) -> io.TextIOWrapper:
    return text_of(TextStream(opened(), dialect.encoding))


def _survey(opened: Open, dialect: Dialect) -> _Form:
    """Go through a file to count its rows and check that each has as many fields as the header."""

    def text() -> io.TextIOWrapper:
        return _text(opened, dialect)

    try:
        header, lines, rows_follow = csv_faults.header_of(text, dialect)
        if not rows_follow:
            raise TableError("has a header but no rows")
        # A NUL is in no file, and so in no name.
        columns = [name or f"\0{place}" for place, name in enumerate(header)]
        # An open quote takes up a row that is put to the end of the file.
        end = dialect.delimiter * (len(header) - 1) + _END
        problem = None
        for block in BLOCKS:
            form = _Form(columns, lines, dialect, block)
            stream = TextStream(opened(), dialect.encoding, end.encode())
            try:
                with buffered(stream) as text_stream:
                    last_columns = columns[-max(dialect.layout.empty, 1) :]
                    rows, last, filled = _count(form.batches(text_stream, last_columns))
            except pa.ArrowInvalid as error:
                problem = error
                csv_faults.raise_first(text, dialect)
                continue
            if last != _END:
                raise TableError("cannot be read as CSV: a quote is opened and never closed")
            if dialect.layout.empty and filled > 1:
                csv_faults.raise_first(text, dialect)
            blank = _blank_rows(stream.tail, dialect.delimiter, len(header))
            if blank >= rows - 1:
                blank = 0
            digest = stream.digest.hexdigest()
            return replace(form, rows=rows - 1 - blank, blank=blank, digest=digest)
        raise TableError(f"cannot be read as CSV: {str(problem)[:200]}") from problem
    except NulError as error:
        raise with_nul(opened, dialect.encoding) from error


def _blank_rows(tail: bytes, delimiter: str, width: int) -> int:
    """How many rows at the end of a file have no value; none in a table of one column."""
    count = 0
    for line in reversed(re.split(rb"\r\n|\n|\r", tail)):
        if line == (delimiter * (width - 1)).encode():
            count += width > 1
        elif line:
            break
    return count


def _count(batches: Iterator[pa.RecordBatch]) -> tuple[int, str | None, int]:
    """The number of rows, the last cell of the last column, and how many cells have a value."""
    rows, last, filled = 0, None, 0
    for batch in batches:
        if len(batch):
            rows, last = rows + len(batch), batch.column(batch.num_columns - 1)[-1].as_py()
            filled += sum(len(column) - column.null_count for column in batch.columns)
    return rows, last, filled


def numbers(text: pa.Array, spelling: Numerals = PLAIN) -> Float64[np.ndarray, " row"] | None:
    """The numbers that cells spell, NaN where there is none; None where a cell is no number.

    `007` is none, and neither is a whole number that 64 bits do not hold: they may be names.
    """
    if spelling.keeps_plain:
        values = _plain_numbers(text)
        if values is not None or spelling.is_plain:
            return values
    fits = pc.call_function("all", [spelling.fits(text)]).as_py()
    return None if fits is False else _plain_numbers(spelling.plain(text))


def _plain_numbers(text: pa.Array) -> Float64[np.ndarray, " row"] | None:
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


def text_or_truths(text: pa.ChunkedArray) -> Any:
    """A whole column: 0 and 1 where all is true or false, else text."""
    column = _TEXT.__from_arrow__(text)
    truths = pd.Series(column).map(TRUTHS).to_numpy(np.float64)
    if np.count_nonzero(np.isnan(truths)) == text.null_count < len(text):
        return truths
    return column


def levels(text: pa.ChunkedArray) -> Any:
    """A column of levels: 64-bit floats where its texts are the own spellings of numbers."""
    encoded = text.combine_chunks().dictionary_encode()
    numbers = spelled_numbers(encoded.dictionary.to_pylist())
    if numbers is None:
        return text_or_truths(text)
    places = encoded.indices.fill_null(len(numbers)).to_numpy(zero_copy_only=False)
    return np.array([*numbers.values(), np.nan])[places]


def _second_time(error: Exception, opened: Open, form: _Form) -> TableError:
    """The error of a file that was gone through once, and cannot be a second time."""
    try:
        with TextStream(opened(), form.dialect.encoding) as stream:
            while stream.read(2**20):
                pass
        changed = stream.digest.hexdigest() != form.digest
    except (OSError, TableError, UnicodeDecodeError, NulError):
        changed = True
    what = "was changed while it was read" if changed else "cannot be read"
    return TableError(f"{what}: {str(error)[:200]}")
