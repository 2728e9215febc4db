"""Where two values of a job differ: to the last digit, or by more than another machine explains."""

import math
from collections.abc import Iterator
from typing import Any

RELATIVE = 1e-3
CONNECTIONS = 3
"""How many weights may lie on the other side of the threshold."""
ABSOLUTE = 5e-3
"""How far apart what can be near 0, or changes by whole rows, may be: differences of indices, and
accuracies."""

_HASH = "sha256"
_AGREEMENT = ("agreement", "agreement_paths")
"""Of few pairs of columns: one weight on the other side of a threshold changes them by leaps."""
_COUNTED = ("x", "total")


def differences(golden: Any, given: Any, exact: bool, path: str = "") -> Iterator[str]:
    """What differs, each with where it lies.

    Args:
        golden: numbers, texts, None, and lists and mappings of them.
        given: likewise, what is compared.
        exact: to the last digit; else hashes and what changes by leaps are left out, and numbers
            need only be near.
        path: where the two lie.
    """
    if isinstance(golden, dict) and isinstance(given, dict):
        for name in golden | given:
            place = f"{path} / {name}" if path else name
            if name not in golden or name not in given:
                yield f"{place}: only in {'the golden' if name in golden else 'the new'} values"
            elif exact or name not in (_HASH, *_AGREEMENT):
                yield from differences(golden[name], given[name], exact, place)
    elif isinstance(golden, list) and isinstance(given, list) and len(golden) == len(given):
        for number, pair in enumerate(zip(golden, given, strict=True)):
            yield from differences(*pair, exact, f"{path}[{number}]")
    elif not (golden == given or (not exact and _near(golden, given, path))):
        yield f"{path}: {golden!r} is now {given!r}"


def _near(golden: Any, given: Any, path: str) -> bool:
    if not (isinstance(golden, float | int) and isinstance(given, float | int)):
        return False
    return math.isclose(golden, given, rel_tol=RELATIVE, abs_tol=_allowed(path))


def _allowed(path: str) -> float:
    name = path.rpartition(" / ")[2]
    if "connections" in name or name in _COUNTED:
        return CONNECTIONS
    return ABSOLUTE if " / pairs / " in path or "accuracy" in name else 1e-6
