"""Many runs as columns: metrics as numbers, params and tags as codes of their levels."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning._text import spelled_number
from sparse_lightning.tracking.limits import MOST_COLUMNS, MOST_EMPTY, Meter
from sparse_lightning.tracking.names import (
    FAILURE,
    FAILURE_CAUSE,
    FAILURE_PHASE,
    FAILURE_STEP,
    KIND,
    NETWORK,
    ONE_CLASS,
    REPLICA,
)

ABSENT = -1
"""The code of a run that has no such param or tag."""

FAILURE_TAGS = (FAILURE, FAILURE_PHASE, FAILURE_STEP, FAILURE_CAUSE)
"""Tags that tell how a network has failed."""

SHOWN_TAGS = ("mlflow.user", "mlflow.source.name", *FAILURE_TAGS, ONE_CLASS)
"""Of the tags that MLflow and this package keep for themselves, those that tell a user anything."""

OWN_TAGS = (KIND, MLFLOW_PARENT_RUN_ID, REPLICA)
"""Tags that tell which runs are networks, of which study, and at which place of its grid."""

HIDDEN_TAGS = ("mlflow.", "sparse_lightning.")
"""Beginnings of the names of the other tags."""


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
        """The column as JSON holds it."""
        return {"levels": self.levels, "codes": self.codes}


@dataclass(frozen=True)
class RunColumns:
    """Runs, the newest last; every column is as long as `ids`.

    Attributes:
        statuses: FINISHED, FAILED, …
        started: in milliseconds since 1970.
        metrics: their last values by name; None where there is none, or none that is finite.
        tags: those that are shown.
        parents: the studies of the networks of this package; None for other runs.
        replicas: the places of those networks in the grids of their studies; None for other runs.
        wholes: whether a run is the parent of another one of them, whatever tool made it.
        truncated: whether there were more runs than could be taken.
        columns_left_out: the number of metrics, params and tags without a column, as too few runs
            have them.
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
    wholes: list[bool] = field(default_factory=list)
    truncated: bool = False
    columns_left_out: int = 0


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
    """Sort what is known of runs into columns, in the order of `heads`. Metrics, params and tags
    are `(run id, name, value)`, of other runs too; NaN is no value. A `TooMuchError` says that they
    hold more than one comparison may.
    """
    places = {head.run_id: place for place, head in enumerate(heads)}
    meter = Meter()
    numbers = _numbers(metrics, places, meter)
    own: dict[str, dict[str, str]] = {name: {} for name in OWN_TAGS}
    visible = []
    for run_id, name, text in tags:
        if name in own:
            own[name][run_id] = text
        elif shown(name):
            visible.append((run_id, name, text))
    texts = {"params": _texts(params, places, meter), "tags": _texts(visible, places, meter)}
    names = _fullest({"metrics": numbers, **texts}, len(heads))
    kinds, parents, replicas = (own[name] for name in OWN_TAGS)
    networks = {run_id for run_id, kind in kinds.items() if kind == NETWORK}
    placed = networks & replicas.keys()
    wholes = set(parents.values())
    return RunColumns(
        ids=[head.run_id for head in heads],
        names=[head.name for head in heads],
        experiments=coded([head.experiment_id for head in heads]),
        statuses=coded([head.status for head in heads]),
        started=[head.started for head in heads],
        metrics={name: numbers[name].column(len(heads)) for name in names["metrics"]},
        params={name: texts["params"][name].column(len(heads)) for name in names["params"]},
        tags={name: texts["tags"][name].column(len(heads)) for name in names["tags"]},
        parents=[parents.get(head.run_id) if head.run_id in networks else None for head in heads],
        replicas=[
            _place(replicas[head.run_id]) if head.run_id in placed else None for head in heads
        ],
        wholes=[head.run_id in wholes for head in heads],
        truncated=truncated,
        columns_left_out=sum(map(len, (numbers, *texts.values()))) - sum(map(len, names.values())),
    )


