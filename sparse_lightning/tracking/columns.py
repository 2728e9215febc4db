"""Many runs as columns: metrics as numbers, params and tags as codes of their levels."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning.tracking.names import (
    FAILURE,
    FAILURE_CAUSE,
    FAILURE_PHASE,
    FAILURE_STEP,
    KIND,
    NETWORK,
    REPLICA,
)

ABSENT = -1
"""The code of a run that has no such param or tag."""

FAILURE_TAGS = (FAILURE, FAILURE_PHASE, FAILURE_STEP, FAILURE_CAUSE)
"""These tell how a network has failed."""

SHOWN_TAGS = ("mlflow.user", "mlflow.source.name", *FAILURE_TAGS)
"""Of the tags that MLflow and this package keep for themselves, those that tell a user anything."""

OWN_TAGS = (KIND, MLFLOW_PARENT_RUN_ID, REPLICA)
"""These tell which runs are networks, of which study, and at which place of its grid."""

HIDDEN_TAGS = ("mlflow.", "sparse_lightning.")
"""What the names of the others begin with."""


@dataclass(frozen=True)
class RunHead:
    """What every run has."""

    run_id: str
    name: str
    experiment_id: str
    status: str
    started: int


@dataclass(frozen=True)
class Coded:
    """A column of text: `levels[code]` for each run, `ABSENT` where it has none."""

    levels: list[str]
    codes: list[int]

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"levels": self.levels, "codes": self.codes}


@dataclass(frozen=True)
class RunColumns:
    """Runs, the newest last; every column is as long as `ids`.

    Attributes:
        ids: of the runs.
        names: of the runs.
        experiments: their ids.
        statuses: FINISHED, FAILED, …
        started: in milliseconds since 1970.
        metrics: their last values by name; None where there is none, or none that is finite.
        params: by name.
        tags: by name, those that are shown.
        parents: the studies of those that are networks of this package; None for others.
        replicas: the places of those networks in the grids of their studies; None for others.
        truncated: whether there were more runs than could be taken.
    """

    ids: list[str]
    names: list[str]
    experiments: Coded
    statuses: Coded
    started: list[int]
    metrics: dict[str, list[float | None]] = field(default_factory=dict)
    params: dict[str, Coded] = field(default_factory=dict)
    tags: dict[str, Coded] = field(default_factory=dict)
    parents: list[str | None] = field(default_factory=list)
    replicas: list[int | None] = field(default_factory=list)
    truncated: bool = False


def shown(tag: str) -> bool:
    """Whether a tag is one that users set, or may want to see."""
    return tag in SHOWN_TAGS or not tag.startswith(HIDDEN_TAGS)


def columns_of(
    heads: Sequence[RunHead],
    metrics: Iterable[tuple[str, str, float]],
    params: Iterable[tuple[str, str, str]],
    tags: Iterable[tuple[str, str, str]],
    truncated: bool = False,
) -> RunColumns:
    """Sort what is known of runs into columns.

    Args:
        heads: the runs, in the order of the columns.
        metrics: `(run id, name, value)`, NaN where the value is none; of other runs too.
        params: `(run id, name, text)`; of other runs too.
        tags: `(run id, name, text)`; of other runs too.
        truncated: whether there are more runs.
    """
    places = {head.run_id: place for place, head in enumerate(heads)}
    numbers: dict[str, list[float | None]] = {}
    for run_id, name, value in metrics:
        place = places.get(run_id)
        if place is not None:
            column = numbers.get(name)
            if column is None:
                column = numbers[name] = [None] * len(heads)
            column[place] = value if math.isfinite(value) else None
    own: dict[str, dict[str, str]] = {name: {} for name in OWN_TAGS}
    visible = []
    for run_id, name, text in tags:
        if name in own:
            own[name][run_id] = text
        elif shown(name):
            visible.append((run_id, name, text))
    kinds, parents, replicas = (own[name] for name in OWN_TAGS)
    networks = {run_id for run_id, kind in kinds.items() if kind == NETWORK}
    placed = networks & replicas.keys()
    return RunColumns(
        ids=[head.run_id for head in heads],
        names=[head.name for head in heads],
        experiments=coded([head.experiment_id for head in heads]),
        statuses=coded([head.status for head in heads]),
        started=[head.started for head in heads],
        metrics=dict(sorted(numbers.items())),
        params=_coded_columns(params, places),
        tags=_coded_columns(visible, places),
        parents=[parents.get(head.run_id) if head.run_id in networks else None for head in heads],
        replicas=[
            _place(replicas[head.run_id]) if head.run_id in placed else None for head in heads
        ],
        truncated=truncated,
    )


def coded(values: Sequence[str]) -> Coded:
    """A column that every run has a value in."""
    levels = sorted(set(values), key=level_order)
    places = {level: place for place, level in enumerate(levels)}
    return Coded(levels, [places[value] for value in values])


def level_order(level: str) -> tuple[float, str]:
    """The key by which levels are sorted: numbers by size, before words by their letters."""
    try:
        number = float(level)
    except ValueError:
        return math.inf, level
    return (math.inf if math.isnan(number) else number), level


def _place(text: str) -> int | None:
    """A place in a grid; None where somebody has written something else into the tag."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def _coded_columns(
    rows: Iterable[tuple[str, str, str]], places: Mapping[str, int]
) -> dict[str, Coded]:
    codes: dict[str, list[int]] = {}
    levels: dict[str, dict[str, int]] = {}
    for run_id, name, text in rows:
        place = places.get(run_id)
        if place is not None:
            column = codes.get(name)
            if column is None:
                column = codes[name] = [ABSENT] * len(places)
                levels[name] = {}
            known = levels[name]
            code = known.get(text)
            if code is None:
                code = known[text] = len(known)
            column[place] = code
    return {name: _sorted(levels[name], codes[name]) for name in sorted(codes)}


def _sorted(levels: Mapping[str, int], codes: list[int]) -> Coded:
    ordered = sorted(levels, key=level_order)
    renamed = [ABSENT] * (len(ordered) + 1)  # the last place is that of `ABSENT`
    for place, level in enumerate(ordered):
        renamed[levels[level]] = place
    return Coded(ordered, [renamed[code] for code in codes])
