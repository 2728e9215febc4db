"""Tables in Excel files, their sheets laid out and their texts spelled as those of CSV files."""

import hashlib
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from sparse_lightning._text import counted, listed
from sparse_lightning.data.cells.numerals import Numerals, numerals_of, percents
from sparse_lightning.data.cells.spellings import MISSING
from sparse_lightning.data.faults import Fault, Faults
from sparse_lightning.data.files.csv_files import levels, numbers, text_or_truths
from sparse_lightning.data.files.excel_sheets import (
    Cell,
    ErrorText,
    cell_text,
    chosen_sheet,
    rows_of,
    workbook,
)
from sparse_lightning.data.files.layouts import MOST_ROWS, NAMES_AT_TOP, layout_of, layout_words
from sparse_lightning.data.raw_table import RawTable, check_names, frame_of, place_of
from sparse_lightning.errors import TableError
from sparse_lightning.project.dialect import DialectSettings

_MISSING = frozenset(MISSING)
_GIVEN = ("decimal", "thousands", "header_line")
"""Fields of a dialect that say something of an Excel file, too."""


def read_excel(
    path: Path, sheet: str | None = None, given: DialectSettings | None = None
) -> RawTable:
    """Read a sheet of an Excel file: the one of a name, or the only visible one with content.

    Where the names of the columns are is found as in text files; empty rows are left out, but for
    those of a table of one column. Formulas count by the values that the file has of them. Text
    that spells a number is one, as in CSV files, and so is text without a value; `#N/A` is a
    missing value, and other errors are told. Raises `TableError` if it cannot be read, there is no
    such sheet or none to choose, it has no header or no rows, names of columns are empty or
    repeated, or cells of used columns are merged or have formulas without a value.
    """
    given = given or DialectSettings()
    for field in DialectSettings.model_fields:
        if field not in _GIVEN and getattr(given, field) is not None:
            raise TableError(f"table.dialect.{field} is of text files, and this is an Excel file")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with workbook(path) as book:
        found = chosen_sheet(book, sheet)
        title, several = found.title, len(book.worksheets) > 1
        form = _form(list(rows_of(found)), given)
    check_names(form.names)
    if not form.rows:
        raise TableError(f"has a header but no rows in the sheet {title!r}")
    spellings = _spellings(form, given)

    def read(names: Sequence[str], leveled: Container[object] = ()) -> pd.DataFrame:
        columns, faults = {}, Faults()
        for name in names:
            cells = form.cells(name)
            if name in leveled:
                faults.add(_errors(name, cells, form.place))
            columns[name] = _column(cells, name in leveled, spellings[name])
        faults.add(_second_look(path, title, form, names))
        faults.raise_all()
        return frame_of(columns, len(form.rows))

    words = [f"sheet {title!r}"] if several else []
    words = filter(None, [*words, *form.words, *spellings[form.names[0]].words])
    return RawTable(
        form.names, len(form.rows), digest, read, form.place, spellings, ", ".join(words)
    )


@dataclass(frozen=True)
class _Form:
    """The rows of a table in a sheet, and where they are.

    Attributes:
        names: of the columns.
        rows: the cells of each row, without those that are no columns.
        numbers: the rows' numbers as Excel counts them.
        left: the place of the first column, counted from 0.
        words: what differs from a plain sheet.
    """

    names: tuple[str, ...]
    rows: list[list[Cell]]
    numbers: list[int]
    left: int
    words: tuple[str, ...]

    def cells(self, name: str) -> list[Cell]:
        place = self.names.index(name)
        return [row[place] for row in self.rows]

    def place(self, row: int) -> str:
        return f"{place_of(row)} (row {self.numbers[row]} in Excel)"


def _form(rows: list[list[Cell]], given: DialectSettings) -> _Form:
    """Find the table among the rows of a sheet, of which the first is row 1 in Excel."""
    begin = (given.header_line or 1) - 1
    filled = [number for number, row in enumerate(rows, start=1) if any(_there(row))]
    if given.header_line and given.header_line not in filled:
        line = f"row {given.header_line}, which table.dialect.header_line names,"
        raise TableError(f"{line} is empty")
    filled = [number for number in filled if number > begin]
    if not filled:
        raise TableError("has no sheet with content")
    used = [
        place
        for number in filled
        for place, is_there in enumerate(_there(rows[number - 1]))
        if is_there
    ]
    left, right = _margin([rows[number - 1] for number in filled]), max(used) + 1
    last = filled[-1]
    # Of a single column an empty row is a missing value.
    places = filled if right - left > 1 else list(range(filled[0], last + 1))
    cells = [(rows[number - 1] + [None] * right)[left:right] for number in places]
    texts = [list(map(cell_text, row)) for row in cells[:MOST_ROWS]]
    layout = layout_of(texts, given.header_line is not None) or NAMES_AT_TOP
    header = layout.columns(texts[layout.above])
    kept = layout.kept(len(header))
    title = " ".join(filter(None, map(cell_text, rows[places[0] - 1])))
    below = places[layout.above + 1 :]
    empty = last - places[layout.above] - len(below)
    words = (
        *layout_words(layout, places[layout.above] - 1, title, "row"),
        f"{counted(empty, 'empty row')} left out" if empty else "",
    )
    return _Form(
        tuple(name.strip() for name in header[kept]),
        [row[kept] for row in cells[layout.above + 1 :]],
        below,
        left + (kept.start or 0),
        words,
    )


