"""The dialect of a text file: how its first bytes say that it is to be read.

Only what is sure by them is taken; faults further down are told when the file is read.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sparse_lightning._text import listed
from sparse_lightning.data.cells.numerals import PLAIN, Numerals, is_number, numerals_of, percents
from sparse_lightning.data.cells.spellings import MISSING
from sparse_lightning.data.files.charsets import NAMES, decoded, encoding_of, named_encoding
from sparse_lightning.data.files.layouts import (
    MOST_ROWS,
    NAMES_AT_TOP,
    Layout,
    layout_of,
    layout_words,
)
from sparse_lightning.errors import TableError
from sparse_lightning.project.dialect import DialectSettings

HEAD = 2**18
"""A file is judged by so many of its first bytes."""

DELIMITERS = (",", ";", "\t", "|")

_WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
_NOTE = re.compile(r'"?sep=(.)"?[,;\t|]*\s*', re.IGNORECASE)
_QUOTED = re.compile(r"\s*'[^'\n]*'(?:[,;\t|]'[^'\n]*')+\s*")
_ODD = re.compile(r"[\"'% ]|[^\x00-\x7f]|\.\d{3}\.")
"""What files of commas have where a number is not spelled plainly."""

_MISSING = frozenset(MISSING)


@dataclass(frozen=True)
class Dialect:
    """How a text file is read.

    Attributes:
        encoding: its name in Python.
        delimiter: what is between cells.
        usual: the delimiter that the file's name promises.
        quote: what is around cells.
        above: the lines at the beginning that are passed over.
        noted: whether the first line is a note to Excel, `sep=;`.
        title: what the first other one of these lines says.
        layout: which cells are no columns, but names of rows or empty ends.
        numerals: how numbers are spelled.
        percent: the places of the cells in which a sign for per cent follows every number.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    usual: str = ","
    quote: str = '"'
    above: int = 0
    noted: bool = False
    title: str = ""
    layout: Layout = NAMES_AT_TOP
    numerals: Numerals = PLAIN
    percent: frozenset[int] = frozenset()

    def words(self, columns: Sequence[str]) -> str:
        """What differs from a plain file, "" where nothing does; `columns` names all cells."""
        return ", ".join(self._differences(columns))

    def _differences(self, columns: Sequence[str]) -> Iterator[str]:
        if self.encoding != "utf-8":
            yield NAMES.get(self.encoding, self.encoding)
        if self.delimiter != self.usual:
            yield f"{_WORDS.get(self.delimiter, repr(self.delimiter))} between cells"
        if self.quote != '"':
            yield f"{self.quote} around cells"
        yield from self.numerals.words
        if self.percent:
            named = listed([repr(columns[place]) for place in sorted(self.percent)], 20)
            yield f"numbers in per cent in column {named}"
        if self.noted:
            yield "the note to Excel (sep=) passed over"
        yield from layout_words(self.layout, self.above - self.noted, self.title)

    def spelling(self, place: int) -> Numerals:
        """How the numbers of a column are spelled, by the place of its cells."""
        return replace(self.numerals, percent=True) if place in self.percent else self.numerals


def dialect_of(
    head: bytes,
    usual: str,
    given: DialectSettings | None = None,
    whole: bool = True,
    later: bytes = b"",
) -> Dialect:
    """The dialect of a file by its first bytes; `whole` says whether they are all of it.

    `usual` is the delimiter that its name promises, `given` what the project says, `later` are
    lines further down by which the encoding is told, too. Raises `TableError` where it cannot be.
    """
    given = given or DialectSettings()
    if given.encoding:
        encoding = named_encoding(given.encoding, head)
    else:
        encoding = encoding_of(head + later, whole)
    text = decoded(head, encoding, whole)
    if text is None:  # it is told with its line when the file is gone through
        return Dialect(encoding, given.delimiter or usual, usual)
    text = text.removeprefix("\ufeff")
    first = io.StringIO(text, newline="").readline().strip()
    note = _NOTE.fullmatch(first)
    above = given.header_line - 1 if given.header_line else int(note is not None)
    text = _after(text, above)
    if given.header_line and not io.StringIO(text, newline="").readline().strip():
        line = f"line {given.header_line}, which table.dialect.header_line names"
        raise TableError(f"{line}, is empty or not among the first {HEAD // 1024} KiB")
    quote = given.quote or ("'" if _QUOTED.fullmatch(_first_line(text)) else '"')
    head_of = _Head(text, quote, whole, fixed=given.header_line is not None)
    delimiter = given.delimiter or (note[1] if note else None)
    delimiter = delimiter or _delimiter(head_of, usual)
    layout = head_of.layout(delimiter) or NAMES_AT_TOP
    lines, title = head_of.lines_above(delimiter, layout.above)
    if given.header_line and above:
        title = first
    found = Dialect(
        *(encoding, delimiter, usual, quote, above + lines),
        noted=note is not None and not given.header_line,
        title=title.strip(f"{delimiter}{quote}# "),
        layout=layout,
    )
    plain = delimiter == "," and not (given.decimal or given.thousands)
    if plain and not _ODD.search(text):
        return found
    columns = head_of.columns(delimiter, layout)
    numerals = numerals_of(columns, delimiter, given.decimal, given.thousands)
    percent = [place + layout.row_names for place in percents(columns)]
    return replace(found, numerals=numerals, percent=frozenset(percent))


