"""Numbers, names and lists in words, the same in every message, table and figure."""

import html
import math
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def number(value: float | None, digits: int = 4) -> str:
    """A number with so many significant digits; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.{digits}g}"


def shortened(name: str, length: int) -> str:
    """A name on one line: control characters removed, and cut in its middle where it is too long.

    The middle, because names of one study tend to share their beginning and differ in their end.
    """
    line = " ".join(name.split())
    line = "".join(sign for sign in line if unicodedata.category(sign) not in ("Cc", "Cf", "Cs"))
    if len(line) <= length:
        return line
    tail = (length - 1) // 3
    return f"{line[: length - 1 - tail]}…{line[len(line) - tail :]}"


def listed(names: Sequence[str], most: int | None = None) -> str:
    """Names as a sentence lists them, e.g. `a, b and 3 more`.

    Args:
        names: the most important first.
        most: names to spell out; a single one more is spelt out, too; default: all.
    """
    if most is None or len(names) <= most + 1:
        *first, last = names or [""]
        return f"{', '.join(first)} and {last}" if first else last
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def plotly_text(name: str, length: int = 120) -> str:
    """A name that plotly draws as it is: it takes a subset of HTML in its texts, links among it."""
    lines = textwrap.wrap(shortened(name, length), 44) or [""]
    return "<br>".join(html.escape(line, quote=False) for line in lines)


LONGEST = 100
"""Of a longer name only the beginning is compared: matching takes time quadratic in the length."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `name`, upper and lower case taken as equal.

    Args:
        name: what the user wrote.
        known: the names there are.

    Returns:
        One of `known`, or None where none is similar.
    """
    names = {candidate.lower(): candidate for candidate in known}
    found = get_close_matches(name[:LONGEST].lower(), list(names), n=1)
    return names[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?` for the nearest known name, or nothing where none is similar."""
    found = nearest(name, known)
    return "" if found is None else f"; did you mean {found}?"


def is_numeral(text: str) -> bool:
    """Whether Python reads a text as a number, NaN and infinities included."""
    try:
        float(text)
    except ValueError:
        return False
    return True
