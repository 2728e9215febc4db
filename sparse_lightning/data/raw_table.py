"""A table as a file holds it, before anything is chosen, typed or left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, eq=False)
class RawTable:
    """A table as a file holds it; its columns are read when they are asked for.

    Attributes:
        names: of the columns.
        rows: how many.
        digest: the SHA-256 of the file's bytes, uncompressed.
        read: reads columns by their names, one row a row of the file: numbers as 64-bit floats,
            other types as pandas infers them.
        lines: the line on which each row ends; None for files without lines.
    """

    names: tuple[str, ...]
    rows: int
    digest: str
    read: Callable[[Sequence[str]], pd.DataFrame]
    lines: Sequence[int] | None = None

    def place(self, row: int) -> str:
        """A row, counted from 0, as a person would look for it: `row 3 (line 4)`."""
        return f"row {row + 1}" + (f" (line {self.lines[row]})" if self.lines else "")
