"""The columns of a raw table that are used: chosen, read, and each decided to be something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Self

import numpy as np
import pandas as pd

from sparse_lightning.data.cells.numerals import PLAIN
from sparse_lightning.data.columns.column_types import check_varying, levels_of
from sparse_lightning.data.columns.deciding import Decision, decide
from sparse_lightning.data.columns.fitting_columns import ColumnReading, fit_column
from sparse_lightning.data.columns.kinds import ColumnEncoding
from sparse_lightning.data.encoding import Encoding, named, recoded
from sparse_lightning.data.faults import Faults
from sparse_lightning.data.number_target import check_targets, read_target
from sparse_lightning.data.preparation import check_steps, recodings
from sparse_lightning.data.raw_table import RawTable, frame_of, keep
from sparse_lightning.data.rows.splits import NO_SPLIT, TRAINING, Split
from sparse_lightning.data.scaling import Weights
from sparse_lightning.data.selection import check_known
from sparse_lightning.data.target import ClassTarget
from sparse_lightning.errors import TableError
from sparse_lightning.project.columns import ColumnKind
from sparse_lightning.project.settings import TableSettings


@dataclass(frozen=True, eq=False)
class ChosenColumns:
    """Columns as the project and their values say what they are.

    Attributes:
        frame: all rows of the columns that are used and of the target, as `typed` gives them.
        decisions: what each column is, without the target; those that are left out, too.
        missing: in how many rows each column has no value.
        faults: what is wrong with single columns.
    """

    settings: TableSettings
    frame: pd.DataFrame
    decisions: tuple[Decision, ...]
    missing: dict[str, int]
    faults: Faults

    @classmethod
    def of(
        cls,
        settings: TableSettings,
        raw: RawTable,
        everything: Sequence[str],
        apart: Mapping[str, str] = MappingProxyType({}),
    ) -> Self:
        """Read the columns that a project names, or all; `everything` is what all are.

        `apart` are columns that are no inputs, each with the field that names it. Raises
        `TableError` if the project names a column that there is not, or none is left.
        """
        names = _names(settings, raw, everything, apart)
        numbers = settings.number_targets
        pins, steps = settings.pins, recodings(settings.prepare)
        for name in numbers:
            if name in steps:
                raise TableError(
                    f"{steps[name][0]}: {name!r} is a number to predict, which no step recodes"
                )
        classes = {*settings.targets} - {*numbers}
        leveled = {*steps, *classes, *(name for name in pins if _is_leveled(pins[name]))}
        used = [*names, *settings.targets]
        spellings = raw.spellings or {}
        columns, decisions, faults = {}, list[Decision](), Faults()
        missing: dict[str, int] = {}
        read = raw.read([name for name in used if not _is_left_out(pins.get(name))], leveled)
        decisions += [
            Decision(name, "left out", "as table.columns says", pinned=True)
            for name in used
            if _is_left_out(pins.get(name))
        ]
        for name, column in named(read):
            with faults.gathered():
                if name in classes or name in steps:
                    columns[name] = levels_of(name, column, raw.place)
                    if name not in classes:
                        decisions.append(Decision(name, "recoded", pinned=True))
                        missing[name] = int(column.isna().sum())
                    continue
                spelling = None if raw.spellings is None else spellings.get(name, PLAIN)
                if name in numbers:
                    columns[name] = read_target(name, column, raw.place, spelling)
                    continue
                keep = not settings.leaves_out or name in _counted(settings)
                decision, values = decide(name, column, pins.get(name), raw.place, spelling, keep)
                decisions.append(decision)
                # Marks among numbers are seen as missing only when they are read.
                missing[name] = int(pd.isna(column if values is None else values).sum())
                if values is not None:
                    columns[name] = values
        order = {name: place for place, name in enumerate(used)}
        decisions.sort(key=lambda one: order[one.name])
        if not faults.found and not any(one.kind != "left out" for one in decisions):
            whys = "; ".join(f"{one.name!r} is left out: {one.why}" for one in decisions[:5])
            raise TableError(f"has no column that can be an input: {whys}")
        return cls(settings, frame_of(columns, len(read)), tuple(decisions), missing, faults)

    @property
    def complete(self) -> list[str]:
        """The columns that must be complete although missing values are imputed."""
        steps = {*recodings(self.settings.prepare), *_counted(self.settings)}
        return [str(name) for name in self.frame if name in steps]

    def look_further(self) -> None:
        """Look, beside what was found, at the columns without a fault, each by itself."""
        steps = recodings(self.settings.prepare)
        for name in self.frame:
            rows = self.frame.loc[self.frame[name].notna(), [name]]
            if rows.empty:
                continue
            with self.faults.gathered():
                if name in self.settings.number_targets:
                    check_targets(rows)
                elif name in self.settings.targets:
                    ClassTarget.fit(rows[name])
                elif name in steps:
                    recoded(str(name), rows[name], *steps[str(name)])
                elif self.settings.scale != "none" and rows[name].dtype == np.float64:
                    check_varying(rows)

    def fitted(
        self, frame: pd.DataFrame, split: Split = NO_SPLIT, weights: Weights = None
    ) -> tuple[Encoding, tuple[ColumnReading, ...]]:
        """How the columns become inputs, by the rows that are trained on, and what is said of it.

        Raises `TableError` with all that is wrong.
        """
        if split.parts is None:
            return self._fitted(frame, weights)
        own = None if weights is None else weights[split.training]
        training = keep(frame, split.parts == TRAINING)
        try:
            return self._fitted(training, own)
        except TableError as error:
            self._fitted(frame, weights)  # what is wrong with all rows
            raise TableError(
                f"of the {len(training)} training rows: {error}; or choose another "
                "evaluation.seed, or set evaluation.validation and evaluation.test to 0"
            ) from error

    def _fitted(
        self, frame: pd.DataFrame, weights: Weights
    ) -> tuple[Encoding, tuple[ColumnReading, ...]]:
        variables, readings, faults = list[ColumnEncoding](), list[ColumnReading](), Faults()
        columns = dict(named(frame))
        for decision in self.decisions:
            with faults.gathered():
                if self._is_useless(decision, columns):
                    why = "the same value in every row that is used"
                    decision = replace(decision, kind="left out", why=why)
                variable, told = None, ""
                if decision.kind != "left out":
                    variable, told = self._fit(decision, columns[decision.name])
                    variables.append(variable)
                readings.append(
                    ColumnReading(
                        decision.name,
                        decision.kind,
                        "; ".join(filter(None, (decision.why, told))),
                        0 if variable is None else len(variable.input_names),
                        self.missing.get(decision.name, 0),
                        decision.pin,
                    )
                )
        faults.raise_all()
        if not variables:
            raise TableError("has no column that can be an input: each has one value only")
        values = frame.loc[:, [one.name for one in variables]]
        encoding = Encoding.fit_to(variables, values, self.settings.scale, weights)
        return encoding, tuple(readings)

    def _is_useless(self, decision: Decision, columns: dict[str, pd.Series]) -> bool:
        """Whether a column that nobody names has one value only in the rows that are used."""
        open_to_all = decision.kind != "left out" and not decision.pinned
        return open_to_all and _is_constant(columns[decision.name])

    def _fit(self, decision: Decision, column: pd.Series) -> tuple[ColumnEncoding, str]:
        """The encoding of a column by the rows that are trained on, and what was done about it."""
        settings, name = self.settings, decision.name
        if decision.kind == "recoded":
            return recoded(name, column, *recodings(settings.prepare)[name]), ""
        if settings.scale != "none" and column.dtype == np.float64:
            check_varying(column.to_frame())
        return fit_column(decision, column, settings.missing == "impute")


def _names(
    settings: TableSettings,
    raw: RawTable,
    everything: Sequence[str],
    apart: Mapping[str, str],
) -> list[str]:
    """The columns that are looked at, without the target and those that are kept apart."""
    chosen = settings.columns if isinstance(settings.columns, tuple) else everything
    beside = (*settings.targets, settings.weight, *apart, *settings.leave_out)
    names = [name for name in chosen if name not in beside]
    if not names:
        others = "".join(f", and {field} {column!r}" for column, field in apart.items())
        named = ", ".join(settings.targets) or None
        raise TableError(f"has no column but table.target, {named!r}{others}")
    pins = settings.pins
    asked = [*names, *pins, *settings.leave_out, *settings.targets]
    check_known([*dict.fromkeys(asked)], raw.names)
    in_use = [name for name in names if not _is_left_out(pins.get(name))]
    check_steps(settings.prepare, [*in_use, *settings.targets])
    if not in_use:
        raise TableError("has no column that can be an input: table.columns leaves out each")
    return names


def _counted(settings: TableSettings) -> set[str]:
    """The columns in which rare levels are looked for."""
    steps = (step.drop_rare for step in settings.prepare)
    return {name for step in steps if step is not None for name in step.columns}


def _is_leveled(pinned: ColumnKind) -> bool:
    return pinned.kind == "text" or bool(pinned.ordered or pinned.levels)


def _is_left_out(pinned: ColumnKind | None) -> bool:
    return pinned is not None and pinned.kind == "leave_out"


def _is_constant(column: pd.Series) -> bool:
    """Whether a column has one value only, or none; a missing one counts where it has an input."""
    if column.dtype == np.float64:
        values = column.to_numpy()
        present = values[~np.isnan(values)]
        return not len(present) or bool((present == present[0]).all())
    present = column.dropna()
    return present.empty or bool((present == present.iloc[0]).all() and len(present) == len(column))
