"""Numbers that are written with a sign, a unit, or marks for none, where all can mean one thing."""

import numpy as np
import pandas as pd

from sparse_lightning._text import counted, listed
from sparse_lightning.data.numerals import Numerals
from sparse_lightning.data.spellings import Spelled, spelled, spelling_of

_SIGNED = {
    "percent": "a sign for per cent",
    "money": "a sign of money",
    "unit": "a unit",
}
"""What stands beside every number of a column or beside none."""

_ALONE = {
    "number": "",
    "minus": "",
    "parentheses": "parentheses for what is negative",
    "thousands_sign": "a sign for thousands",
}
"""What single cells may have."""


def read_numbers(column: pd.Series, spelling: Numerals) -> tuple[str, pd.Series] | None:
    """How the texts of a column write numbers, in words, and the same numbers written plainly.

    Marks for no value, such as `-` or `n.a.`, are missing there. None is returned where a text is
    no number, or may be several: limits (`<5`), two units, `1,234` beside a sign.
    """
    plain = column if spelling.is_plain else spelling.respelled(column)[0]
    found = spelled(plain)
    names = {one.spelling.name for one in found.found}
    signs = names & set(_SIGNED)
    if found.kind != "numbers" or not names <= {*_SIGNED, *_ALONE, "mark"} or len(signs) > 1:
        return None
    codes, texts = pd.factorize(plain)
    if signs and ("number" in names or any("," in str(text) for text in texts)):
        return None
    written = np.array([*map(_plainly, texts), np.nan], dtype=object)
    return _words(found), pd.Series(written[codes], index=column.index, dtype="str")


def _plainly(text: str) -> str | float:
    spelling = spelling_of(text)
    if spelling.number is None:
        return np.nan
    return text if spelling.name == "number" else repr(spelling.number(text.strip()))


def _words(found: Spelled) -> str:
    """How the numbers are written, where it is not plain."""
    ways = [
        words for one in found.found if (words := {**_SIGNED, **_ALONE}.get(one.spelling.name, ""))
    ]
    marks = next((one for one in found.found if one.spelling.name == "mark"), None)
    told = [f"written with {listed(ways)}"] if ways else []
    if marks is not None:
        told.append(f"{marks.text!r} in {counted(marks.count, 'row')} is no value")
    return ", ".join(told)
