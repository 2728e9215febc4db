"""Workbooks of Excel: which sheet holds the table, and its cells row by row, read by openpyxl."""

import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sparse_lightning._text import did_you_mean, listed
from sparse_lightning.data.cells.levels import level_text
from sparse_lightning.errors import TableError

EXCEL = (".xlsx", ".xlsm")

OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""With these bytes begin files of Excel 97, and files of any Excel with a password."""

NO_VALUE = "#N/A"
"""The error that Excel shows where a formula has no value: a missing value."""

Cell = None | bool | int | float | str | date | time | timedelta


class ErrorText(str):
    """What Excel shows in place of a value: `#DIV/0!`."""


@contextmanager
def workbook(path: Path, cells_alone: bool = True) -> Iterator[Any]:
    """An open workbook of openpyxl: the values of its cells alone, or formulas and merged cells.

    Raises `TableError` if openpyxl is not installed, or the file is no workbook or has a password.
    """
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise TableError(
            "is an Excel file, which openpyxl reads, and that is not installed: "
            "pip install 'sparse-lightning[excel]'"
        ) from error
    with path.open("rb") as file:
        if file.read(len(OLD)) == OLD:
            raise TableError(
                "has a password, or is in the format of Excel 97: save it from Excel as .xlsx, "
                "without a password"
            )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles, validations and dates, which no value is
        try:
            book = load_workbook(path, read_only=cells_alone, data_only=cells_alone)
            with closing(book):
                yield book
        except (TableError, MemoryError):
            raise
        except Exception as error:  # of damaged files openpyxl raises many kinds
            name = type(error).__name__
            raise TableError(f"is no readable Excel file: {name}: {str(error)[:200]}") from error


def chosen_sheet(book: Any, wanted: str | None) -> Any:
    """The sheet of a name, else the only visible one with content; `TableError` lists them."""
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    hidden = [name for name, sheet in sheets.items() if sheet.sheet_state != "visible"]
    if wanted is not None:
        if wanted not in sheets:
            hint = did_you_mean(wanted, sheets)
            raise TableError(f"has no sheet {wanted!r}, table.sheet{hint}; it has {_named(sheets)}")
        return sheets[wanted]
    found = [
        name
        for name, sheet in sheets.items()
        if name not in hidden and any(cell is not None for row in rows_of(sheet) for cell in row)
    ]
    if len(found) > 1:
        raise TableError(f"has several sheets: name one with table.sheet: {_named(found)}")
    if not found:
        others = f"; hidden ones are read by their name, table.sheet: {_named(hidden)}"
        raise TableError(f"has no sheet with content{others if hidden else ''}")
    return sheets[found[0]]


def rows_of(sheet: Any) -> Iterator[list[Cell]]:
    """The cells of each row from row 1 and column A on, as far as there are any."""
    sheet.reset_dimensions()  # what some programs note there is wrong
    for row in sheet.iter_rows():
        yield [_value(cell) for cell in row]


def _value(cell: Any) -> Cell:
    value = cell.value
    if cell.data_type == "e":
        return None if value == NO_VALUE else ErrorText(value)
    return None if value == "" else value


def cell_text(cell: Cell) -> str:
    """A cell as the text that a CSV file would have, "" for an empty one."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, str | int | float):
        return level_text(cell)
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    return str(cell)


def _named(names: Any) -> str:
    return listed([repr(name) for name in names], 20)
