"""How the cells of a text file spell its numbers: decimal and thousands signs, per cent."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool

_KINDS = {
    ",": ",",
    ".": ".",
    " ": " \u00a0\u2007\u2009\u202f",
    "'": "'’",
}
"""The signs for thousands, and the characters that are one: spaces have several widths."""

_ANY = "".join(_KINDS.values())
_NUMBER = re.compile(
    rf"[-+]?(?P<whole>\d+|[1-9]\d{{0,2}}(?P<sign>[{_ANY}])\d{{3}}(?:(?P=sign)\d{{3}})*)?"
    r"(?:(?P<point>[.,])(?P<fraction>\d*))?(?P<exponent>[eE][-+]?\d+)?"
)
_PERCENT = re.compile(r"[\s\u00a0\u2009\u202f]*[%％]$")
_OTHER = {",": ".", ".": ","}
_SPACE = r"[\s\x{a0}\x{2009}\x{202f}]*"


@dataclass(frozen=True)
class Numerals:
    """How numbers are spelled.

    Attributes:
        decimal: the sign before the fraction.
        thousands: the sign between groups of three digits, `" "` for any space; "" for none.
        doubt: signs that may be either, as in `1,234`; cells that hold one are no numbers.
        percent: whether a sign for per cent follows every number, which is left as it is written.
    """

    decimal: str = "."
    thousands: str = ""
    doubt: str = ""
    percent: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether numbers are spelled as programs spell them."""
        return self in (PLAIN, Numerals(doubt=","))

    @property
    def keeps_plain(self) -> bool:
        """Whether a number that is spelled plainly is the same number here."""
        return self.decimal == "." and "." not in self.doubt and not self.percent

    @cached_property
    def pattern(self) -> str:
        """What a cell with a number looks like, for pyarrow."""
        decimal = re.escape(self.decimal)
        groups = rf"[1-9]\d{{0,2}}(?:[{_KINDS[self.thousands]}]\d{{3}})+|" if self.thousands else ""
        number = rf"(?:{groups}\d+)"
        if self.decimal not in self.doubt:
            number = rf"(?:{number}(?:{decimal}\d*)?|{decimal}\d+)"
        number += r"(?:[eE][-+]?\d+)?"
        end = rf"{_SPACE}[%％]" if self.percent else ""
        return rf"^{_SPACE}[-+]?(?:{number}|(?i:inf(?:inity)?)){end}{_SPACE}$"

    def fits(self, text: pa.Array) -> pa.Array:
        """Whether cells spell numbers in this way; null where there is no cell."""
        return pc.call_function(
            "match_substring_regex", [text], pc.MatchSubstringOptions(self.pattern)
        )

    def plain(self, text: pa.Array) -> pa.Array:
        """Cells that fit as programs spell numbers."""
        dropped = _KINDS.get(self.thousands, "") + ("%％" if self.percent else "")
        signs = rf"[{re.escape(dropped)}\s\x{{a0}}\x{{2009}}\x{{202f}}]"
        text = pc.call_function(
            "replace_substring_regex", [text], pc.ReplaceSubstringOptions(signs, "")
        )
        return pc.call_function(
            "replace_substring", [text], pc.ReplaceSubstringOptions(self.decimal, ".")
        )

    def respelled(self, column: pd.Series) -> tuple[pd.Series, Bool[np.ndarray, " row"]]:
        """A column of texts with the cells that fit spelled plainly, and which those are."""
        text = pa.array(column, pa.string(), from_pandas=True)
        if isinstance(text, pa.ChunkedArray):
            text = text.combine_chunks()
        fits = self.fits(text).fill_null(False).to_numpy(zero_copy_only=False).astype(bool)
        plain = pd.Series(self.plain(text).to_pandas(), dtype="str").to_numpy(object)
        values = column.to_numpy(object)
        return pd.Series(np.where(fits, plain, values), name=column.name), fits

    def doubtful(self, text: object) -> str:
        """The sign of a cell that may be either, "" where there is none."""
        found = _NUMBER.fullmatch(_bare(str(text)))
        return found["point"] if found and _is_doubt(found) and found["point"] in self.doubt else ""

    @property
    def words(self) -> list[str]:
        """How numbers are spelled, in words, without per cent."""
        names = {",": "commas", ".": "points", " ": "spaces", "'": "apostrophes"}
        words = ["decimal comma"] if self.decimal == "," else []
        return [*words, *([f"{names[self.thousands]} for thousands"] if self.thousands else [])]


PLAIN = Numerals()


def numerals_of(
    columns: Iterable[Counter[str]], delimiter: str, decimal: str | None, thousands: str | None
) -> Numerals:
    """How a file spells its numbers, by the first cells of its columns.

    Of each column it takes how often a cell is there. `decimal` and `thousands` are what the
    project says. Columns count where most cells are numbers.
    Where both signs are decimal ones, numbers are taken to be plain, so that others are told.
    """
    points, signs, doubts = set(), set(), set()
    for cells in columns:
        found = {cell: _NUMBER.fullmatch(_bare(cell)) for cell in cells if is_number(cell)}
        if 2 * sum(cells[cell] for cell in found) <= cells.total():
            continue
        for one in filter(None, found.values()):
            sign, point = one["sign"], one["point"]
            if sign:
                kind = next(name for name, same in _KINDS.items() if sign in same)
                signs.add(kind)
                points.update(_OTHER.get(kind, ""))
            elif _is_doubt(one):
                doubts.add(point)
                point = None
            points.update(point or "")
    if thousands is not None:
        signs, points = {thousands}, set(_OTHER.get(thousands, "")) or points
    if decimal is not None:
        points, signs = {decimal}, {thousands} if thousands else signs - {decimal}
    if not points and signs and len(doubts) == 1:
        points = doubts
    if len(points) > 1 or len(signs) > 1 or points & signs:
        return PLAIN
    if points:
        (point,) = points
        other = _OTHER[point]
        if delimiter == "," == point and other in doubts and not (signs or decimal):
            return Numerals(point, doubt=other)
        return Numerals(point, next(iter(signs), other if other in doubts else ""))
    if signs:
        return Numerals(thousands=signs.pop())
    if doubts == {"."} and delimiter != ";":
        return PLAIN
    return Numerals(doubt="".join(sorted(doubts)))


def percents(columns: Iterable[Counter[str]]) -> list[int]:
    """The places of the columns in which a sign for per cent follows every number."""
    return [
        place
        for place, cells in enumerate(columns)
        if cells and all(_PERCENT.search(cell.strip()) and is_number(cell) for cell in cells)
    ]


def is_number(cell: str) -> bool:
    """Whether a cell spells a number in any of the ways."""
    bare = _bare(cell)
    return _NUMBER.fullmatch(bare) is not None and any(map(str.isdigit, bare))


def _bare(cell: str) -> str:
    return _PERCENT.sub("", cell.strip())


def _is_doubt(found: re.Match[str]) -> bool:
    """Whether the one sign of a number may be before a fraction or a group of three digits."""
    whole = found["whole"] or ""
    groups = len(found["fraction"] or "") == 3 and 0 < len(whole) < 4 and whole[0] != "0"
    return found["sign"] is None and groups and not found["exponent"]
