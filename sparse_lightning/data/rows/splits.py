"""Which rows train, which choose, which judge: the parts of a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int8, Int64

from sparse_lightning._text import listed
from sparse_lightning.data.cells.dates import ISO, as_dates, formats_of, is_dates
from sparse_lightning.data.columns.column_types import typed
from sparse_lightning.data.columns.deciding import one_form
from sparse_lightning.data.raw_table import RawTable, frame_of, is_number
from sparse_lightning.data.selection import check_known
from sparse_lightning.errors import TableError
from sparse_lightning.project.columns import ColumnKind
from sparse_lightning.project.settings import EvaluationSettings

TRAINING, VALIDATION, TEST = 0, 1, 2
"""The numbers of the parts in `Split.parts`."""

FEW_ROWS = 300
"""A table of fewer rows is too small for three parts."""

AUTO_FOLDS = 5
"""So many folds judge such a table, or as many as its smallest class has rows."""


ALL_ROWS = EvaluationSettings(validation=0.0, test=0.0, folds=0)
"""All rows train."""


@dataclass(frozen=True, eq=False)
class Split:
    """The part of each row.

    Attributes:
        parts: `TRAINING`, `VALIDATION` or `TEST`; None: all rows train.
        groups: the number of the group that each row belongs to; None: each is one of its own.
        folds: what `evaluation.folds: auto` stands for.
    """

    parts: Int8[np.ndarray, " row"] | None = None
    groups: Int64[np.ndarray, " row"] | None = None
    folds: int = 0

    @property
    def training(self) -> Bool[np.ndarray, " row"] | slice:
        """The rows that networks, scales and levels are fitted to."""
        return slice(None) if self.parts is None else self.parts == TRAINING

    @property
    def order(self) -> Int64[np.ndarray, " row"] | slice:
        """The rows part by part, training rows first, each part in the order of the table."""
        return slice(None) if self.parts is None else np.argsort(self.parts, kind="stable")


NO_SPLIT = Split()
"""All rows train, and each is a group of its own."""


def split_rows(
    evaluation: EvaluationSettings,
    rows: int,
    classes: pd.Series | None,
    beside: pd.DataFrame,
) -> Split:
    """Cut a table into its parts, with the same shares of every class in each.

    `classes` are those of a classifier, and `beside` has the columns of `split_columns`. No other
    value of the table matters. Raises `TableError` if the rows cannot be cut so.
    """
    groups = None if evaluation.group is None else beside[evaluation.group]
    times: Any = None if evaluation.time is None else beside[evaluation.time]
    labels = None if classes is None else pd.factorize(classes)[0].astype(np.int64)
    places = None if groups is None else pd.factorize(groups)[0].astype(np.int64)
    shares = evaluation.validation, evaluation.test
    if not any(shares):
        return Split(groups=places)
    if evaluation.folds == "auto" and rows < FEW_ROWS and times is None:
        return Split(groups=places, folds=_auto_folds(rows, labels, places))
    if times is not None:
        return Split(_by_time(shares, times))
    if labels is not None and places is None:
        _check_rare(classes, 1 + sum(share > 0 for share in shares))
    parts = np.full(rows, TRAINING, dtype=np.int8)
    left = np.arange(rows)
    # The last part first: what it holds does not depend on how the others are cut.
    for part, share, of in ((TEST, shares[1], 1.0), (VALIDATION, shares[0], 1 - shares[1])):
        if share:
            chosen = _chosen(share / of, left, labels, places, evaluation.seed)
            parts[left[chosen]] = part
            left = np.delete(left, chosen)
    _check_classes(parts, classes)
    return Split(parts, places)


def _auto_folds(
    rows: int, labels: Int64[np.ndarray, " row"] | None, groups: Int64[np.ndarray, " row"] | None
) -> int:
    most = rows if groups is None else int(groups.max()) + 1
    if labels is not None:
        most = min(most, int(np.bincount(labels).min()))
    if groups is not None and most < 2:
        raise TableError("evaluation.group must hold at least 2 groups, in each class")
    return min(AUTO_FOLDS, most) if most > 1 else 0


def _chosen(
    share: float,
    left: Int64[np.ndarray, " row"],
    labels: Int64[np.ndarray, " row"] | None,
    groups: Int64[np.ndarray, " row"] | None,
    seed: int,
) -> Int64[np.ndarray, " row"]:
    """Places among the rows `left` of those that make the next part."""
    from sklearn.model_selection import (
        GroupShuffleSplit,
        ShuffleSplit,
        StratifiedGroupKFold,
        StratifiedShuffleSplit,
    )

    once: dict[str, Any] = {"n_splits": 1, "test_size": share, "random_state": seed}
    own = None if labels is None else labels[left]
    together = None if groups is None else groups[left]
    if own is not None and together is not None:
        # Shares of groups with several classes can only be met nearly: one of so many folds.
        split: Any = StratifiedGroupKFold(max(2, round(1 / share)), shuffle=True, random_state=seed)
    elif together is not None:
        split = GroupShuffleSplit(**once)
    else:
        split = (ShuffleSplit if own is None else StratifiedShuffleSplit)(**once)
    try:
        _, chosen = next(split.split(left, own, together))
    except ValueError as error:
        raise TableError(
            f"the rows cannot be cut by evaluation.validation and evaluation.test: {error}; set "
            "both to 0 and evaluation.folds to 0 to train on all rows"
        ) from error
    return np.sort(chosen)


def _by_time(shares: tuple[float, float], times: pd.Series) -> Int8[np.ndarray, " row"]:
    """The last rows are test rows, those before them validation rows.

    Rows of the same time are in one part, so that none of them tells what another is judged by.
    """
    _, order = np.unique(times.to_numpy(), return_inverse=True)
    ordered = np.sort(order)
    parts = np.full(len(order), TRAINING, dtype=np.int8)
    first = ordered[_bound(1 - sum(shares), len(order))] if shares[0] else len(order)
    last = ordered[_bound(1 - shares[1], len(order))] if shares[1] else len(order)
    parts[order >= min(first, last)] = VALIDATION if shares[0] else TEST
    parts[order >= last] = TEST
    for part, share, name in ((TRAINING, 1, "training"), (VALIDATION, shares[0], "validation")):
        if share and not (parts == part).any():
            raise TableError(
                f"evaluation.time {str(times.name)!r} leaves no {name} rows: too many rows have "
                "the same time"
            )
    return parts


def _bound(share: float, rows: int) -> int:
    return min(rows - 1, max(1, round(share * rows)))


def _check_rare(classes: Any, least: int) -> None:
    counts = classes.value_counts()
    if counts.min() < least:
        raise TableError(
            f"evaluation.validation and evaluation.test need at least {least} rows of every class: "
            f"{counts.idxmin()!r:.80} has {counts.min()}; leave rare classes out with drop_rare in "
            "table.prepare, or set both shares to 0"
        )


def _check_classes(parts: Int8[np.ndarray, " row"], classes: pd.Series | None) -> None:
    if classes is None:
        return
    unseen = {*classes} - {*classes[parts == TRAINING]}
    if unseen:
        named = listed(sorted(repr(one) for one in unseen), 5)
        raise TableError(
            f"no training row holds the class {named} of the target: choose another "
            "evaluation.seed, or smaller evaluation.validation and evaluation.test"
        )


def no_inputs(evaluation: EvaluationSettings, named: bool) -> dict[str, str]:
    """The columns that say which rows belong together or come last, with their fields.

    They are no inputs, but times are where `table.columns` names the columns.
    """
    fields = {"evaluation.group": evaluation.group}
    if not named:
        fields["evaluation.time"] = evaluation.time
    return {column: field for field, column in fields.items() if column is not None}


def split_columns(
    evaluation: EvaluationSettings, raw: RawTable, pins: Mapping[str, ColumnKind]
) -> pd.DataFrame:
    """The columns of `evaluation.group` and `evaluation.time`; missing values stay missing.

    Groups are told apart by what their values are called; `pins` say how times are written.
    Raises `TableError` if there is no such column, or times are neither numbers nor dates.
    """
    group, time = evaluation.group, evaluation.time
    check_known([name for name in (group, time) if name is not None], raw.names)
    columns = {}
    if group is not None:
        columns[group] = raw.read([group], {group})[group].array
    if time is not None:
        pinned = pins.get(time)
        columns[time] = _times(time, raw, pinned and pinned.date).array
    return frame_of(columns, raw.rows)


def _times(name: str, raw: RawTable, form: str | None) -> Any:
    """A column of times as numbers or dates, which are in the formats that inputs may have."""
    column = pd.Series(raw.read([name], set())[name])
    if form is None:
        if is_dates(column.dtype):
            return column
        if is_number(column.dtype):
            return typed(column.to_frame(), set(), raw.place, raw.spellings)[name]
        text = column.astype("str")
        times = pd.to_datetime(text, errors="coerce", format=ISO, utc=True)
        if times.notna().equals(column.notna()):
            return times.dt.tz_localize(None)  # else an array of Python's objects is sorted
        form = one_form(name, column, raw.place, formats_of(list(text.dropna().unique())))
    times, bad = as_dates(column, form or ISO)
    if not bad.any():
        return times
    try:
        return typed(column.to_frame(), set(), raw.place, raw.spellings)[name]
    except TableError:
        row = int(bad.argmax())
        raise TableError(
            f"evaluation.time {name!r} holds {column.iloc[row]!r:.80} in {raw.place(row)}: it must "
            "hold numbers, or dates and times such as 2024-03-31 or 31.03.2024 18:00"
        ) from None
