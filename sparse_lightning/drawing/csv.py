"""Tables as CSV that spreadsheets take for data, whatever the names in it begin with."""

import pandas as pd

from sparse_lightning.numerals import is_numeral

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula."""


def csv_text(frame: pd.DataFrame) -> str:
    """A frame as CSV without its index.

    Names and other texts that begin like a formula get an apostrophe before them, which makes them
    text to a spreadsheet. Numbers stay as they are, also those that are written as text.
    """
    columns = {place: frame.iloc[:, place].map(_inert) for place in range(frame.shape[1])}
    inert = pd.DataFrame(columns).set_axis([_inert(name) for name in frame.columns], axis=1)
    return inert.to_csv(index=False, lineterminator="\n")


def _inert(value: object) -> object:
    if not isinstance(value, str) or not value.startswith(FORMULA) or is_numeral(value):
        return value
    return f"'{value}"
