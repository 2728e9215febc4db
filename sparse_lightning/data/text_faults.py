"""What is said of a column of text where numbers are expected: what it really is, and a way out."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool

from sparse_lightning._text import listed
from sparse_lightning.data.faults import LEAVE_OUT, Fault
from sparse_lightning.data.raw_table import Place
from sparse_lightning.data.spellings import NUMERIC, Found, Spelled

RECODE = f"{LEAVE_OUT}, or recode this one by table.prepare (dummies or binarize)"


def text_fault(
    name: str, column: pd.Series, found: Spelled, bad: Bool[np.ndarray, " row"], place: Place
) -> Fault:
    """What a column of text really is, and what can be done about it."""
    if found.kind == "numbers" and found.odd:
        pieces = [_piece(one, place) for one in found.odd]
        advice = [_spelled_out(one) for one in found.odd]
        kind = "numbers in other spellings"
        if all(one.spelling.name not in NUMERIC for one in found.odd):
            kind = "text, not numbers"
        text = f"column {name!r} holds {kind}: {listed(pieces)}"
        return Fault(text, f"{LEAVE_OUT}, or {'; '.join(dict.fromkeys(advice))}")
    if [one.spelling.name for one in found.found] == ["mark"]:
        text = f"column {name!r} holds no number: {_piece(found.found[0], place)}"
        return Fault(text, LEAVE_OUT)
    codes = [one for one in found.found if one.spelling.name == "code"]
    if codes and found.kind != "text":
        (one,) = codes
        text = f"column {name!r} holds names made of digits, not numbers: {_piece(one, place)}"
        return Fault(text, RECODE)
    text = f"column {name!r} holds text, not numbers: {shown(column, bad, place)}"
    totals = [
        one
        for one in found.found
        if one.spelling.name == "total" and one.row + one.count == len(column)
    ]
    text += "".join(f"; {_piece(one, place)}" for one in totals)
    if found.kind == "numbers":
        advice = f"{LEAVE_OUT}, or store these texts, which spell numbers, as numbers"
    elif found.kind == "dates":
        advice = f"{LEAVE_OUT}, or make numbers of dates, such as the days since the first"
    elif found.names_rows:
        text += f" ({found.different} different texts: names of rows, or free text)"
        advice = LEAVE_OUT
    else:
        advice = RECODE
    return Fault(text, "; ".join([advice, *(one.spelling.advice for one in totals)]))


def _piece(found: Found, place: Place) -> str:
    more = f" and {found.count - 1} more" if found.count > 1 else ""
    words = f" {found.spelling.words}" if found.spelling.words else ""
    return f"{found.text!r:.80} in {place(found.row)}{more}{words}"


def _spelled_out(found: Found) -> str:
    """The advice on a spelling, with the number that the first cell stands for."""
    spelling = found.spelling
    if spelling.number is None:
        return spelling.advice
    return f"{spelling.advice.format(f'{spelling.number(found.text.strip()):.15g}')}"


def shown(column: pd.Series, bad: Bool[np.ndarray, " row"], place: Place) -> str:
    """The first of bad cells with its row, and how many more there are."""
    row, count = int(bad.argmax()), int(np.count_nonzero(bad))
    more = f" and {count - 1} more" if count > 1 else ""
    return f"{value_of(column, row)!r:.80} in {place(row)}{more}"


def value_of(column: pd.Series, row: int) -> Any:
    """A cell as Python has it, so that messages show it without numpy's types."""
    value = column.iloc[row]
    return value.item() if isinstance(value, np.generic) else value
