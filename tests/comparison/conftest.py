from collections.abc import Callable

import pandas as pd
import pytest

Curves = dict[str, dict[float, list[tuple[float, float] | None]]]


@pytest.fixture
def frame_of() -> Callable[[Curves], pd.DataFrame]:
    """Networks from {group: {l1_weight: [(connections, error) or None for a failed one, …]}}."""

    def build(curves: Curves) -> pd.DataFrame:
        rows = [
            {
                "group": group,
                "l1_weight": weight,
                "seed": seed,
                "connections": result[0] if result else float("nan"),
                "squared_error": result[1] if result else float("nan"),
                "failed": result is None,
            }
            for group, markers in curves.items()
            for weight, results in markers.items()
            for seed, result in enumerate(results, start=1)
        ]
        return pd.DataFrame(rows)

    return build
