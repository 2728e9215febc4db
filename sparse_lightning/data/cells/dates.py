"""Dates and times: how the texts of a column write them, and what they are."""

import re
from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd
from jaxtyping import Bool
from pandas.api import types

ISO = "ISO8601"
"""The format of `2024-01-31`, with or without a time, as pandas calls it."""

_DAYS = (
    *("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y"),
    *("%m-%d-%Y", "%d/%m/%y", "%m/%d/%y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y"),
    *("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%Y年%m月%d日", "%b %Y", "%B %Y", "%Y-%m", "%Y/%m"),
)
_TIMES = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
FORMATS = (ISO, *_DAYS, *(f"{day} {time}" for day, time in product(_DAYS, _TIMES)), *_TIMES)
"""The formats that are known without being named, each tried on a whole column."""

_MAYBE = re.compile(
    r"[\dT:/. ,\-+Z]*\d[\dT:/. ,\-+Z]*(?:[AaPp][Mm])?"
    r"|(?=.*\d).*(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*.*|\d{4}年.*",
    re.IGNORECASE,
)
_FIRST = 200
"""So many different texts tell which formats are worth a trial on all."""


def formats_of(texts: Sequence[str]) -> list[str]:
    """The formats in which all of these different texts are dates or times.

    There are two where days and months cannot be told from each other, and the dates would differ.
    """
    if not texts or not all(_MAYBE.fullmatch(text.strip()) for text in texts[:_FIRST]):
        return []
    column = pd.Series(list(texts), dtype="str")
    fitting: list[tuple[str, pd.Series]] = []
    for form in FORMATS:
        if parsed(column.iloc[:_FIRST], form).isna().any():
            continue
        dates = parsed(column, form)
        if dates.notna().all() and not any(dates.equals(other) for _, other in fitting):
            fitting.append((form, dates))
            if form == ISO:
                break
    return [form for form, _ in fitting]


def parsed(column: pd.Series, form: str) -> pd.Series:
    """Texts as dates without a time zone, as clocks there show them; none where it does not fit."""
    texts = column.astype("str").str.strip()
    if form == ISO:
        # What a clock shows does not depend on the zone that is written behind it.
        texts = texts.str.replace(r"(?<=\d)\s*(?:Z|[-+]\d{2}:?\d{2})$", "", regex=True).where(
            texts.str.contains(":", na=False), texts
        )
    return pd.to_datetime(texts, format=form, errors="coerce").astype("datetime64[us]")


def as_dates(column: pd.Series, form: str | None) -> tuple[pd.Series, Bool[np.ndarray, " row"]]:
    """A column of dates, texts or `datetime.date` as dates, and which values are none of these."""
    kind = column.dtype
    if isinstance(kind, pd.DatetimeTZDtype):
        dates = column.dt.tz_localize(None)
    elif types.is_datetime64_dtype(kind):
        dates = column
    elif isinstance(kind, pd.ArrowDtype):
        return as_dates(pd.Series(column.to_numpy(object), dtype=object), form)
    elif types.is_numeric_dtype(kind) and form is not None and not types.is_bool_dtype(kind):
        whole = column.where(column % 1 == 0).map("{:.0f}".format, na_action="ignore")
        dates = parsed(whole, form)
    else:
        text = np.array([isinstance(value, str) for value in column], dtype=bool)
        others = column.where(~text & column.notna().to_numpy())
        dates = pd.to_datetime(others.astype(object), errors="coerce")
        if isinstance(dates.dtype, pd.DatetimeTZDtype):
            dates = dates.dt.tz_localize(None)
        if text.any():
            of_text = parsed(column.where(text), form or ISO)
            dates = dates.astype("datetime64[us]").where(~text, of_text)
    dates = dates.astype("datetime64[us]")
    return dates, (dates.isna() & column.notna()).to_numpy()


def is_dates(kind: object) -> bool:
    """Whether a column of this type holds dates, with or without a time zone."""
    if isinstance(kind, pd.ArrowDtype):
        return kind.kind == "M" or str(kind).startswith(("date", "timestamp"))
    return types.is_datetime64_any_dtype(kind)
