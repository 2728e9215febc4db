"""The axes of a comparison of runs: what a user asks, and what the runs have to offer."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sparse_lightning._text import did_you_mean, shortened, spelled_number
from sparse_lightning.comparison import NETWORKS, Axes
from sparse_lightning.comparison.axes import VALIDATION
from sparse_lightning.errors import InputError
from sparse_lightning.regularizers.replica import STRENGTHS
from sparse_lightning.tracking.columns import Coded, RunColumns

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
ROWS = (("val", "valid", "validation", "dev", "eval"), ("test", "heldout", "holdout"))
"""Words of the names of metrics of rows that choose, and of rows that judge."""
TRAINED_ON = ("train", "training")

MOST_GROUPS = 12
"""A param of more values makes no groups: it is a setting, or a name."""

MOST_SHOWN = 20
"""A message shows at most so many names."""

Defaults = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What is to be compared; what is not given is chosen by what the runs have.

    Attributes:
        x: a metric, or a param that holds numbers; `metrics.` or `params.` may go before it.
        y: likewise.
        group: a param or tag; `params.` or `tags.` may go before it, else params are looked up
            first.
        marker: params and tags; runs of a group that agree in all of them are averaged.
        replicate: the param or tag in which the runs of a marker differ, as their seed.
        x_direction: whether small or large values are good; `auto`: by the name.
        y_direction: likewise.
        condition: a filter of the runs, in MLflow's language.
        floor: the best y there can be; default: the best of `floor_group`, else of the runs.
        null: the y at which nothing is gained; default: the worst of the runs.
        total: the x at which nothing is gained; default: the worst of the runs.
        floor_group: the group that reaches the floor and is not compared, such as that of the runs
            without any regularizer.
        order_by: the index that orders the groups.
    """

    x: str | None = None
    y: str | None = None
    group: str | None = None
    marker: tuple[str, ...] = ()
    replicate: str | None = None
    x_direction: Literal["auto", "min", "max"] = "auto"
    y_direction: Literal["auto", "min", "max"] = "auto"
    condition: str = ""
    floor: float | None = None
    null: float | None = None
    total: float | None = None
    floor_group: str | None = None
    order_by: str = "hypervolume_gap"


def axes_of(runs: RunColumns, request: Request) -> Axes:
    """What a user asks to compare, and where that leaves anything open, what the runs have. An
    `InputError` says that there is no such metric, param or tag, and names the nearest.
    """
    defaults = defaults_of(runs)
    y = find_measure(runs, "--y", request.y or defaults["y"])
    x = request.x or (defaults["x"] if defaults["x"] != y else None)
    x = find_measure(runs, "--x", x or next((name for name in runs.metrics if name != y), None))
    group = request.group or defaults["group"]
    group = find_label(runs, "--group", group) if group else None
    replicate = find_label(runs, "--replicate", request.replicate) if request.replicate else None
    marker = [name for given in request.marker for name in find_labels(runs, "--marker", given)]
    if replicate is None:
        usual = [f"params.{name}" for name in REPLICATES if _varies(runs.params.get(name))]
        free = [name for name in usual if name not in (group, *marker)]
        replicate = free[0] if free else None
    if replicate is not None and not marker:
        taken = (group, replicate, x, y)
        marker = [
            f"params.{name}"
            for name, column in runs.params.items()
            if _varies(column) and f"params.{name}" not in taken and name not in (x, y)
        ]
        # With nothing else that varies, all runs of a group are one marker.
        marker = marker or ([group] if group else [])
    return Axes(
        x=x,
        y=y,
        group=group,
        marker=tuple(dict.fromkeys(marker)),
        replicate=replicate if marker else None,
        x_direction=direction_of(x) if request.x_direction == "auto" else request.x_direction,
        y_direction=direction_of(y) if request.y_direction == "auto" else request.y_direction,
        floor=request.floor,
        corner=(request.total, request.null),
        floor_group=request.floor_group,
    )


def defaults_of(runs: RunColumns) -> Defaults:
    """The axes, group and markers that a comparison begins with: x, y, group, marker, replicate,
    x_direction and y_direction. x, y, group and replicate may be None.
    """
    networks = bool(runs.ids) and all(runs.parents)
    return _of_networks(runs) if networks else _of_any(runs)


def _of_networks(runs: RunColumns) -> Defaults:
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
        "y": _error_of_networks(runs),
        "group": "params.group",
        "marker": [f"params.{name}" for name in ordered],
        "replicate": "params.seed",
        "x_direction": "min",
        "y_direction": "min",
    }


def _error_of_networks(runs: RunColumns) -> str:
    """The error on validation rows where all networks have it, else that on training rows."""
    chosen = f"{VALIDATION}{NETWORKS.y}"
    own, others = runs.metrics.get(chosen), runs.metrics.get(NETWORKS.y)
    if own is None or others is None:
        return NETWORKS.y
    lacking = any(one is None and other is not None for one, other in zip(own, others, strict=True))
    return NETWORKS.y if lacking else chosen


