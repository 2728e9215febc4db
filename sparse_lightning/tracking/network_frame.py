"""The networks of a study as a frame, from the columns of their runs."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from sparse_lightning.errors import TrackingError
from sparse_lightning.project.types import LARGEST_SEED
from sparse_lightning.regularizers.replica import STRENGTHS
from sparse_lightning.tracking import names
from sparse_lightning.tracking.columns import ABSENT, Coded, RunColumns
from sparse_lightning.tracking.files import readable

_NOT_FURTHER = ("connections", "squared_error", "training_squared_error")


def check_params(weight: float, seed: int) -> None:
    """See to it that a network of this package may have these.

    Raises:
        ValueError: it may not.
    """
    if math.isinf(weight) or abs(seed) > LARGEST_SEED:
        raise ValueError("l1_weight or seed out of range")


def network_frame(columns: RunColumns, study: str) -> pd.DataFrame:
    """The networks of a study, one row each, as `StudyRecord.networks` describes them.

    Args:
        columns: the runs of the networks.
        study: the run of the study, for messages.

    Raises:
        TrackingError: a run does not hold what this package writes.
    """
    if None in columns.replicas:
        run_id = columns.ids[columns.replicas.index(None)]
        raise TrackingError(f"the number of run {run_id} cannot be read")
    with readable("the params of a network", study):
        return _frame(columns)


def _frame(columns: RunColumns) -> pd.DataFrame:
    order = np.argsort(np.array(columns.replicas))

    def text(known: Mapping[str, Coded], name: str) -> list[str | None]:
        column = known.get(name)
        if column is None:
            return [None] * len(order)
        codes = (column.codes[place] for place in order)
        return [None if code == ABSENT else column.levels[code] for code in codes]

    def param(name: str) -> list[str | None]:
        return text(columns.params, name)

    def given(name: str) -> list[str]:
        found = param(name)
        if None in found:
            raise ValueError(f"{columns.ids[order[found.index(None)]]} lacks {name}")
        return [value or "" for value in found]

    def tag(name: str) -> list[str]:
        return [found or "" for found in text(columns.tags, name)]

    def metric(name: str) -> np.ndarray:
        values = columns.metrics.get(name)
        if values is None:
            return np.full(len(order), np.nan)
        return np.array(values, dtype=float)[order]

    def own(values: list[str]) -> list[str]:
        return [values[place] for place in order]

    strengths = {name: np.array(param(name), dtype=float) for name in STRENGTHS}
    seeds = [int(seed) for seed in given("seed")]
    for weight, seed in zip(strengths["l1_weight"], seeds, strict=True):
        check_params(weight, seed)
    strengths["l1_weight"] = np.nan_to_num(strengths["l1_weight"])
    failures = tag(names.FAILURE)
    failed = np.array([bool(failure) for failure in failures])
    experiments = columns.experiments
    return pd.DataFrame(
        {
            "group": given("group"),
            "regularizer": given("regularizer"),
            **strengths,
            "seed": seeds,
            "connections": np.where(failed, np.nan, metric("connections")),
            "squared_error": np.where(failed, np.nan, metric("squared_error")),
            **{name: metric(name) for name in columns.metrics if name not in _NOT_FURTHER},
            "failed": failed,
            "failure": failures,
            "failure_phase": tag(names.FAILURE_PHASE),
            "failure_step": np.array(text(columns.tags, names.FAILURE_STEP), dtype=float),
            "failure_cause": tag(names.FAILURE_CAUSE),
            "run_id": own(columns.ids),
            "run_name": own(columns.names),
            "experiment_id": own([experiments.levels[code] for code in experiments.codes]),
        }
    )
