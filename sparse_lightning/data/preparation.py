"""A project's declared steps on a table: which rows go, and which columns are recoded."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool

from sparse_lightning._text import did_you_mean
from sparse_lightning.errors import TableError
from sparse_lightning.project.preparation import Step


def recodings(prepare: Sequence[Step]) -> dict[str, tuple[str, Step]]:
    """The columns that become 0/1 inputs, each with its field, for messages, and its step."""
    return {
        column: (_field(number, step), step)
        for number, step in enumerate(prepare)
        for column in step.columns
        if step.recodes
    }


def check_steps(prepare: Sequence[Step], columns: Collection[str]) -> None:
    """Raise `TableError` if a step names a column that is not in use (the target is)."""
    absent = [
        f"{_field(number, step)}: there is no column {column!r} in use"
        f"{did_you_mean(column, columns)}"
        for number, step in enumerate(prepare)
        for column in step.columns
        if column not in columns
    ]
    if absent:
        raise TableError("\n".join(absent) + f" (in use: {', '.join(columns)})")


def drop_rare(frame: pd.DataFrame, prepare: Sequence[Step]) -> Bool[np.ndarray, " row"]:
    """The rows that hold a rare level of a column in which a step looks for them.

    A step counts once, so that a row which it drops still counts for the step's other columns; a
    later step counts what is left. The columns must be complete.
    """
    rare = np.zeros(len(frame), dtype=bool)
    for step in prepare:
        if step.drop_rare is None:
            continue
        left = frame.loc[~rare, list(step.drop_rare.columns)]
        found = np.zeros(len(left), dtype=bool)
        for name in step.drop_rare.columns:
            codes, _ = pd.factorize(left[name])
            found |= (np.bincount(codes) < step.drop_rare.below)[codes]
        rare[~rare] = found
    return rare


def _field(number: int, step: Step) -> str:
    return f"table.prepare[{number}].{step.kind}"
