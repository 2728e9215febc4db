"""Which metrics, params and tags of the runs are compared."""

import math
from collections.abc import Iterable, Sequence

from sparse_lightning._text import did_you_mean, shortened
from sparse_lightning.errors import InputError
from sparse_lightning.experiments.request import Request
from sparse_lightning.page.defaults import REPLICATES, defaults_of, direction_of
from sparse_lightning.report.runs import Axes
from sparse_lightning.tracking.columns import ABSENT, Coded, RunColumns

MOST_SHOWN = 20
"""A message shows at most so many names."""


def axes_of(runs: RunColumns, request: Request) -> Axes:
    """The columns that are compared.

    Args:
        runs: that there are.
        request: what the user asks; what it leaves open is chosen by what the runs have.

    Raises:
        InputError: there is no such metric, param or tag; the message names the nearest.
    """
    defaults = defaults_of(runs)
    y = _measure(runs, "--y", request.y or defaults["y"])
    x = request.x or (defaults["x"] if defaults["x"] != y else None)
    x = _measure(runs, "--x", x or _other(runs, y))
    group = request.group or defaults["group"]
    group = _label(runs, "--group", group) if group else None
    replicate = _label(runs, "--replicate", request.replicate) if request.replicate else None
    marker = [name for given in request.marker for name in _labels(runs, "--marker", given)]
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
    )


def measured(runs: RunColumns, name: str) -> Sequence[float | None]:
    """The values of a measure, None where a run has none that is finite.

    Args:
        runs: that have it.
        name: of a metric, or `params.` and that of a param.
    """
    if name in runs.metrics:
        return runs.metrics[name]
    column = runs.params[name.removeprefix("params.")]
    values = [_number(level) for level in column.levels]
    return [None if code == ABSENT else values[code] for code in column.codes]


def labelled(runs: RunColumns, name: str) -> Coded:
    """The column of a param or tag.

    Args:
        runs: that have it.
        name: with `params.` or `tags.`.
    """
    kind, bare = name.split(".", 1)
    return (runs.params if kind == "params" else runs.tags)[bare]


def _measure(runs: RunColumns, option: str, wanted: str | None) -> str:
    if wanted is None:
        raise InputError(f"{option}: the runs have too few metrics to choose one; name one")
    numeric = [
        name
        for name, column in runs.params.items()
        if any(_number(level) is not None for level in column.levels)
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


def _labels(runs: RunColumns, option: str, given: str) -> list[str]:
    """The param or tag of this name, or, where there is none, those between its commas."""
    if _found(runs, given) is None and "," in given:
        return [_label(runs, option, part.strip()) for part in given.split(",") if part.strip()]
    return [_label(runs, option, given)]


def _label(runs: RunColumns, option: str, wanted: str) -> str:
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


def _other(runs: RunColumns, y: str) -> str | None:
    return next((name for name in runs.metrics if name != y), None)


def _varies(column: Coded | None) -> bool:
    return column is not None and len(column.levels) > 1


def _number(level: str) -> float | None:
    try:
        value = float(level)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _near(wanted: str, known: Iterable[str]) -> str:
    return shortened(did_you_mean(wanted, known), 120)


def _some(names: Iterable[str]) -> str:
    names = [shortened(name, 60) for name in names]
    rest = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return (", ".join(names[:MOST_SHOWN]) or "none") + rest


def _quoted(name: str) -> str:
    return repr(shortened(name, 80))
