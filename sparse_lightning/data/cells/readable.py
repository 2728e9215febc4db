"""Numbers that texts write with a sign, a unit, or marks for none, where all mean one thing."""

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sparse_lightning._text import counted, listed
from sparse_lightning.data.cells.numerals import Numerals, numerals_of
from sparse_lightning.data.cells.spellings import MISSING_MARKS

_SIGN = r"[%％$€£¥]|[A-Za-zµμ°℃Ω][A-Za-zµμ°/²³^·]{0,7}"
_CELL = re.compile(
    rf"(?P<before>{_SIGN})?\s*(?P<open>\()?(?P<number>[-+−]?[\d.,' \u00a0\u2009\u202f’]*\d[\d.,]*)"
    rf"(?(open)\))\s*(?P<after>{_SIGN})?"
)


MOST_MARKS = 3
"""So many different marks for no value are named."""


@dataclass(frozen=True)
class ReadNumbers:
    """A column of texts that write numbers.

    Attributes:
        plain: the same numbers as programs write them, text; missing where a mark stands for none.
        sign: what stands beside every number, such as `$`, `%` or `kg`; "" if nothing does.
        decimal: the sign before their fractions.
        words: how the numbers are written, "" if plainly.
    """

    plain: pd.Series
    sign: str
    decimal: str
    words: str


def read_numbers(column: pd.Series, spelling: Numerals) -> ReadNumbers | None:
    """The numbers that all texts of a column write, in the way of its file or with one sign.

    Most texts of the column are numbers, as `spelled` finds.
    None where a text is no number, or may be several: limits (`<5`), two units or currencies, a
    sign beside some numbers only, another decimal sign than the rest has, `1,234` alone.
    """
    codes, found = pd.factorize(column)
    texts = [str(text) for text in found]
    marks = {text for text in texts if _is_mark(text)}
    cells = {text: _CELL.fullmatch(text.strip()) for text in texts if text not in marks}
    signs = {_sign(cell) for cell in cells.values() if cell is not None}
    if None in cells.values() or len(signs) != 1:
        return None
    (sign,) = signs
    if sign is None or re.fullmatch(r"[eE]\d*", sign):
        return None
    usual = spelling.decimal
    if sign:  # such a column may be written by other rules than the rest of its file
        bare = {text: _bare(cell) for text, cell in cells.items() if cell is not None}
        spelling = numerals_of([Counter(bare.values())], "\t", None, None)
    else:
        bare = {text: _negative(text.strip()) for text in cells}
    if any(spelling.doubtful(text) for text in bare.values()):
        return None
    written = pd.Series(list(bare.values()), dtype="str")
    plain, fits = spelling.respelled(written)
    if not spelling.keeps_plain and not fits.all():
        return None
    by_text = {**dict(zip(bare, plain, strict=True)), **dict.fromkeys(marks, np.nan)}
    values = np.array([*(by_text[text] for text in texts), np.nan], dtype=object)[codes]
    told = [f"written with {sign!r}"] if sign else []
    if sign and spelling.decimal != usual:
        told[0] += f" and a decimal {'comma' if spelling.decimal == ',' else 'point'}"
    if any(_is_in_parentheses(text) for text in cells):
        told.append("negative ones in parentheses")
    if marks:
        rows = int(column.isin(marks).sum())
        shown = listed([repr(mark) for mark in sorted(marks)], MOST_MARKS)
        told.append(
            f"{shown} in {counted(rows, 'row')} {'is' if len(marks) == 1 else 'are'} no value"
        )
    plain = pd.Series(values, index=column.index, dtype="str")
    return ReadNumbers(plain, sign, spelling.decimal, ", ".join(told))


def _is_mark(text: str) -> bool:
    """Whether a text stands for no value; errors of formulas do not, but for `#N/A`."""
    cell = text.strip().lower()
    return cell in MISSING_MARKS and (cell == "#n/a" or not cell.startswith("#"))


def without_sign(column: pd.Series, sign: str, decimal: str) -> pd.Series:
    """Texts of numbers that have one sign as plain texts; others, and other values, as they are."""
    if not sign or not any(isinstance(value, str) for value in column):
        return column
    return column.map(
        lambda value: _stripped(value, sign, decimal) if isinstance(value, str) else value
    )


def _stripped(text: str, sign: str, decimal: str) -> str:
    cell = _CELL.fullmatch(text.strip())
    if cell is None or _sign(cell) != sign:
        return text
    thousands = "," if decimal == "." else "."
    return _bare(cell).replace(thousands, "").replace(decimal, ".")


def _sign(cell: re.Match[str]) -> str | None:
    """What stands beside the number of a cell, "" for nothing; None if something does twice."""
    before, after = cell["before"] or "", cell["after"] or ""
    return None if before and after else before or after


def _bare(cell: re.Match[str]) -> str:
    """The number of a cell, negative in parentheses."""
    return _negative(f"({cell['number']})" if cell["open"] else cell["number"])


def _negative(text: str) -> str:
    text = text.replace("−", "-")
    return f"-{text[1:-1]}" if _is_in_parentheses(text) else text


def _is_in_parentheses(text: str) -> bool:
    return text.strip().startswith("(") and text.strip().endswith(")")
