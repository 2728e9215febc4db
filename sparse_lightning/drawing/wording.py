"""Numbers and names as a reader sees them, the same in every sentence, table and figure."""

import html
import math
import textwrap
import unicodedata
from collections.abc import Sequence


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


def listed(names: Sequence[str], most: int) -> str:
    """Names as a sentence lists them, e.g. `a, b and 3 more`.

    Args:
        names: the most important first.
        most: names to spell out; a single one more is spelt out, too.
    """
    if len(names) <= most + 1:
        *first, last = names or [""]
        return f"{', '.join(first)} and {last}" if first else last
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def plotly_text(name: str, length: int = 120) -> str:
    """A name that plotly draws as it is: it takes a subset of HTML in its texts, links among it."""
    lines = textwrap.wrap(shortened(name, length), 44) or [""]
    return "<br>".join(html.escape(line, quote=False) for line in lines)
