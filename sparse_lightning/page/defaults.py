"""What a comparison shows before its user has chosen anything."""

import re
from collections.abc import Sequence
from typing import Any, Literal

from sparse_lightning.regularizers.replica import STRENGTHS
from sparse_lightning.tracking.columns import RunColumns

LARGE_IS_GOOD = (
    *("accuracy", "acc", "precision", "recall", "f1", "auc", "auroc", "auprc", "r2", "score"),
    *("top", "correct", "sensitivity", "specificity", "mcc", "kappa", "map", "ap", "ndcg", "mrr"),
    *("reward", "return", "bleu", "rouge", "meteor", "iou", "jaccard", "dice", "psnr", "ssim"),
    *("likelihood", "elbo", "throughput", "fps", "hit"),
)
"""Words of the names of metrics of which large values are good."""
COSTS = (
    *("connections", "nonzero", "parameters", "params", "n_params", "size", "flops", "macs"),
    *("latency", "memory", "depth", "units", "seconds", "time", "cost"),
)
ERRORS = ("error", "loss", "rmse", "mse", "mae", "perplexity")
NEGATED = ("neg", "negative")
REPLICATES = ("seed", "random_state", "random_seed", "fold", "replicate")
GROUPS = ("group", "regularizer", "model", "method", "algorithm", "model_type", "estimator")

Axes = dict[str, Any]


def defaults_of(runs: RunColumns) -> Axes:
    """The axes, the group and the markers that a comparison begins with.

    Args:
        runs: that are compared.

    Returns:
        x, y, group, marker, replicate, x_direction and y_direction; x, y, group and replicate may
        be None.
    """
    networks = bool(runs.ids) and all(runs.parents)
    return _of_networks(runs) if networks else _of_any(runs)


def _of_networks(runs: RunColumns) -> Axes:
    # Whatever differs within a group keeps networks apart; their seeds are what is averaged over.
    apart = [
        name
        for name, column in runs.params.items()
        if name not in ("group", "regularizer", "seed") and len(column.levels) > 1
    ]
    ordered = [name for name in STRENGTHS if name in apart or name == "l1_weight"]
    ordered += [name for name in apart if name not in STRENGTHS]
    return {
        "x": "connections",
        "y": "squared_error",
        "group": "params.group",
        "marker": [f"params.{name}" for name in ordered],
        "replicate": "params.seed",
        "x_direction": "min",
        "y_direction": "min",
    }


def _of_any(runs: RunColumns) -> Axes:
    metrics = sorted(runs.metrics, key=lambda name: -_given(runs.metrics[name]))
    y = _first(metrics, ERRORS) or _first(metrics, LARGE_IS_GOOD) or next(iter(metrics), None)
    others = [name for name in metrics if name != y]
    x = _first(others, COSTS) or next(iter(others), None)
    group = next((name for name in GROUPS if len(_levels(runs, name)) > 1), None)
    replicate = next((name for name in REPLICATES if len(_levels(runs, name)) > 1), None)
    # Without a column to average over, every run is a marker of its own.
    marker = (
        [
            f"params.{name}"
            for name in runs.params
            if name not in (group, replicate) and len(_levels(runs, name)) > 1
        ]
        if group and replicate
        else []
    )
    return {
        "x": x,
        "y": y,
        "group": f"params.{group}" if group else None,
        "marker": marker,
        "replicate": f"params.{replicate}" if group and replicate else None,
        "x_direction": direction_of(x),
        "y_direction": direction_of(y),
    }


def _given(values: Sequence[float | None]) -> int:
    return sum(value is not None for value in values)


def _levels(runs: RunColumns, param: str) -> Sequence[str]:
    return runs.params[param].levels if param in runs.params else ()


def _first(metrics: Sequence[str], words: Sequence[str]) -> str | None:
    """The metric that has the first of these words in its name."""
    found = (name for word in words for name in metrics if word in _words(name))
    return next(found, None)


def _words(name: str) -> set[str]:
    apart = re.split(r"[-_./@: ]+|(?<=[a-z])(?=[A-Z])", name)
    words = {word.lower() for word in apart}
    # `top5` and `map50` are a word and a number, `f1` and `r2` are not.
    plain = {word.rstrip("0123456789") for word in words}
    return {name.lower(), "_".join(apart).lower(), *words, *plain}


def direction_of(metric: str | None) -> Literal["min", "max"]:
    """`max` where a metric's name says that large values are good, else `min`.

    Words of errors and, at the end of a name, of costs say that small values are good, whatever
    else it holds (`top1_error`, `score_time`); `neg` turns the words of errors and likelihoods
    around (`neg_mean_squared_error`).
    """
    if metric is None:
        return "min"
    words = _words(metric)
    if words & {*ERRORS} or _words(metric.split("_")[-1]) & {*COSTS}:
        large = False
    else:
        large = bool(words & {*LARGE_IS_GOOD})
    if words & {*NEGATED} and words & {*ERRORS, "likelihood"}:
        large = not large
    return "max" if large else "min"
