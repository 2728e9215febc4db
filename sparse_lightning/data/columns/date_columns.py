"""Columns of dates: the days that have gone by, and the month, weekday and hour."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from jaxtyping import Float, Float64, Int64

from sparse_lightning.data.scaling import (
    Fitted,
    Scale,
    Weights,
    fit_flags,
    fit_measure,
    shares_of,
    together,
)

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS = tuple(f"{hour:02d}h" for hour in range(24))
PARTS = {"month": MONTHS, "weekday": WEEKDAYS, "hour": HOURS}
"""What a date is part of, each with the names of its inputs."""

_DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True)
class DateColumn:
    """A column of dates: its first input is the number of days since the origin.

    Attributes:
        origin: the first date of the rows that were fitted, as in `2024-01-31T00:00:00`.
        form: how texts write the dates, as `strftime` has it, or `ISO8601`; "": they are no texts.
        months, weekdays, hours: those that have an input, counted from 0; none where they vary not.
        whole_days: whether no date had a time.
        fill: the days that stand for a missing date; None: a missing date is refused.
        indicator: whether one more input is 1 where the date is missing, else 0.
    """

    kind: ClassVar[str] = "date"
    name: str
    origin: str
    form: str = ""
    months: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    whole_days: bool = True
    fill: float | None = None
    indicator: bool = False

    @classmethod
    def fit(cls, column: pd.Series, form: str, fill: bool, indicator: bool) -> "DateColumn":
        """The encoding of a column of dates; `fill` is by the median.

        Months have inputs if the dates go over more than a year, weekdays and hours if there are
        several.
        """
        days = _days(column)
        there = days[~np.isnan(days)]
        first, last = there.min(), there.max()
        months, weekdays, hours = (np.unique(part) for part in _parts(there))
        origin = np.datetime64(int(first * _DAY), "us")
        return cls(
            str(column.name),
            str(origin.astype("datetime64[s]")),
            form,
            months=_several(months) if last - first > 366 else (),
            weekdays=_several(weekdays),
            hours=_several(hours),
            whole_days=bool((there % 1 == 0).all()),
            fill=float(np.median(there) - first) if fill else None,
            indicator=indicator,
        )

    @property
    def takes_missing(self) -> bool:
        return self.fill is not None

    @property
    def input_names(self) -> tuple[str, ...]:
        """The column, `COLUMN month=Jan` and the like, and `COLUMN=missing`."""
        parts = [
            f"{self.name} {part}={PARTS[part][place]}"
            for part, places in self._parts
            for place in places
        ]
        return (self.name, *parts, *([f"{self.name}=missing"] if self.indicator else []))

    @property
    def _parts(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        named = (("month", self.months), ("weekday", self.weekdays), ("hour", self.hours))
        return tuple((part, places) for part, places in named if places)

    @property
    def _start(self) -> float:
        return float(np.datetime64(self.origin, "us").astype(np.int64) / _DAY)

    def coded(self, column: pd.Series, unseen: bool = False) -> Float64[np.ndarray, " row"]:
        """One number a row, of which `inputs` makes the inputs: the days since the origin."""
        return _days(column) - self._start

    def inputs(self, codes: Float64[np.ndarray, " row"]) -> Float64[np.ndarray, "row input"]:
        """The inputs of coded rows, unscaled; where a date is missing its parts are 0."""
        missing = np.isnan(codes)
        columns = [codes if self.fill is None else np.where(missing, self.fill, codes)]
        by_name = dict(zip(PARTS, _parts(np.where(missing, 0, codes) + self._start), strict=True))
        for part, places in self._parts:
            columns += [(by_name[part] == place) & ~missing for place in places]
        if self.indicator:
            columns.append(missing)
        return np.column_stack(columns).astype(np.float64)

    def fitted(
        self, codes: Float64[np.ndarray, " row"], scale: Scale, weights: Weights = None
    ) -> list[Fitted]:
        """How each input is scaled, by the coded rows of a column."""
        inputs = self.inputs(codes)
        parts, start = [[fit_measure(inputs[:, 0], scale, self.name, weights)]], 1
        for _, places in self._parts:
            stop = start + len(places)
            shares = shares_of(inputs[:, start:stop], weights)
            parts.append(fit_flags(shares, scale, self.name))
            start = stop
        if self.indicator:
            parts.append(fit_flags(shares_of(inputs[:, -1:], weights), scale, self.name))
        return together(parts, scale)

    def decode(self, inputs: Float[np.ndarray, "row input"]) -> pd.Series:
        """The column that unscaled inputs stand for, by the days since the origin."""
        days = np.array(inputs[:, 0], dtype=np.float64) + self._start
        days = np.clip(np.rint(days) if self.whole_days else days, -700_000, 2_900_000)
        # To the second: the days come from 32-bit floats.
        seconds = np.rint(days * 86_400).astype(np.int64)
        dates = pd.Series(seconds.astype("datetime64[s]").astype("datetime64[us]"))
        if self.indicator:
            dates[inputs[:, -1] >= 0.5] = pd.NaT
        if not self.form:
            return dates
        form = self.form
        if form == "ISO8601":
            form = "%Y-%m-%d" if self.whole_days else "%Y-%m-%dT%H:%M:%S"
        return dates.dt.strftime(form)


def _several(found: Int64[np.ndarray, " part"]) -> tuple[int, ...]:
    return tuple(found.tolist()) if len(found) > 1 else ()


def _days(column: pd.Series) -> Float64[np.ndarray, " row"]:
    """Days since 1970 of a column of dates, NaN where one is missing."""
    values = column.to_numpy(dtype="datetime64[us]")
    days = values.astype(np.int64) / _DAY
    return np.where(np.isnat(values), np.nan, days)


def _parts(
    days: Float64[np.ndarray, " row"],
) -> tuple[Int64[np.ndarray, " row"], Int64[np.ndarray, " row"], Int64[np.ndarray, " row"]]:
    """Month, weekday and hour of days since 1970, each counted from 0."""
    seconds = np.rint(days * 86_400).astype(np.int64)
    months = seconds.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12
    whole = seconds // 86_400
    # 1970-01-01 was a Thursday.
    return months, (whole + 3) % 7, seconds % 86_400 // 3_600