def _of_any(runs: RunColumns) -> Defaults:
    metrics = sorted(runs.metrics, key=lambda name: (-_given(runs.metrics[name]), _part(name)))
    most = max((_given(values) for values in runs.metrics.values()), default=0)
    # Few runs with a value on validation rows are not worth the many without.
    usual = [name for name in metrics if 2 * _given(runs.metrics[name]) >= most]
    of_rows = [[name for name in usual if _part(name) == part] for part in range(len(ROWS))]
    choices = [
        _first(names, words) for names in (*of_rows, metrics) for words in (ERRORS, LARGE_IS_GOOD)
    ]
    y = next(filter(None, choices), next(iter(metrics), None))
    others = [name for name in metrics if name != y]
    x = _first(others, COSTS) or next(iter(others), None)
    group = next((name for name in GROUPS if len(_levels(runs, name)) > 1), None) or _grouping(runs)
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
    if group and replicate and not marker:
        # With nothing else that varies, all runs of a group are one marker.
        marker = [f"params.{group}"]
    return {
        "x": x,
        "y": y,
        "group": f"params.{group}" if group else None,
        "marker": marker,
        "replicate": f"params.{replicate}" if group and replicate else None,
        "x_direction": direction_of(x),
        "y_direction": direction_of(y),
    }


def _grouping(runs: RunColumns) -> str | None:
    """The param with the fewest values, more than one, that is no seed; of equals one of words
    before one of numbers, then the first of the alphabet. None where every one has as many values
    as there are runs, or more than `MOST_GROUPS`.
    """
    sizes = {
        name: (len(column.levels), all(spelled_number(text) is not None for text in column.levels))
        for name, column in runs.params.items()
        if name not in REPLICATES and 1 < len(column.levels) <= MOST_GROUPS
    }
    found = min(sizes, key=lambda name: (sizes[name], name), default=None)
    return None if found is None or sizes[found][0] >= len(runs.ids) else found


def _part(name: str) -> int:
    """0 for a metric of rows that choose, 1 of rows that judge, 3 of rows that train; 2 where its
    name says none of these.
    """
    words = _words(name)
    for part, named in enumerate(ROWS):
        if words & {*named}:
            return part
    return len(ROWS) + bool(words & {*TRAINED_ON})


def _varies(column: Coded | None) -> bool:
    return column is not None and len(column.levels) > 1


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


def find_measure(runs: RunColumns, option: str, wanted: str | None) -> str:
    """The name of the metric or param with numbers that a user wrote; an `InputError` names the
    nearest.
    """
    if wanted is None:
        raise InputError(f"{option}: the runs have too few metrics to choose one; name one")
    numeric = [
        name
        for name, column in runs.params.items()
        if any(spelled_number(level) is not None for level in column.levels)
    ]
    if wanted in runs.metrics:
        return wanted
    bare = wanted.removeprefix("metrics.")
    if bare in runs.metrics:
        return bare
    bare = wanted.removeprefix("params.")
    for name in (wanted, bare):
        if name in numeric:
            return f"params.{name}"
    if bare in runs.params:
        raise InputError(
            f"{option}: the param {_quoted(bare)} holds no numbers, e.g. "
            f"{_quoted(runs.params[bare].levels[0])}"
        )
    known = [*runs.metrics, *numeric]
    raise InputError(
        f"{option}: no run has a metric {_quoted(wanted)}{_near(wanted, known)}; metrics: "
        f"{_some(runs.metrics)}; params with numbers: {_some(numeric)}"
    )


def find_labels(runs: RunColumns, option: str, given: str) -> list[str]:
    """The param or tag of this name, or, where there is none, those between its commas."""
    if _found(runs, given) is None and "," in given:
        return [find_label(runs, option, part.strip()) for part in given.split(",") if part.strip()]
    return [find_label(runs, option, given)]


def find_label(runs: RunColumns, option: str, wanted: str) -> str:
    """The param or tag that a user wrote, with `params.` or `tags.`; an `InputError` names the
    nearest.
    """
    found = _found(runs, wanted)
    if found is None:
        bare = wanted.removeprefix("params.").removeprefix("tags.")
        raise InputError(
            f"{option}: no run has a param or tag {_quoted(wanted)}"
            f"{_near(bare, [*runs.params, *runs.tags])}; params: {_some(runs.params)}; "
            f"tags: {_some(runs.tags)}"
        )
    return found


def _found(runs: RunColumns, wanted: str) -> str | None:
    for kind, columns in (("params", runs.params), ("tags", runs.tags)):
        if wanted.startswith(f"{kind}.") and wanted.removeprefix(f"{kind}.") in columns:
            return wanted
    for kind, columns in (("params", runs.params), ("tags", runs.tags)):
        if wanted in columns:
            return f"{kind}.{wanted}"
    return None


def _near(wanted: str, known: Iterable[str]) -> str:
    return shortened(did_you_mean(wanted, known), 120)


def _some(names: Iterable[str]) -> str:
    names = [shortened(name, 60) for name in names]
    rest = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return (", ".join(names[:MOST_SHOWN]) or "none") + rest


def _quoted(name: str) -> str:
    return repr(shortened(name, 80))
