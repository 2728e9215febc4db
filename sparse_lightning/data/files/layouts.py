"""How the rows of a text file or a sheet are laid out: where the names are, what is no column."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sparse_lightning._text import counted
from sparse_lightning.data.cells.numerals import is_number

MOST_ROWS = 300
"""A layout is judged by so many of the first rows."""

MOST_ABOVE = 30
"""So many rows may be above the names of the columns."""

_YEAR = r"(?:1[89]|20)\d\d"

FEW = 20
"""So many rows below a row tell whether it holds names."""


@dataclass(frozen=True)
class Layout:
    """Which cells of a file are columns.

    Attributes:
        above: how many rows are above the names of the columns.
        width: the cells of a row; 0: as many as there are names.
        row_names: whether the first column has no name and holds those of the rows.
        empty: how many columns at the end have neither names nor values.
        share: the share of the rows that are laid out so.
    """

    above: int = 0
    width: int = 0
    row_names: bool = False
    empty: int = 0
    share: float = 0.0

    def columns(self, header: Sequence[str]) -> list[str]:
        """The names of the cells of a row, "" of those that are no columns."""
        names = list(header)
        if self.width == 0:
            return names
        if self.row_names and len(names) < self.width and names[0].strip():
            names.insert(0, "")
        short = self.width - len(names)
        return names + [""] * short if short <= self.empty else names

    def kept(self, width: int) -> slice:
        """Which of so many cells are columns."""
        return slice(int(self.row_names), width - self.empty)


NAMES_AT_TOP = Layout()


def layout_words(layout: Layout, above: int, title: str, row: str = "line") -> Iterator[str]:
    """What differs from a plain file: so many lines above the names, of which `title` is the first,
    and cells that are no columns. `row` is what a line is called.
    """
    if above:
        shown = f" ({title!r:.60})" if title else ""
        yield f"{counted(above, row)} above the names of the columns passed over{shown}"
    if layout.row_names:
        yield "the first column, which has no name, left out as the names of the rows"
    if layout.empty:
        yield f"{counted(layout.empty, 'empty column')} at the end left out"


def layout_of(rows: Sequence[Sequence[str]], fixed: bool) -> Layout | None:
    """The layout of rows; None where they have none, or no row can hold the names.

    `fixed` says that the first row holds the names.
    """
    filled = [place for place, row in enumerate(rows, start=1) if any(map(str.strip, row))]
    rows = rows[: filled[-1] if filled else 0]  # blank rows at the end are no rows
    counts = Counter(map(len, rows))
    width = max(counts, key=lambda one: (counts[one], one), default=0)
    if width < 2:
        return None
    full = [row for row in rows if len(row) == width]
    empty = 0
    while empty < width - 1 and not any(row[width - 1 - empty].strip() for row in full):
        empty += 1
    for above, row in enumerate(rows[: 1 if fixed else MOST_ABOVE]):
        below = [one for one in rows[above + 1 :] if len(one) == width]
        if _is_title(row, below, width - empty, fixed):
            continue
        names = _row_names(row, below, width, empty)
        if names is None and len(row) not in (width, width - empty):
            continue
        if above and not _may_be_names(row[: width - empty]):
            return None
        several = any(sum(map(bool, one)) > 1 for one in rows[:above])
        if several and not _is_header(row[: width - empty], below):
            return None  # the lines above may be the names as well
        share = (1 + len(below)) / len(rows)
        return Layout(above, width, bool(names), empty, share)
    return None


def _is_title(row: Sequence[str], below: Sequence[Sequence[str]], width: int, fixed: bool) -> bool:
    """Whether a row has few cells, and one below it names of all columns."""
    filled = sum(map(bool, map(str.strip, row)))
    if fixed or 2 * filled > width or filled == len(row) == width:
        return False
    return any(_is_header(one[:width], below[place + 1 :]) for place, one in enumerate(below[:FEW]))


def _is_header(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a row holds text in every cell, and most cells below one of them are numbers."""
    if not all(map(str.strip, row)) or any(map(is_number, row)):
        return False
    for place in range(len(row)):
        cells = [one[place] for one in below[:FEW] if one[place].strip()]
        if 2 * sum(map(is_number, cells)) > len(cells):
            return True
    return False


def _may_be_names(row: Sequence[str]) -> bool:
    """Whether a row below a title may hold names: all different, and no numbers but years."""
    cells = [cell.strip() for cell in row]
    names = [cell for cell in cells if not (is_number(cell) or re.fullmatch(_YEAR, cell))]
    years = [cell for cell in cells if re.fullmatch(_YEAR, cell)]
    return bool(names) and all(cells) and len({*names, *years}) == len(row)


def _row_names(
    row: Sequence[str], below: Sequence[Sequence[str]], width: int, empty: int
) -> bool | None:
    """Whether the first column has no name in a row and names the rows below.

    None: the row is too short to hold the names of the columns.
    """
    first = [one[0].strip() for one in below]
    if not first or not all(first) or len(set(first)) < len(first):
        return None if len(row) < width - empty else False
    digits = all(map(str.isdecimal, first))
    text = not any(map(is_number, first))
    if len(row) == width and not row[0].strip() and any(map(str.strip, row[1:])):
        return digits or text
    if len(row) != width - 1 or len(row) == width - empty or not all(map(str.strip, row)):
        return None if len(row) < width - empty else False
    counted = digits and first == [str(one) for one in range(1, len(first) + 1)] and width > 2
    named = (text or counted) and not _is_header(below[0], below[1:])
    return True if named and not all(map(is_number, row)) else None
