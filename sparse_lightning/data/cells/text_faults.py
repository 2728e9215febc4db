"""What is said of a column of text where numbers are expected: what it really is, and a way out."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool

from sparse_lightning._text import listed
from sparse_lightning.data.cells.numerals import Numerals
from sparse_lightning.data.cells.spellings import NUMERIC, Found, Spelled, spelling_of
from sparse_lightning.data.faults import LEAVE_OUT, Fault
from sparse_lightning.data.raw_table import Place

RECODE = f"{LEAVE_OUT}, or say that it holds names, table.columns: {{COLUMN: text}}"


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
        advice = f"{LEAVE_OUT}, or say that it holds dates, table.columns: {{COLUMN: date}}"
    elif found.names_rows:
        text += f" ({found.different} different texts: names of rows, or free text)"
        advice = LEAVE_OUT
    else:
        advice = RECODE
    return Fault(text, "; ".join([advice, *(one.spelling.advice for one in totals)]))


def spelling_fault(
    name: str,
    column: pd.Series,
    bad: Bool[np.ndarray, " row"],
    place: Place,
    spelling: Numerals,
) -> Fault | None:
    """What is said of cells that can be read in two ways, or in another way than the rest."""
    texts = [str(text) if is_bad else "" for text, is_bad in zip(column, bad, strict=True)]
    doubtful = np.array([bool(spelling.doubtful(text)) for text in texts], dtype=bool)
    if doubtful.any() and 2 * np.count_nonzero(bad & ~doubtful) <= len(column):
        first = texts[int(doubtful.argmax())].strip(" %％")
        sign = spelling.doubtful(first)
        sign_name = {",": "comma", ".": "point"}[sign]
        whole, fraction = first.replace(sign, ""), first.replace(sign, ".")
        text = (
            f"column {name!r} holds numbers that can be read in two ways: "
            f"{shown(column, doubtful, place)}: {whole} with a {sign_name} for thousands, or "
            f"{fraction} with a decimal {sign_name}"
        )
        advice = (
            f'say which in the project file, table.dialect: {{thousands: "{sign}"}} or '
            f'{{decimal: "{sign}"}}'
        )
        return Fault(text, advice)
    other = np.array([spelling_of(text).name == "number" for text in texts], dtype=bool)
    if other.any() and not spelling.keeps_plain:
        lacks, has = "a decimal point", "a decimal comma"
        if spelling.percent and "." not in texts[int(other.argmax())]:
            lacks, has = "no sign for per cent", "one"
        text = (
            f"column {name!r} holds numbers in two spellings: {shown(column, other, place)} with "
            f"{lacks}, where the others have {has}"
        )
        return Fault(text, f"{LEAVE_OUT}, or write all in one way")
    return None


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