def coded(values: Sequence[str]) -> Coded:
    """A column that every run has a value in."""
    levels = sorted(set(values), key=level_order)
    places = {level: place for place, level in enumerate(levels)}
    return Coded(levels, [places[value] for value in values])


def measured(runs: RunColumns, name: str) -> Sequence[float | None]:
    """The values of a metric, or of a param by `params.` and its name; None where a run has no
    finite one.
    """
    if name in runs.metrics:
        return runs.metrics[name]
    column = runs.params[name.removeprefix("params.")]
    values = [spelled_number(level) for level in column.levels]
    return [None if code == ABSENT else values[code] for code in column.codes]


def labelled(runs: RunColumns, name: str) -> Coded:
    """The column of a param or tag, by `params.` or `tags.` and its name."""
    kind, bare = name.split(".", 1)
    return (runs.params if kind == "params" else runs.tags)[bare]


def level_order(level: str) -> tuple[float, str]:
    """The key by which levels are sorted: numbers by size, before words by their letters."""
    number = spelled_number(level)
    return (math.inf if number is None else number), level


def _place(text: str) -> int | None:
    """A place in a grid; None where somebody has written something else into the tag."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


class _Numbers:
    """A metric of those runs that have it."""

    def __init__(self) -> None:
        self.places: list[int] = []
        self.values: list[float | None] = []

    def column(self, length: int) -> list[float | None]:
        """With None for the other runs; of several values of a run the last counts."""
        column: list[float | None] = [None] * length
        for place, value in zip(self.places, self.values, strict=True):
            column[place] = value
        return column


class _Texts:
    """A param or a tag of those runs that have it."""

    def __init__(self) -> None:
        self.places: list[int] = []
        self.codes: list[int] = []
        self.levels: dict[str, int] = {}

    def column(self, length: int) -> Coded:
        """With `ABSENT` for the other runs, and the levels in their order."""
        ordered = sorted(self.levels, key=level_order)
        renamed = [0] * len(ordered)
        for place, level in enumerate(ordered):
            renamed[self.levels[level]] = place
        codes = [ABSENT] * length
        for place, code in zip(self.places, self.codes, strict=True):
            codes[place] = renamed[code]
        return Coded(ordered, codes)


def _numbers(
    rows: Iterable[tuple[str, str, float]], places: Mapping[str, int], meter: Meter
) -> dict[str, _Numbers]:
    columns: dict[str, _Numbers] = {}
    for run_id, name, value in rows:
        place = places.get(run_id)
        if place is not None:
            meter.count(1)
            column = columns.get(name)
            if column is None:
                meter.name()
                column = columns[name] = _Numbers()
            column.places.append(place)
            column.values.append(value if math.isfinite(value) else None)
    return columns


def _texts(
    rows: Iterable[tuple[str, str, str]], places: Mapping[str, int], meter: Meter
) -> dict[str, _Texts]:
    columns: dict[str, _Texts] = {}
    for run_id, name, text in rows:
        place = places.get(run_id)
        if place is not None:
            meter.count(1, len(text))
            column = columns.get(name)
            if column is None:
                meter.name()
                column = columns[name] = _Texts()
            code = column.levels.get(text)
            if code is None:
                code = column.levels[text] = len(column.levels)
            column.places.append(place)
            column.codes.append(code)
    return columns


def _fullest(
    columns: Mapping[str, Mapping[str, _Numbers | _Texts]], length: int
) -> dict[str, list[str]]:
    """The names of the columns that are kept, sorted: those with the most values first, until too
    many cells are empty.
    """
    every = [
        (length - len(column.places), kind, name)
        for kind, named in columns.items()
        for name, column in named.items()
    ]
    fullest: dict[str, list[str]] = {kind: [] for kind in columns}
    empty = 0
    for missing, kind, name in sorted(every)[:MOST_COLUMNS]:
        empty += max(missing, 0)
        if empty > MOST_EMPTY:
            break
        fullest[kind].append(name)
    return {kind: sorted(names) for kind, names in fullest.items()}
