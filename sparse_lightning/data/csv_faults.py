"""Where a CSV file is at fault: Python's reader, which is slow but knows the lines.

Text and rows are split as pyarrow splits them.
"""

import csv
import io
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import IO, Any

from sparse_lightning._text import is_numeral
from sparse_lightning.data.raw_table import check_names, place_of
from sparse_lightning.errors import TableError

FIRST_ROWS = 100
"""So many lines after the header tell whether it is one."""

OpenText = Callable[[], io.TextIOWrapper]


def header_of(opened: OpenText, separator: str) -> tuple[list[str], int, bool]:
    """The header, the number of lines up to its end, and whether a row follows.

    Raises `TableError` if the file is empty, or its header is none.
    """
    with opened() as text:
        if not any(part.strip() for part in iter(lambda: text.read(2**20), "")):
            raise TableError("is empty")
    with opened() as text:
        reader = csv.reader(text, delimiter=separator)
        with _explained(reader):
            header = next((row for row in reader if row), [])
            lines = reader.line_num
            first = list(islice(reader, FIRST_ROWS))
            _check_header(header, separator, lines, [row for row in first if row])
            rows = chain(first, reader)
            return header, lines, any(row or len(header) == 1 for row in rows)


def raise_first(opened: OpenText, separator: str) -> None:
    """Raise a `TableError` with the first fault of a file's rows, if there is one.

    Faults are rows with more or fewer fields than the header, and cells that are too long.
    """
    with opened() as text:
        reader = csv.reader(text, delimiter=separator)
        with _explained(reader):
            width = len(next(row for row in reader if row))
            for number, row in enumerate(_rows(reader, width)):
                if len(row) not in (width, 0):
                    raise TableError(
                        f"{place_of(number)} (line {reader.line_num}) does not fit the header: "
                        f"fields {len(row)}, names {width}{_cause(row, width, number, separator)}"
                    )


def lines_of(opened: OpenText, separator: str) -> Sequence[int]:
    """The line on which each row ends, counted from 1; `TableError` if a cell is too long."""
    with opened() as text:
        reader = csv.reader(text, delimiter=separator)
        with _explained(reader):
            width = len(next(row for row in reader if row))
            return array("q", (reader.line_num for _ in _rows(reader, width)))


def _rows(reader: Any, width: int) -> Iterator[list[str]]:
    """The rows after the header; a blank line is one in a table of one column only."""
    return (row for row in reader if row or width == 1)


class _explained:  # noqa: N801
    """Errors of a reader, as a context that names the line."""

    def __init__(self, reader: Any):
        self._reader = reader

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, csv.Error):
            line = self._reader.line_num
            raise TableError(f"line {line}: cannot be read as CSV: {error}") from error


def not_utf8(opened: Callable[[], IO[bytes] | Any]) -> TableError:
    """The error of a file that is not UTF-8."""
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


def with_nul(opened: Callable[[], IO[bytes] | Any]) -> TableError:
    """The error of a file that holds a NUL character."""
    with opened() as stream:
        start = stream.read(2)
    if start in (b"\xff\xfe", b"\xfe\xff"):
        return TableError("is UTF-16, as Excel writes Unicode text: save the table as UTF-8")
    with opened() as stream:
        number = next(number for number, line in enumerate(stream, start=1) if b"\0" in line)
    return TableError(f"line {number}: holds a NUL character, so it is no text")


def _check_header(
    header: Sequence[str], separator: str, line: int, rows: Sequence[Sequence[str]]
) -> None:
    """Raise a `TableError` if a line holds no names of columns; `rows` are the first ones after."""
    if header and header[0].lower().startswith("sep=") and not any(header[1:]):
        raise TableError(
            f"line {line} is a note to Excel, {separator.join(header)!r:.20}, and no names of "
            "columns: delete it"
        )
    named = [name for name in header if name.strip()]
    if len(named) == 1 and header[0].strip() and (titled := _titled(rows)):
        raise TableError(
            f"line {line} holds a title, {header[0]!r:.80}, and no names of columns, of which a "
            f"later line has {titled}: delete the lines above it"
        )
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
    width = len(header)
    while width and not header[width - 1].strip():
        width -= 1
    if 0 < width < len(header) and all(header[:width]) and not any(map(any, _ends(rows, width))):
        raise TableError(
            f"line {line} ends in {separator * (len(header) - width)!r} without names, and so do "
            "the rows without values: delete these separators at the end of every line"
        )
    check_names(header)


def _titled(rows: Sequence[Sequence[str]]) -> int:
    """How many names the first line of several fields holds; 0 where it holds numbers."""
    for row in rows:
        names = [cell for cell in row if cell.strip()]
        if len(names) > 1:
            return 0 if any(map(is_numeral, names)) else len(names)
    return 0


def _ends(rows: Sequence[Sequence[str]], width: int) -> Iterator[list[str]]:
    """What rows hold after so many fields, without spaces."""
    return ([cell.strip() for cell in row[width:]] for row in rows)


def _cause(row: Sequence[str], width: int, number: int, separator: str) -> str:
    """The most likely reason why a row has more fields than there are names, if one is seen."""
    more = len(row) - width
    if more > 0 and not any(cell.strip() for cell in row[width:]):
        return f"; it ends in {separator * more!r} with nothing after it: delete that everywhere"
    if more > 0 and number == 0 and not any(not cell or is_numeral(cell) for cell in row):
        return "; if it holds the names, the lines above it are a title: delete them"
    if separator == "," and width > 1 and len(row) == 2 * width and all(map(_is_digits, row)):
        return "; numbers with decimal commas need a point instead"
    if more == 1 and number == 0:
        return "; if its first field names the row, give that column a name, too"
    return ""


def _is_digits(cell: str) -> bool:
    return cell.strip().lstrip("-+").isdigit()
