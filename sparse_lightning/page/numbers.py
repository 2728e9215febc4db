"""Numbers as JSON has them."""

import math
from typing import Any


def number(value: Any) -> float | None:
    """A number, or None where it is missing, NaN or infinite: JSON has no word for these."""
    if value is None:
        return None
    value = float(value)
    return value if math.isfinite(value) else None
