"""Where a CSV file is at fault: Python's reader, which is slow but knows the lines.

Text and rows are split as pyarrow splits them.
"""

import csv
import io
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice

from sparse_lightning._text import is_numeral
from sparse_lightning.data.files.dialects import Dialect
from sparse_lightning.data.raw_table import check_names, place_of
from sparse_lightning.errors import TableError

FIRST_ROWS = 100
"""So many lines after the header tell whether it is one."""

OpenText = Callable[[], io.TextIOWrapper]


def header_of(opened: OpenText, dialect: Dialect) -> tuple[list[str], int, bool]:
    """The names of the cells of a row, the number of lines up to their end, and if a row follows.

    What is no column has the name "". Raises `TableError` if the file is empty, or its header is
    none.
    """
    with opened() as text:
        if not any(part.strip() for part in iter(lambda: text.read(2**20), "")):
            raise TableError("is empty")
    with opened() as text:
        reader = _Reader(text, dialect)
        with reader.explained():
            header = next((row for row in reader if row), [])
            lines = reader.line
            first = list(islice(reader, FIRST_ROWS))
            names = dialect.layout.columns(header)
            kept = dialect.layout.kept(len(names))
            _check_header(names[kept], dialect.delimiter)
            rows = chain(first, reader)
            return names, lines, any(row or len(names) == 1 for row in rows)


def raise_first(opened: OpenText, dialect: Dialect) -> None:
    """Raise a `TableError` with the first fault of a file's rows, if there is one.

    Faults are rows with more or fewer fields than the header, cells of columns without a name, and
    cells that are too long.
    """
    with opened() as text:
        reader = _Reader(text, dialect)
        with reader.explained():
            names = dialect.layout.columns(next(row for row in reader if row))
            width, empty = len(names), dialect.layout.empty
            for number, row in enumerate(_rows(reader, width)):
                place = f"{place_of(number)} (line {reader.line})"
                if len(row) not in (width, 0):
                    raise TableError(
                        f"{place} does not fit the header: fields {len(row)}, names {width}"
                        f"{_cause(row, width, number, dialect.delimiter)}"
                    )
                for column, cell in enumerate(row[width - empty :], start=width - empty + 1):
                    if empty and cell.strip():
                        raise TableError(
                            f"{place} holds {cell!r:.80} in column {column}, which has no name: "
                            "name it, or leave it out of the file"
                        )


def lines_of(opened: OpenText, dialect: Dialect) -> Sequence[int]:
    """The line on which each row ends, counted from 1; `TableError` if a cell is too long."""
    with opened() as text:
        reader = _Reader(text, dialect)
        with reader.explained():
            width = len(dialect.layout.columns(next(row for row in reader if row)))
            return array("q", (reader.line for _ in _rows(reader, width)))


def _rows(reader: Iterable[list[str]], width: int) -> Iterator[list[str]]:
    """The rows after the header; a blank line is one in a table of one column only."""
    return (row for row in reader if row or width == 1)


class _Reader:
    """The rows of a text below the lines that its dialect passes over, and the line of each."""

    def __init__(self, text: io.TextIOWrapper, dialect: Dialect):
        for _ in range(dialect.above):
            text.readline()
        self._above = dialect.above
        self._reader = csv.reader(text, delimiter=dialect.delimiter, quotechar=dialect.quote)

    def __iter__(self) -> Iterator[list[str]]:
        return iter(self._reader)

    @property
    def line(self) -> int:
        """The line on which the last row ends, counted from 1."""
        return self._above + self._reader.line_num

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Errors of the reader as those that name the line."""
        try:
            yield
        except csv.Error as error:
            raise TableError(f"line {self.line}: cannot be read as CSV: {error}") from error


def _check_header(header: Sequence[str], delimiter: str) -> None:
    """Raise a `TableError` if a line holds no names of columns."""
    for other in (";", "\t", ",", "|"):
        if len(header) == 1 and other in header[0] and other != delimiter:
            raise TableError(
                f"has one column {header[0]!r:.80}: separate by {delimiter!r}, not {other!r}"
            )
    if header and all(is_numeral(name) for name in header):
        raise TableError(
            f"has no header: the first line holds numbers only ({', '.join(header):.80}); "
            "write the names of the columns there"
        )
    check_names(header)


def _cause(row: Sequence[str], width: int, number: int, delimiter: str) -> str:
    """The most likely reason why a row has more fields than there are names, if one is seen."""
    more = len(row) - width
    if more > 0 and not any(cell.strip() for cell in row[width:]):
        return f"; it ends in {delimiter * more!r} with nothing after it: delete that everywhere"
    if more > 0 and number == 0 and not any(not cell or is_numeral(cell) for cell in row):
        return "; if it holds the names, give its line as table.dialect.header_line"
    if delimiter == "," and width > 1 and len(row) == 2 * width and all(map(_is_digits, row)):
        return "; numbers with decimal commas need a point instead"
    if more == 1 and number == 0:
        return "; if its first field names the row, give that column a name, too"
    return ""


def _is_digits(cell: str) -> bool:
    return cell.strip().lstrip("-+").isdigit()
