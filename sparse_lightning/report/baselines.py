"""What other methods reach on the same rows, in a sentence beside the networks."""

import math

from sparse_lightning._text import listed, number, percent
from sparse_lightning.report.measures import measures_of, reference_rows
from sparse_lightning.report.view import View

PARTS = {
    "test_": "the test rows",
    "heldout_": "held-out rows",
    "validation_": "the validation rows",
    "": "the training rows",
}
"""The rows that methods are judged on, those that say most first, by the beginning of a measure."""

MEASURES = {"classifier": "accuracy", "regressor": "r2"}


def baselines(view: View) -> str:
    """The headline of other methods, e.g. `Other methods on the test rows, R²: ridge 0.31`.

    Empty where none was measured, and of networks that predict nothing.
    """
    study = view.study
    measure = None if study is None else MEASURES.get(study.task)
    if study is None or measure is None:
        return ""
    rows = reference_rows(study.references, measures_of(study.targets))
    for prefix, where in PARTS.items():
        found = {
            row["method"]: row[f"{prefix}{measure}"]
            for row in rows
            if math.isfinite(row.get(f"{prefix}{measure}", math.nan))
        }
        if found:
            named = [f"{method} {_value(measure, value)}" for method, value in found.items()]
            what = "accuracy" if measure == "accuracy" else "R²"
            return f"Other methods on {where}, {what}: {listed(named)}."
    return ""


def _value(measure: str, value: float) -> str:
    return percent(value) if measure == "accuracy" else number(value, 2)
