"""Levels that the training rows of a table do not show."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from sparse_lightning._text import counted, listed
from sparse_lightning.data.cells.levels import code_levels, known_as
from sparse_lightning.data.columns.level_columns import LevelsColumn
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.rows.splits import Split

MOST_SHOWN = 5
"""So many levels of a column are named."""


def unseen_levels(frame: pd.DataFrame, encoding: Encoding, split: Split) -> Iterator[str]:
    """Sentences on levels that only validation and test rows hold: all inputs are 0 there."""
    if split.parts is None:
        return
    others = frame.loc[split.parts > 0]
    for variable in encoding.variables:
        if not isinstance(variable, LevelsColumn) or variable.other:
            continue
        codes, found = code_levels(others[variable.name])
        known = {*variable.levels}
        unseen = np.array([known_as(level, variable.numeric) not in known for level in found])
        rows = int(unseen[codes[codes >= 0]].sum()) if len(found) else 0
        if rows:
            levels = [f"{level!r:.40}" for level, new in zip(found, unseen, strict=True) if new]
            yield (
                f"column {variable.name!r} holds {listed(levels, MOST_SHOWN)} in no training row, "
                f"but in {counted(rows, 'validation or test row')}: all of its inputs are 0 there"
            )
