"""What a table that can be used may have in it that was not meant: told, and left as it is."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from jaxtyping import Float64
from pandas.api import types

from sparse_lightning._text import listed
from sparse_lightning.data.cells.spellings import is_mark, is_total, spelled
from sparse_lightning.data.columns.level_columns import LevelsColumn
from sparse_lightning.data.columns.number_columns import NumberColumn
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.raw_table import Place

FEW_ROWS = 10
"""Fewer rows tell next to nothing of a network."""

MANY_CLASSES = 20
"""A target of more whole numbers is often a measure."""

SENTINELS = (-9.0, -99.0, -999.0, -9999.0, -99999.0, 999.0, 9999.0, 99999.0, 999999.0)
"""Numbers that are written where there is none."""

MOST_NAMES = 20
"""So many columns of one kind are named."""

MOST_ALIKE = 5
"""So many spellings of one name are shown."""


def suspicions(
    frame: pd.DataFrame, encoding: Encoding, target: pd.Series | None, place: Place
) -> Iterator[str]:
    """Sentences on a complete table: few rows, ids, numbers that mean none, totals, wide dummies.

    The frame is as it is used, without its target; `place` names its rows.
    """
    rows, inputs = len(frame), len(encoding.input_names)
    named = {str(name): column for name, column in frame.items()}
    if target is not None:
        named[str(target.name)] = target
    if rows < FEW_ROWS:
        yield f"{rows} rows are too few to tell one network from another"
    numbers = [one.name for one in encoding.variables if isinstance(one, NumberColumn)]
    counting = [repr(name) for name in numbers if is_counting(frame[name].to_numpy())]
    if counting:
        yield (
            f"column {listed(counting, MOST_NAMES)} numbers the rows, as an id does: leave it out, "
            "unless the order of the rows is meant"
        )
    coded = [repr(name) for name in numbers if is_coded(frame[name].to_numpy())]
    if coded:
        yield (
            f"column {listed(coded, MOST_NAMES)} holds another whole number of the same length in "
            "every row, as an id does: leave it out, unless it is a measure"
        )
    for name, column in named.items():
        if (found := _for_none(column, name in numbers or column is target)) is not None:
            value, count = found
            yield (
                f"column {name!r} holds {value} in {count} of {rows} rows: if it stands for no "
                "value, leave those cells empty"
            )
        if types.is_string_dtype(column.dtype):
            yield from _alike(name, column)
    for variable in encoding.variables:
        if isinstance(variable, LevelsColumn):
            yield from _of_levels(variable, rows)
    if inputs > rows >= FEW_ROWS:
        yield f"there are {inputs} inputs, more than the {rows} rows"
    for name, column in named.items():
        if column.dtype != np.float64 and is_total(str(column.iloc[-1])):
            yield (
                f"{place(rows - 1)} says {column.iloc[-1]!r:.40} in column {name!r}: if it is the "
                "total of the others, delete it from the file"
            )
    if target is not None and target.dtype == np.float64 and target.nunique() > MANY_CLASSES:
        yield (
            f"the target {target.name!r} has {target.nunique()} numbers as classes: if it is a "
            "measure, use the task regressor, or make a few classes of it"
        )


def classes_suspected(numbers: pd.DataFrame) -> Iterator[str]:
    """Sentences on targets of a regression that hold two numbers only, as classes do."""
    for name, column in numbers.items():
        if column.nunique() == 2:
            low, high = column.min(), column.max()
            yield (
                f"the target {name!r} holds no other numbers than {low:g} and {high:g}: if they "
                "stand for classes, use the task classifier"
            )


def _of_levels(variable: LevelsColumn, rows: int) -> Iterator[str]:
    """What is wrong with a column that became one input a level."""
    levels = len(variable.levels)
    if levels > 20 and levels > rows / 2:
        yield (
            f"column {variable.name!r} becomes {len(variable.input_names)} inputs, nearly one a "
            "row: names of rows are not worth one, leave it out"
        )
    if variable.numeric:
        return
    found = spelled(pd.Series(variable.levels, dtype="str"))
    if found.kind == "numbers" and found.odd:
        yield (
            f"column {variable.name!r} becomes {len(variable.input_names)} inputs, but holds "
            f"numbers, such as {found.odd[0].text!r:.40} {found.odd[0].spelling.words}: written "
            "plainly they are one input"
        )


def _alike(name: str, column: pd.Series) -> Iterator[str]:
    """A sentence on levels or classes that differ in nothing that is seen at once."""
    alike: dict[str, list[str]] = {}
    for level in map(str, column.dropna().unique()):
        alike.setdefault(" ".join(level.split()).casefold(), []).append(level)
    found = [levels for levels in alike.values() if len(levels) > 1]
    if found:
        more = f" (one of {len(found)} such names)" if len(found) > 1 else ""
        shown = listed([f"{level!r:.40}" for level in found[0]], MOST_ALIKE)
        yield (
            f"column {name!r} holds {shown}, which differ in spaces or capital letters "
            f"alone{more}: if they are one, write them alike"
        )


def _for_none(column: pd.Series, is_number: bool) -> tuple[str, int] | None:
    """A value of a column that is written for none, and in how many rows it is."""
    if column.dtype == np.float64:
        found = sentinel(column.to_numpy()) if is_number else None
        return None if found is None else (f"{found[0]:g}", found[1])
    for text, count in column.value_counts().items():
        if is_mark(str(text)) or not str(text).strip():
            return repr(text), int(count)
    return None


def _are_whole(values: Float64[np.ndarray, " row"]) -> bool:
    # Most columns of fractions are known by their first rows.
    return bool((values[:100] % 1 == 0).all() and (values % 1 == 0).all())


def is_counting(values: Float64[np.ndarray, " row"]) -> bool:
    """Whether whole numbers count the rows, in their order or any: each once, with few gaps."""
    rows = len(values)
    # Halves, because the difference of the largest floats is none.
    if rows < 5 or values.max() / 2 - values.min() / 2 >= rows or not _are_whole(values):
        return False
    if (np.diff(values) > 0).all():
        return True
    return values.max() - values.min() == rows - 1 and len(np.unique(values)) == rows


def is_coded(values: Float64[np.ndarray, " row"]) -> bool:
    """Whether whole numbers of at least 5 digits, all of one length, are different in every row."""
    if len(values) < 20 or values.min() < 10_000 or not _are_whole(values):
        return False
    lengths = np.floor(np.log10(values[[values.argmin(), values.argmax()]]))
    if lengths[0] != lengths[1] or len(np.unique(values)) < len(values):
        return False
    return not is_counting(values)


def sentinel(values: Float64[np.ndarray, " row"]) -> tuple[float, int] | None:
    """A number that is written for none, and in how many rows; None where there is none.

    It is the least or the greatest, and farther from all others than these are from each other; or
    the one negative number.
    """
    for value in (values.min(), values.max()):
        if value not in SENTINELS:
            continue
        others = values[values != value]
        if not len(others):
            return None
        least, most = others.min(), others.max()
        gap = least - value if value < 0 else value - most
        if gap > 3 * (most - least) or (value < 0 <= least):
            return float(value), int(len(values) - len(others))
    return None
