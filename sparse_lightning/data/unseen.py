"""What the training rows of a table do not show: columns constant there, levels of others."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from jaxtyping import Float64

from sparse_lightning._text import counted, listed
from sparse_lightning.data.columns import LevelsColumn
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.levels import code_levels, known_as
from sparse_lightning.data.splits import Split
from sparse_lightning.errors import TableError
from sparse_lightning.project.settings import TableSettings

MOST_SHOWN = 5
"""So many levels of a column are named."""


def fit_to_training_rows(
    frame: pd.DataFrame,
    split: Split,
    settings: TableSettings,
    weights: Float64[np.ndarray, " row"] | None,
) -> Encoding:
    """The encoding of the training rows; `TableError` if they, or all rows, have none."""
    if split.parts is None:
        return Encoding.fit(frame, settings.scale, settings.prepare, weights)
    own = None if weights is None else weights[split.training]
    training = frame.loc[split.training]
    try:
        return Encoding.fit(training, settings.scale, settings.prepare, own)
    except TableError as error:
        Encoding.fit(frame, settings.scale, settings.prepare)  # what is wrong with all rows
        raise TableError(
            f"of the {len(training)} training rows: {error}; or choose another evaluation.seed, or "
            "set evaluation.validation and evaluation.test to 0"
        ) from error


def unseen_levels(frame: pd.DataFrame, encoding: Encoding, split: Split) -> Iterator[str]:
    """Sentences on levels that only validation and test rows hold: all inputs are 0 there."""
    if split.parts is None:
        return
    others = frame.loc[split.parts > 0]
    for variable in encoding.variables:
        if not isinstance(variable, LevelsColumn):
            continue
        codes, found = code_levels(others[variable.name])
        known = {*variable.levels}
        unseen = np.array([known_as(level, variable.numeric) not in known for level in found])
        rows = int(unseen[codes].sum()) if len(found) else 0
        if rows:
            levels = [f"{level!r:.40}" for level, new in zip(found, unseen, strict=True) if new]
            yield (
                f"column {variable.name!r} holds {listed(levels, MOST_SHOWN)} in no training row, "
                f"but in {counted(rows, 'validation or test row')}: all of its inputs are 0 there"
            )
