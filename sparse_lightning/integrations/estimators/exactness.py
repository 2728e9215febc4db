"""What scikit-learn would convert in silence: text to numbers, large whole numbers to others."""

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types
from pandas.api.extensions import ExtensionDtype

from sparse_lightning.data.cells.levels import is_exact
from sparse_lightning.errors import EstimatorError


def check_exact(rows: Any) -> None:
    """Raise an EstimatorError for columns of text, or of whole numbers that floats would merge.

    `rows` are a frame, an array or lists; of all else scikit-learn tells.
    """
    for name, column in _columns(rows):
        row = next((row for row, one in enumerate(column) if isinstance(one, str)), None)
        if row is not None:
            raise EstimatorError(
                f"column {name} of X holds text: {column[row]!r:.80} in row {row + 1}; encode it "
                "first, as OneHotEncoder does, or leave it out"
            )
        row = next((row for row, one in enumerate(column) if not _is_held(one)), None)
        if row is not None:
            raise EstimatorError(
                f"column {name} of X holds whole numbers that 64-bit floats do not tell from "
                f"others: {int(column[row])} in row {row + 1}, most likely names; leave it out"
            )


def exact_classes(y: Any) -> Any:
    """Classes without the types of pandas that NumPy takes for floats."""
    if isinstance(y, pd.Series) and isinstance(y.dtype, ExtensionDtype):
        kind: Any = y.dtype
        if types.is_integer_dtype(kind) and y.notna().all():
            return y.to_numpy(dtype=kind.numpy_dtype)
    return y


def _is_held(value: Any) -> bool:
    return is_exact(value) or not isinstance(value, Integral) or int(value) == float(value)


def _columns(rows: Any) -> Iterator[tuple[str, list[Any]]]:
    """The columns that may hold text or large whole numbers, as Python's own values."""
    if isinstance(rows, pd.DataFrame):
        for name, column in rows.items():
            kind = column.dtype
            if not (types.is_float_dtype(kind) or types.is_bool_dtype(kind)):
                yield repr(name), _present(column)
        return
    if not isinstance(rows, np.ndarray | list | tuple) and not hasattr(rows, "__array__"):
        return
    try:
        array = np.asarray(rows)
    except ValueError:  # rows of different lengths
        return
    if array.ndim == 2 and array.dtype.kind in "USOiu":
        for place, column in enumerate(array.T, start=1):
            yield str(place), column.tolist()


def _present(column: pd.Series) -> list[Any]:
    return column.astype(object).where(column.notna(), 0).tolist()
