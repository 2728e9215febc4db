"""Red wine, L1 and selective L1 each at its own best of the same number of trials, by Optuna.

python examples/wine_search.py [--quick]
"""

import sys
from pathlib import Path

import sparse_lightning as sl

quick = "--quick" in sys.argv
project = sl.Project(
    name="red-wine",
    table={"source": "wine"},
    network={"units": [6]},
    training={"epochs": 2 if quick else 40},
    regularizers={"groups": {"L1": {}, "sL1": {}}},
    search={
        "trials": 4 if quick else 40,
        "batch": 4 if quick else 10,
        "l1_weight": {"low": 0.001, "high": 3},  # columns have the variance 1, not the range 0 … 1
    },
)
found = sl.search_strengths(project)
print(found.scores)

# Trained again at the best settings, from seeds that the search has not seen.
print(found.study.indices[["group", "hypervolume_gap"]])
page = Path("reports/red-wine-best/report.html").resolve()
print(f"picture: {page.parent / 'figures' / 'pareto.png'}")
print(f"report: {page}")