class _Head:
    """The beginning of a text, cut into rows by one delimiter or another."""

    def __init__(self, text: str, quote: str, whole: bool, fixed: bool):
        self._text, self._quote, self._whole, self._fixed = text, quote, whole, fixed
        self._rows: dict[str, list[tuple[int, list[str]]]] = {}
        self._layouts: dict[str, Layout | None] = {}

    def rows(self, delimiter: str) -> list[tuple[int, list[str]]]:
        """The first rows, without blank lines, each with the number of lines before it."""
        if delimiter not in self._rows:
            self._rows[delimiter] = list(self._read(delimiter, MOST_ROWS))
        return self._rows[delimiter]

    def layout(self, delimiter: str) -> Layout | None:
        """How the rows are laid out with a delimiter; None where they are not."""
        if delimiter not in self._layouts:
            rows = [row for _, row in self.rows(delimiter)]
            self._layouts[delimiter] = layout_of(rows, self._fixed) if rows else None
        return self._layouts[delimiter]

    def lines_above(self, delimiter: str, rows: int) -> tuple[int, str]:
        """The number of lines above so many rows, and the text of the first row."""
        if not rows:
            return 0, ""
        found = self.rows(delimiter)
        return found[rows][0], delimiter.join(found[0][1])

    def columns(self, delimiter: str, layout: Layout) -> list[Counter[str]]:
        """The cells of each column, but for those that have no value, and how often each is."""
        rows = list(self._read(delimiter))[layout.above :]
        header = layout.columns(rows[0][1]) if rows else []
        kept = layout.kept(len(header))
        full = [row[kept] for _, row in rows[1:] if len(row) == len(header)]
        columns = [Counter(column) for column in zip(*full, strict=True)]
        return [Counter({c: n for c, n in one.items() if c not in _MISSING}) for one in columns]

    def _read(self, delimiter: str, most: int | None = None) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(
            io.StringIO(self._text, newline=""), delimiter=delimiter, quotechar=self._quote
        )
        lines, waiting, count = 0, None, 0
        try:
            for row in reader:
                if waiting is not None:
                    yield waiting
                    count += 1
                    if count == most:
                        return
                waiting, lines = ((lines, row) if row else None), reader.line_num
        except csv.Error:
            return
        # The last row may be cut.
        if waiting is not None and (self._whole or not count):
            yield waiting


def _delimiter(head: _Head, usual: str) -> str:
    """The delimiter by which most rows are laid out alike, the usual one before others."""
    others = [sign for sign in DELIMITERS if sign != usual]
    found = head.layout(usual)
    at_top = found is not None and not (found.row_names or found.above)
    if found and at_top and found.share == 1:
        return _splitting(others, head, usual) or usual
    ranks = {}
    for sign in (usual, *others):
        layout = head.layout(sign)
        if layout and (sign == usual or not (at_top and layout.row_names)):
            header = head.rows(sign)[layout.above][1]
            ranks[sign] = (layout.share, not layout.row_names, len(header))
    if not ranks and _is_of_spaces(head):
        return " "
    return max(ranks, key=ranks.__getitem__, default=usual)


def _is_of_spaces(head: _Head) -> bool:
    """Whether cells are separated by single spaces, as R writes tables, and not just words."""
    layout, rows = head.layout(" "), [row for _, row in head.rows(" ")]
    if layout is None or layout.share < 1 or layout.above:
        return False
    return len(rows[0]) > 1 and 3 * _share_of_numbers(rows) > 1


def _splitting(others: Sequence[str], head: _Head, usual: str) -> str | None:
    """A delimiter that is as often in every row, and makes more numbers of the cells."""
    rows = [row for _, row in head.rows(usual)]
    for sign in others:
        count = sum(cell.count(sign) for cell in rows[0])
        if not count or any(sum(cell.count(sign) for cell in row) != count for row in rows):
            continue
        layout, cells = head.layout(sign), [row for _, row in head.rows(sign)]
        if layout and layout.share == 1 and _share_of_numbers(cells) > _share_of_numbers(rows):
            return sign
    return None


def _share_of_numbers(rows: Sequence[Sequence[str]]) -> float:
    cells = [cell for row in rows for cell in row]
    return sum(map(is_number, cells)) / max(len(cells), 1)


def _after(text: str, lines: int) -> str:
    """A text without its first lines."""
    stream = io.StringIO(text, newline="")
    for _ in range(lines):
        stream.readline()
    return stream.read() if lines else text


def _first_line(text: str) -> str:
    """The first line that is not blank."""
    return next((line.strip() for line in io.StringIO(text, newline="") if line.strip()), "")
