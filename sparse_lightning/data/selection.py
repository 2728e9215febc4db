"""The columns of a frame by their names, each of which is there once."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from sparse_lightning._text import did_you_mean
from sparse_lightning.errors import TableError, kind_of


def select(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The named columns in that order; `TableError` if it is no frame with each of them once.

    A name that is no text is found by its text, which is its name in a Parquet file.
    """
    check_frame(frame)
    known = [name_in_file(name) for name in frame.columns]
    check_known(names, known)
    places = {name: place for place, name in enumerate(known)}
    return frame.iloc[:, [places[name] for name in names]].set_axis(list(names), axis=1)


def name_in_file(name: object) -> str:
    """What a column of a frame is called in a Parquet file that pandas writes."""
    return str(tuple(map(str, name)) if isinstance(name, tuple) else name)


def check_frame(frame: object) -> None:
    """Raise `TableError` if a value is no frame."""
    if not isinstance(frame, pd.DataFrame):
        raise TableError(f"expected a pandas DataFrame with named columns, got {kind_of(frame)}")


def check_known(names: Sequence[object], columns: Sequence[object]) -> None:
    """Raise `TableError` if a table does not have these columns, each once."""
    known, counts = [str(name) for name in columns], Counter(columns)
    absent, repeated = [], []
    for name in names:
        if not isinstance(name, str):
            raise TableError(f"the name {name!r} of a column must be text")
        if name not in counts:
            absent.append(f"there is no column {name!r}{did_you_mean(name, known)}")
        elif counts[name] > 1:
            repeated.append(f"several columns are named {name!r}")
    if absent:
        shown = ", ".join(known[:40]) + (", …" if len(known) > 40 else "")
        absent[-1] += f" (columns: {shown})"
    if absent or repeated:
        raise TableError("\n".join([*absent, *repeated]))
