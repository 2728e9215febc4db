"""A table as it is used: columns chosen and typed, rows left out, or all that is wrong with it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float64

from sparse_lightning.data.columns.choosing_columns import ChosenColumns
from sparse_lightning.data.columns.fitting_columns import ColumnReading
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.number_target import check_targets
from sparse_lightning.data.preparation import drop_rare
from sparse_lightning.data.raw_table import RawTable, keep
from sparse_lightning.data.rows.gaps import dropped_text, gap_faults, has_values, most_dropped
from sparse_lightning.data.rows.splits import (
    ALL_ROWS,
    NO_SPLIT,
    TRAINING,
    Split,
    no_inputs,
    split_columns,
    split_rows,
)
from sparse_lightning.data.rows.unseen import unseen_levels
from sparse_lightning.data.rows.weights import row_weights
from sparse_lightning.data.suspicions import classes_suspected, suspicions
from sparse_lightning.data.target import ClassTarget
from sparse_lightning.errors import TableError
from sparse_lightning.project.settings import EvaluationSettings, TableSettings


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it is used.

    Attributes:
        name: the packaged table's name, the file's without its suffix, or what a frame is called.
        source: the packaged table's DOI, or the file's absolute path; "" of a frame.
        frame: 64-bit floats, text and dates, as `typed` gives them; missing values are left only
            where they have inputs.
        digest: the SHA-256 of the whole table's bytes, uncompressed, or of the frame's content.
        rows_missing: how many rows were left out because a used column has no value in them.
        rows_rare: how many were left out after that because they hold a rare level.
        target: the column of classes to predict, text or 64-bit floats; None without one.
        numbers: the columns of numbers to predict, 64-bit floats; None without any.
        reading: what was taken for the dialect of a text file, in words; "" where it is plain.
        suspicions: sentences on what may not have been meant, such as ids and totals.
        readings: what was made of each column, those that are left out too.
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
    numbers: pd.DataFrame | None = None
    reading: str = ""
    suspicions: tuple[str, ...] = ()
    readings: tuple[ColumnReading, ...] = ()
    split: Split = NO_SPLIT
    weights: Float64[np.ndarray, " row"] | None = None
    rows_weightless: int = 0

    @property
    def training_frame(self) -> pd.DataFrame:
        """The rows that networks are trained on."""
        parts = self.split.parts
        return self.frame if parts is None else keep(self.frame, parts == TRAINING)

    @property
    def outputs(self) -> int:
        """How many outputs a network has: one a class, a number to predict, or an input."""
        if self.target is not None:
            return self.target.nunique()
        numbers = 0 if self.numbers is None else self.numbers.shape[1]
        return numbers or len(self.encoding.input_names)

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

    `everything` are the columns that `auto` and `all` mean; the parts of the rows have the same
    shares of the target's values if it is `stratified`. Raises `TableError` with all that is
    wrong, as far as it is seen before rows are left out, and else with all that is after.
    """
    if raw.rows < 2:
        raise TableError(f"must have at least 2 rows, got {raw.rows}")
    apart = no_inputs(evaluation, named=isinstance(settings.columns, tuple))
    chosen = ChosenColumns.of(settings, raw, everything, apart)
    frame, faults = chosen.frame, chosen.faults
    beside = split_columns(evaluation, raw, settings.pins)
    weights = None if settings.weight is None else row_weights(settings.weight, raw)
    strict = list(frame) if settings.missing != "impute" else chosen.complete
    dropping, fills = settings.missing == "drop", settings.missing != "impute"
    faults.add(gap_faults(frame.loc[:, strict], raw.place, dropping, fills))
    faults.add(gap_faults(beside, raw.place, dropping, fills))
    if faults.found:
        chosen.look_further()
    faults.raise_all()
    needed = list(dict.fromkeys([*strict, *settings.targets]))
    dropped, most = dropped_text(frame.loc[:, needed]), most_dropped(frame.loc[:, needed])
    with _after(dropped, most):
        has_all = has_values(frame.loc[:, needed]) & has_values(beside)
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
        target, numbers = None, None
        if isinstance(settings.target, str):
            target = frame.pop(settings.target)
            with faults.gathered():
                ClassTarget.fit(target)
        elif settings.number_targets:
            numbers = frame.loc[:, list(settings.number_targets)]
            frame = frame.drop(columns=numbers.columns)
        used_rows = np.flatnonzero(has_all)[~rare]
        weights = None if weights is None else weights[used_rows]
        classes, split = target if stratified else None, NO_SPLIT
        if not faults.found:
            split = split_rows(evaluation, len(frame), classes, beside.iloc[used_rows])
        if numbers is not None:
            with faults.gathered():
                check_targets(numbers, split)
        encoding, readings = None, ()
        with faults.gathered():
            encoding, readings = chosen.fitted(frame, split, weights)
            frame = frame.loc[:, list(encoding.columns)]
            encoding.check(frame, unseen=split.parts is not None)
        faults.raise_all()
        assert encoding is not None
    told = suspicions(frame, encoding, target, lambda row: raw.place(int(used_rows[row])))
    few = () if numbers is None else classes_suspected(numbers)
    return Table(
        name,
        source,
        frame,
        encoding,
        raw.digest,
        missing,
        int(rare.sum()),
        target,
        numbers,
        raw.reading,
        (*([dropped] if most else []), *told, *few, *unseen_levels(frame, encoding, split)),
        readings,
        split,
        weights,
        weightless,
    )


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
