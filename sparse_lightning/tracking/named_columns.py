"""Which metrics, params and tags of the runs a user means."""

import math
from collections.abc import Iterable, Sequence

from sparse_lightning._text import did_you_mean, shortened
from sparse_lightning.errors import InputError
from sparse_lightning.tracking.columns import ABSENT, Coded, RunColumns

MOST_SHOWN = 20
"""A message shows at most so many names."""


def measured(runs: RunColumns, name: str) -> Sequence[float | None]:
    """The values of a metric, or of a param by `params.` and its name; None where a run has no
    finite one.
    """
    if name in runs.metrics:
        return runs.metrics[name]
    column = runs.params[name.removeprefix("params.")]
    values = [_number(level) for level in column.levels]
    return [None if code == ABSENT else values[code] for code in column.codes]


def labelled(runs: RunColumns, name: str) -> Coded:
    """The column of a param or tag, by `params.` or `tags.` and its name."""
    kind, bare = name.split(".", 1)
    return (runs.params if kind == "params" else runs.tags)[bare]


def find_measure(runs: RunColumns, option: str, wanted: str | None) -> str:
    """The name of the metric or param with numbers that a user wrote.

    Raises:
        InputError: there is none; the message names the nearest.
    """
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


def find_labels(runs: RunColumns, option: str, given: str) -> list[str]:
    """The param or tag of this name, or, where there is none, those between its commas."""
    if _found(runs, given) is None and "," in given:
        return [find_label(runs, option, part.strip()) for part in given.split(",") if part.strip()]
    return [find_label(runs, option, given)]


def find_label(runs: RunColumns, option: str, wanted: str) -> str:
    """The param or tag that a user wrote, with `params.` or `tags.`.

    Raises:
        InputError: there is none; the message names the nearest.
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