def _there(row: Sequence[Cell]) -> Iterator[bool]:
    return (cell is not None for cell in row)


def _margin(rows: Sequence[Sequence[Cell]]) -> int:
    """How many columns at the left hold nothing but perhaps a title, which is alone in its row."""
    wide = [list(_there(row)) for row in rows]
    wide = [row for row in wide if sum(row) > 1] or wide
    return min(row.index(True) for row in wide)


def _spellings(form: _Form, given: DialectSettings) -> dict[str, Numerals]:
    """How the texts of each column spell numbers; cells that are numbers need no spelling."""
    cells = [form.cells(name) for name in form.names]
    texts = [
        Counter(cell for cell in column if isinstance(cell, str) and cell not in _MISSING)
        for column in cells
    ]
    spelling = numerals_of(texts, ";", given.decimal, given.thousands)
    shares = {
        place
        for place in percents(texts)
        if not any(isinstance(cell, int | float) for cell in cells[place])
    }
    return {
        name: replace(spelling, percent=True) if place in shares else spelling
        for place, name in enumerate(form.names)
    }


def _column(cells: Sequence[Cell], leveled: bool, spelling: Numerals) -> Any:
    present = [cell for cell in cells if cell is not None]
    numeric = all(isinstance(cell, int | float) for cell in present)
    if numeric and len({isinstance(cell, bool) for cell in present}) < 2:  # or true beside 1
        return np.array(cells, dtype=np.float64)  # an empty cell is NaN
    if all(isinstance(cell, date) for cell in present):
        return pd.Series(np.array(cells, dtype="datetime64[us]")).array
    texts = [_spelled(cell, spelling) for cell in cells]
    text = pa.array([None if one in _MISSING else one for one in texts], pa.string())
    if leveled:
        return levels(pa.chunked_array([text]))
    found = numbers(text, spelling)
    return text_or_truths(pa.chunked_array([text])) if found is None else found


def _spelled(cell: Cell, spelling: Numerals) -> str:
    """A cell as text, a number as the texts beside it spell theirs."""
    text = cell_text(cell)
    return text if isinstance(cell, str) else text.replace(".", spelling.decimal)


def _errors(name: str, cells: Sequence[Cell], place: Any) -> Iterator[Fault]:
    """What is said of errors among levels; among numbers they are told as texts are."""
    rows = [row for row, cell in enumerate(cells) if isinstance(cell, ErrorText)]
    if rows:
        shown = [f"{cells[row]} in {place(row)}" for row in rows]
        text = f"column {name!r} holds errors of formulas: {listed(shown, 3)}"
        yield Fault(text, "mend them in Excel, or leave such a cell empty")


def _second_look(path: Path, title: str, form: _Form, names: Sequence[str]) -> Iterator[Fault]:
    """What is said of cells that are empty here and not in Excel: formulas, and merged cells."""
    empty = {
        (form.numbers[row], form.left + form.names.index(name) + 1): (name, row)
        for name in names
        for row, cell in enumerate(form.cells(name))
        if cell is None
    }
    if not empty:
        return
    formulas: dict[str, list[int]] = {}
    merged: dict[str, list[int]] = {}
    with workbook(path, cells_alone=False) as book:
        sheet = book[title]
        for (number, column), (name, row) in empty.items():
            if sheet.cell(number, column).data_type == "f":
                formulas.setdefault(name, []).append(row)
        for area in sheet.merged_cells.ranges:
            for number, column in ((n, c) for n, c in area.cells if (n, c) in empty):
                name, row = empty[number, column]
                merged.setdefault(name, []).append(row)
    for name, rows in formulas.items():
        shown = listed([form.place(row) for row in rows], 3)
        text = f"column {name!r} holds formulas whose values the file does not have: {shown}"
        yield Fault(text, "open the file in Excel and save it")
    for name, rows in merged.items():
        shown = listed([form.place(row) for row in sorted(rows)], 3)
        text = f"column {name!r} holds merged cells, of which the first alone has a value: {shown}"
        yield Fault(text, "unmerge them, and give each row its value")
