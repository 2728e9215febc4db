"""Effects as tables and documents: by how much each column moves what a network predicts.

torch, which computes them (`average_effects`), is not needed here.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from jaxtyping import Float64

COLUMNS = ("target", "variable", "level", "reference", "effect")


class Contrast(Protocol):
    """How a column is changed, as `data.contrasts` has it."""

    @property
    def variable(self) -> str: ...
    @property
    def place(self) -> slice: ...
    @property
    def factor(self) -> float: ...
    @property
    def reference(self) -> str: ...
    @property
    def levels(self) -> tuple[str, ...]: ...
    @property
    def settings(self) -> Float64[np.ndarray, "level input"] | None: ...


def effects_frame(
    effects: Float64[np.ndarray, "target change"],
    contrasts: Sequence[Contrast],
    targets: Sequence[str],
    units: Sequence[float],
) -> pd.DataFrame:
    """One row a target and change, the effects in units of the targets.

    The columns: target, variable, level and reference (None of numbers), effect. `units` are how
    many units of each target a step of 1 of its output is.
    """
    rows = [
        (target, variable, level, reference, float(effects[place, change]) * unit)
        for place, (target, unit) in enumerate(zip(targets, units, strict=True))
        for change, (variable, level, reference) in enumerate(_changes(contrasts))
    ]
    return _frame(rows)


def _changes(contrasts: Sequence[Contrast]) -> Iterator[tuple[str, str | None, str | None]]:
    for one in contrasts:
        if one.settings is None:
            yield one.variable, None, None
        for level in one.levels:
            yield one.variable, level, one.reference


def effects_document(effects: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as JSON can hold them; an effect that is not finite is None."""
    return [
        {
            **dict(zip(COLUMNS, row, strict=True)),
            "effect": row[-1] if np.isfinite(row[-1]) else None,
        }
        for row in effects.loc[:, list(COLUMNS)].itertuples(index=False)
    ]


def effects_from(document: Any) -> pd.DataFrame:
    """What `effects_document` described.

    A KeyError, TypeError, ValueError or OverflowError says that it described nothing.
    """
    return _frame(
        [
            (
                str(row["target"]),
                str(row["variable"]),
                None if row["level"] is None else str(row["level"]),
                None if row["reference"] is None else str(row["reference"]),
                np.nan if row["effect"] is None else float(row["effect"]),
            )
            for row in document
        ]
    )


def _frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
    return frame.astype({"effect": float})
