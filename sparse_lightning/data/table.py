"""A table as it is used: columns chosen and typed, rows left out, or all that is wrong with it."""

from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sparse_lightning.data.column_types import judged
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.faults import Faults
from sparse_lightning.data.gaps import dropped_text, gap_faults, has_values, most_dropped
from sparse_lightning.data.number_target import check_targets, judged_targets
from sparse_lightning.data.preparation import check_steps, drop_rare, recodings
from sparse_lightning.data.raw_table import RawTable, keep
from sparse_lightning.data.selection import check_known
from sparse_lightning.data.suspicions import classes_suspected, suspicions
from sparse_lightning.data.target import ClassTarget
from sparse_lightning.errors import TableError
from sparse_lightning.project.settings import TableSettings


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
        target: the column of classes to predict, text or 64-bit floats; None without one.
        numbers: the columns of numbers to predict, 64-bit floats; None without any.
        reading: what was taken for the dialect of a text file, in words; "" where it is plain.
        suspicions: sentences on what may not have been meant, such as ids and totals.
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

    @property
    def outputs(self) -> int:
        """How many outputs a network has: one a class, a number to predict, or an input."""
        if self.target is not None:
            return self.target.nunique()
        numbers = 0 if self.numbers is None else self.numbers.shape[1]
        return numbers or len(self.encoding.input_names)

    @property
    def rows_dropped(self) -> int:
        return self.rows_missing + self.rows_rare


def used_table(
    settings: TableSettings, raw: RawTable, name: str, source: str, everything: Sequence[str]
) -> Table:
    """The rows and columns of a raw table that networks are trained on.

    `everything` are the columns that `table.columns: all` means. Raises `TableError` with all that
    is wrong, as far as it is seen before rows are left out, and else with all that is after.
    """
    chosen = everything if settings.columns == "all" else settings.columns
    columns = [column for column in chosen if column not in settings.targets]
    if not columns:
        raise TableError(f"has no column but table.target, {', '.join(settings.targets)!r}")
    used = [*columns, *settings.targets]
    check_known(used, raw.names)
    check_steps(settings.prepare, used)
    recoded = recodings(settings.prepare)
    for name in settings.number_targets:
        if name in recoded:
            raise TableError(
                f"{recoded[name][0]}: {name!r} is a number to predict, which no step recodes"
            )
    leveled = {*recoded, *settings.targets} - {*settings.number_targets}
    frame, faults = _judged(raw.read(used, leveled), settings, leveled, raw)
    faults.add(gap_faults(frame, raw.place, dropped=settings.missing == "drop"))
    if faults.found:
        _look_further(frame, settings, faults)
    faults.raise_all()
    dropped, most = dropped_text(frame), most_dropped(frame)
    with _after(dropped, most):
        has_all = has_values(frame)
        complete = keep(frame, has_all)
        rare = drop_rare(complete, settings.prepare)
        missing = len(frame) - len(complete)
        frame = keep(complete, ~rare)
        if len(frame) < 2:
            gone = missing + int(rare.sum())
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
            with faults.gathered():
                check_targets(numbers)
        with faults.gathered():
            encoding = Encoding.fit(frame, settings.scale, settings.prepare)
            encoding.check(frame)
        faults.raise_all()
    used_rows = np.flatnonzero(has_all)[~rare]
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
        (*([dropped] if most else []), *told, *few),
    )


def _judged(
    frame: pd.DataFrame, settings: TableSettings, leveled: Container[object], raw: RawTable
) -> tuple[pd.DataFrame, Faults]:
    """The columns that can be used, and what is wrong with others; numbers to predict come last."""
    targets = list(settings.number_targets)
    if not targets:
        return judged(frame, leveled, raw.place, raw.spellings)
    numbers, faults = judged_targets(frame.loc[:, targets], raw.place, raw.spellings)
    others, found = judged(frame.drop(columns=targets), leveled, raw.place, raw.spellings)
    faults.add(found.found)
    return pd.concat([others, numbers], axis=1), faults


def _look_further(frame: pd.DataFrame, settings: TableSettings, faults: Faults) -> None:
    """Look, beside the faults that were found, at the columns that have none, each by itself."""
    for name in frame:
        rows = frame.loc[frame[name].notna(), [name]]
        with faults.gathered():
            if name == settings.target and len(rows):
                ClassTarget.fit(rows[name])
            elif name in settings.number_targets and len(rows):
                check_targets(rows)
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
