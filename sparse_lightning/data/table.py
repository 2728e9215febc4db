"""A table as it is used: columns chosen and typed, rows left out, or all that is wrong with it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float64

from sparse_lightning.data.column_types import judged
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.faults import Faults
from sparse_lightning.data.gaps import dropped_text, gap_faults, has_values, most_dropped
from sparse_lightning.data.preparation import check_steps, drop_rare, recodings
from sparse_lightning.data.raw_table import RawTable, keep
from sparse_lightning.data.selection import check_known
from sparse_lightning.data.splits import (
    ALL_ROWS,
    NO_SPLIT,
    Split,
    no_inputs,
    split_columns,
    split_rows,
)
from sparse_lightning.data.suspicions import suspicions
from sparse_lightning.data.target import ClassTarget
from sparse_lightning.data.unseen import fit_to_training_rows, unseen_levels
from sparse_lightning.data.weights import row_weights
from sparse_lightning.errors import TableError
from sparse_lightning.project.settings import EvaluationSettings, TableSettings


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it is used.

    Attributes:
        name: the packaged table's name, or the file's name without its suffix.
        source: the packaged table's DOI, or the file's absolute path.
        frame: no value is missing; 64-bit floats, or text where the project's steps recode it.
        digest: the SHA-256 of the whole table's bytes, uncompressed.
        rows_missing: how many rows were left out because a used column has no value in them.
        rows_rare: how many were left out after that because they hold a rare level.
        target: the column to predict, text or 64-bit floats; None without one.
        reading: what was taken for the dialect of a text file, in words; "" where it is plain.
        suspicions: sentences on what may not have been meant, such as ids and totals.
        weights: how much each row counts, greater than 0; None: all count the same.
        rows_weightless: how many rows were left out because their weight is 0.
        split: which rows train, to which alone the encoding was fitted, and which do not.
    """

    name: str
    source: str
    frame: pd.DataFrame
    encoding: Encoding
    digest: str
    rows_missing: int = 0
    rows_rare: int = 0
    target: pd.Series | None = None
    reading: str = ""
    suspicions: tuple[str, ...] = ()
    split: Split = NO_SPLIT
    weights: Float64[np.ndarray, " row"] | None = None
    rows_weightless: int = 0

    @property
    def training_frame(self) -> pd.DataFrame:
        """The rows that networks are trained on."""
        return self.frame.loc[self.split.training]

    @property
    def rows_dropped(self) -> int:
        return self.rows_missing + self.rows_weightless + self.rows_rare


def used_table(
    settings: TableSettings,
    raw: RawTable,
    name: str,
    source: str,
    everything: Sequence[str],
    evaluation: EvaluationSettings = ALL_ROWS,
    stratified: bool = True,
) -> Table:
    """The rows and columns of a raw table that networks are trained and judged on.

    `everything` are the columns that `table.columns: all` means; the parts of the rows have the
    same shares of the target's values if it is `stratified`. Raises `TableError` with all that
    is wrong, as far as it is seen before rows are left out, and else with all that is after.
    """
    chosen = everything if settings.columns == "all" else settings.columns
    apart = no_inputs(evaluation, named=settings.columns != "all")
    beside_inputs = (settings.target, settings.weight, *apart)
    columns = [column for column in chosen if column not in beside_inputs]
    if not columns:
        others = "".join(f", and {field} {column!r}" for column, field in apart.items())
        raise TableError(f"has no column but table.target, {settings.target!r}{others}")
    used = columns if settings.target is None else [*columns, settings.target]
    check_known(used, raw.names)
    check_steps(settings.prepare, used)
    leveled = {*recodings(settings.prepare), settings.target}
    frame, faults = judged(raw.read(used, leveled), leveled, raw.place, raw.spellings)
    beside = split_columns(evaluation, raw)
    weights = None if settings.weight is None else row_weights(settings.weight, raw)
    dropping = settings.missing == "drop"
    faults.add(gap_faults(frame, raw.place, dropped=dropping))
    faults.add(gap_faults(beside, raw.place, dropped=dropping))
    if faults.found:
        _look_further(frame, settings, faults)
    faults.raise_all()
    dropped, most = dropped_text(frame), most_dropped(frame)
    with _after(dropped, most):
        has_all = has_values(frame) & has_values(beside)
        weightless = 0
        if weights is not None:
            weightless = int((has_all & (weights == 0)).sum())
            has_all &= weights > 0
        complete = keep(frame, has_all)
        rare = drop_rare(complete, settings.prepare)
        missing = len(frame) - len(complete) - weightless
        frame = keep(complete, ~rare)
        if len(frame) < 2:
            gone = missing + weightless + int(rare.sum())
            left = f" left after dropping {gone}" if gone else ""
            raise TableError(f"must have at least 2 rows, got {len(frame)}{left}")
        # Whatever would stop the training is found here, where the message can name the table.
        target = None if settings.target is None else frame.pop(settings.target)
        if target is not None:
            with faults.gathered():
                ClassTarget.fit(target)
        used_rows = np.flatnonzero(has_all)[~rare]
        classes, split = target if stratified else None, NO_SPLIT
        if not faults.found:
            split = split_rows(evaluation, len(frame), classes, beside.iloc[used_rows])
        with faults.gathered():
            weights = None if weights is None else weights[used_rows]
            encoding = fit_to_training_rows(frame, split, settings, weights)
            encoding.check(frame, unseen=split.parts is not None)
        faults.raise_all()
    told = suspicions(frame, encoding, target, lambda row: raw.place(int(used_rows[row])))
    return Table(
        name,
        source,
        frame,
        encoding,
        raw.digest,
        missing,
        int(rare.sum()),
        target,
        raw.reading,
        (*([dropped] if most else []), *told, *unseen_levels(frame, encoding, split)),
        split,
        weights,
        weightless,
    )


def _look_further(frame: pd.DataFrame, settings: TableSettings, faults: Faults) -> None:
    """Look, beside the faults that were found, at the columns that have none, each by itself."""
    for name in frame:
        rows = frame.loc[frame[name].notna(), [name]]
        with faults.gathered():
            if name == settings.target and len(rows):
                ClassTarget.fit(rows[name])
            elif len(rows):
                Encoding.fit(rows, settings.scale, settings.prepare)


@contextmanager
def _after(dropped: str, most: bool) -> Iterator[None]:
    """Messages of what is done inside say what was dropped before, first where it was most rows."""
    try:
        yield
    except TableError as error:
        if not dropped:
            raise
        texts = (dropped, f"of the rows that are left: {error}") if most else (error, dropped)
        raise TableError("\n".join(map(str, texts))) from error.__cause__
