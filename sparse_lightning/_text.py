"""Numbers, names and lists, the same in every message, table, figure and document."""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any


def number(value: float | None, digits: int = 4) -> str:
    """A number with so many significant digits; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.{digits}g}"


_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def spelled_number(text: str) -> float | None:
    """The finite number that a text spells; None of other texts.

    `float` would read `3_2` as 32, and take spaces, digits of other scripts and `nan`.
    """
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


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


LONGEST_NAME = 40
"""The characters that sentences show of a name."""


def shown_name(name: object) -> str:
    """A name as sentences have it: short, and `(no name)` where nothing of it can be shown."""
    return shortened(str(name), LONGEST_NAME) or "(no name)"


def json_number(value: Any) -> float | None:
    """A number, or None where it is missing, NaN or infinite: JSON has no word for these."""
    if value is None:
        return None
    value = float(value)
    return value if math.isfinite(value) else None


def percent(share: float) -> str:
    """A share in whole percent, e.g. `87 %`; a dash where there is none."""
    return f"{share:.0%}".replace("%", " %") if math.isfinite(share) else "–"


def counted(count: int, noun: str) -> str:
    """A number of things, e.g. `1 connection` and `2 connections`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def listed(names: Sequence[str], most: int | None = None) -> str:
    """Names as a sentence lists them, e.g. `a, b and 3 more`, the most important first.

    `most` are spelt out, default all; a single one more is spelt out, too.
    """
    if most is None or len(names) <= most + 1:
        *first, last = names or [""]
        return f"{', '.join(first)} and {last}" if first else last
    return f"{', '.join(names[:most])} and {len(names) - most} more"


LONGEST = 100
"""The characters compared of a name: matching takes time quadratic in the length."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `name`, whatever the case; None where none is similar."""
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
