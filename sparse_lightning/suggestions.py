"""The nearest known name, for messages about a name that is not known."""

from collections.abc import Iterable
from difflib import get_close_matches

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
