"""What the texts of a column spell: numbers and how they are written, names of digits, dates, text.

Nothing is decided or changed here; who reads a table may tell what was found, or act on it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from sparse_lightning.data.cells.levels import EXACT

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_EITHER = rf"(?:[-+]?[1-9]\d{{0,2}}(?:,\d{{3}})+(?:\.\d+)?|[-+]?\d*,\d+|{_NUMBER})"
_MONEY = "[$€£¥]"

MISSING = (
    *("", "?", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND"),
    *("1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""A cell with one of these texts has no value: those that pandas knows, and `?`."""

MISSING_MARKS = frozenset(
    {
        *(".", "..", "...", "-", "--", "---", "–", "—", "*", "**", "?", "??", "/", "\\n"),
        *("n.a.", "n.a", "na", "n/a", "nan", "nil", "none", "null", "missing", "unknown", "blank"),
        *("no data", "not available", "k.a.", "#div/0!", "#value!", "#ref!", "#name?", "#num!"),
        *("#n/a", "#null!", "欠損", "なし", "不明"),
    }
)
"""Texts, in small letters, that stand for no value among numbers."""

_TOTAL = re.compile(
    r"(?:(?:grand|sub)[ -]?)?(?:totals?|sum|average|avg|mean|gesamt|summe|somme|合計|計|平均)\b"
    r".{0,20}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Spelling:
    """One way in which cells are written.

    Attributes:
        name: what it is called in code.
        pattern: what a whole cell looks like, without spaces around it.
        words: what a cell has or is, after its text: `with a comma for thousands`.
        advice: what to write instead; `{}` is the number, where there is one.
        number: the number that a cell stands for; None: it stands for none.
    """

    name: str
    pattern: re.Pattern[str]
    words: str
    advice: str
    number: Callable[[str], float] | None = None


def _plain(text: str) -> float:
    return float(text.replace("−", "-"))


def _without(signs: str) -> Callable[[str], float]:
    def number(text: str) -> float:
        return _plain(text.translate(dict.fromkeys(map(ord, signs))))

    return number


def _comma(text: str) -> float:
    return _plain(text.replace(",", "."))


def _european(text: str) -> float:
    return _comma(text.replace(".", ""))


def _bare(text: str) -> float:
    """The number in a cell that has a sign or a unit beside it."""
    found = re.search(_EITHER, text)
    assert found is not None
    digits = found.group()
    thousands = re.fullmatch(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", digits)
    return _plain(digits.replace(",", "" if thousands else "."))


_EMPTY_CELL = "leave such a cell empty, and see table.missing"

SPELLINGS = (
    Spelling("code", re.compile(r"0\d+(?:\.\d*)?"), "", ""),
    Spelling("number", re.compile(_NUMBER), "", "", _plain),
    Spelling(
        "thousands",
        re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?"),
        "with a comma for thousands",
        "write {}",
        _without(","),
    ),
    Spelling(
        "thousands_sign",
        re.compile(r"[-+]?\d{1,3}(?:[ \u00a0\u2009\u202f'’_]\d{3})+(?:\.\d+)?"),
        "with a sign for thousands",
        "write {}",
        _without(" \u00a0\u2009\u202f'’_"),
    ),
    Spelling(
        "european",
        re.compile(r"[-+]?\d{1,3}(?:\.\d{3})+,\d+|[-+]?\d{1,3}(?:\.\d{3}){2,}"),
        "with points for thousands",
        "write {}",
        _european,
    ),
    Spelling(
        "comma",
        re.compile(r"[-+]?\d*,\d+"),
        "with a decimal comma",
        "write {} with a point",
        _comma,
    ),
    Spelling(
        "percent",
        re.compile(rf"{_EITHER}\s*[%％]"),
        "with a sign for per cent",
        "write {} without the sign",
        _bare,
    ),
    Spelling(
        "limit",
        re.compile(rf"(?:[<>≤≥~]|<=|>=)\s*{_EITHER}"),
        "that give a limit, not a value",
        f"write a number for it, or {_EMPTY_CELL}",
    ),
    Spelling(
        "money",
        re.compile(rf"[-+]?{_MONEY}\s*{_EITHER}|{_EITHER}\s*{_MONEY}"),
        "with a sign of money",
        "write {}",
        _bare,
    ),
    Spelling(
        "minus",
        re.compile(rf"−\s*{_NUMBER}"),
        "with a minus sign that is no hyphen",
        "write {}",
        _plain,
    ),
    Spelling(
        "parentheses",
        re.compile(rf"\({_EITHER}\)"),
        "in parentheses, as accounts write what is negative",
        "write {}",
        lambda text: -_bare(text),
    ),
    Spelling(
        "date",
        re.compile(
            r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?: .*)?"
            r"|\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
        ),
        "that is a date or a time",
        "",
    ),
    Spelling(
        "unit",
        re.compile(rf"{_EITHER}\s*[A-Za-zµμ°℃Ω][A-Za-zµμ°/²³^·]{{0,7}}"),
        "with a unit",
        "write {}",
        _bare,
    ),
)
"""The first that fits a cell is its spelling. Others are missing marks, totals and text."""

MARK = Spelling("mark", re.compile(""), "that stand for no value", _EMPTY_CELL)
TOTAL = Spelling("total", re.compile(""), "in a row of totals", "delete that row from the file")
UNITS = Spelling("units", re.compile(""), "in a row of units", "delete that row from the file")
TEXT = Spelling("text", re.compile(""), "", f"mend the cell, or {_EMPTY_CELL}")

NUMERIC = frozenset(
    {
        *("number", "thousands", "thousands_sign", "european", "comma", "percent"),
        *("limit", "money", "minus", "parentheses", "unit"),
    }
)
"""The spellings of what was measured or counted."""


def spelling_of(text: str) -> Spelling:
    """How one cell is written."""
    cell = text.strip()
    if len(cell) > 60:
        return TEXT
    if cell.lower() in MISSING_MARKS:
        return MARK
    if is_total(cell):
        return TOTAL
    return next((one for one in SPELLINGS if one.pattern.fullmatch(cell)), TEXT)


def is_mark(text: str) -> bool:
    """Whether a text stands for no value wherever it is; words such as `none` may be levels."""
    return text.strip().lower() in MISSING_MARKS and not text.strip().isalpha()


def is_total(text: str) -> bool:
    """Whether a text names a row of totals or means."""
    return _TOTAL.fullmatch(text.strip()) is not None


@dataclass(frozen=True)
class Found:
    """The cells of one spelling: how many there are, where the first is, and its text."""

    spelling: Spelling
    count: int
    row: int
    text: str


@dataclass(frozen=True)
class Spelled:
    """What a column of texts is.

    Attributes:
        kind: `numbers`, however written; `codes`, names made of digits; `dates`; or `text`.
        found: the spellings, the most frequent first.
        present: how many cells have a text.
        different: how many different texts there are.
    """

    kind: Literal["numbers", "codes", "dates", "text"]
    found: tuple[Found, ...]
    present: int
    different: int

    @property
    def odd(self) -> tuple[Found, ...]:
        """The spellings of cells that no reader takes for numbers, those of numbers first."""
        odd = [one for one in self.found if one.spelling.name not in ("number", "code")]
        return tuple(sorted(odd, key=lambda one: one.spelling.name not in NUMERIC))

    @property
    def names_rows(self) -> bool:
        """Whether the texts are names of rows or free text, so many different ones are there."""
        return self.different > 20 and self.different > self.present / 2


def spelled(column: pd.Series) -> Spelled:
    """What a column of texts is; cells without a text do not count.

    It is one of numbers where more than half of its cells are, missing marks aside.
    """
    codes, texts = pd.factorize(column)
    present = np.flatnonzero(codes >= 0)
    _, first, counts = np.unique(codes[present], return_index=True, return_counts=True)
    found: dict[str, Found] = {}
    texts = [str(text) for text in texts]
    cells = zip(_as_one([spelling_of(text) for text in texts], texts), texts, strict=True)
    # Different texts come in the order in which they are first met.
    for (spelling, text), row, count in zip(cells, present[first], counts, strict=True):
        before = found.get(spelling.name, Found(spelling, 0, int(row), text))
        found[spelling.name] = replace(before, count=before.count + int(count))
    return Spelled(
        _kind({name: one.count for name, one in found.items()}),
        _rows_apart(found, len(column)),
        len(present),
        len(texts),
    )


def _as_one(named: list[Spelling], texts: Sequence[str]) -> list[Spelling]:
    """Spellings that only the whole column tells apart.

    `1,660` beside `12,5` has a decimal comma, too; `3rd` and `4th` have no unit.
    """
    names = {one.name for one in named}
    comma = next(one for one in SPELLINGS if one.name == "comma")
    if "comma" in names:
        named = [comma if one.name == "thousands" else one for one in named]
    units = [re.sub(_EITHER, "", text, count=1).strip() for text in texts]
    found = {unit for one, unit in zip(named, units, strict=True) if one.name == "unit"}
    if len(found) > 3 or 2 * len(found) > sum(one.name == "unit" for one in named):
        named = [TEXT if one.name == "unit" else one for one in named]
    return named


def _kind(counts: dict[str, int]) -> Literal["numbers", "codes", "dates", "text"]:
    marks = counts.get("mark", 0)
    numbers = sum(count for name, count in counts.items() if name in NUMERIC)
    values = sum(counts.values()) - marks
    if counts.get("code") and counts["code"] + counts.get("number", 0) == values:
        return "codes"
    if 2 * counts.get("date", 0) > values:
        return "dates"
    return "numbers" if 2 * numbers > values else "text"


def _rows_apart(found: dict[str, Found], rows: int) -> tuple[Found, ...]:
    """The most frequent first; one text among numbers, in the first row, is that of a unit."""
    text = found.get(TEXT.name)
    if text and text.count == 1 and text.row == 0 and rows > 2 and len(text.text) < 12:
        found = {**found, text.spelling.name: Found(UNITS, 1, 0, text.text)}
    return tuple(sorted(found.values(), key=lambda one: -one.count))


def too_large(text: str) -> bool:
    """Whether a text spells a whole number that 64-bit floats do not hold."""
    if not re.fullmatch(r"\s*[-+]?\d+\s*", text):
        return False
    digits = text.strip().lstrip("+-")
    number = int(digits) if len(digits) < 400 else None
    return number is None or (number > EXACT and int(float(number)) != number)
