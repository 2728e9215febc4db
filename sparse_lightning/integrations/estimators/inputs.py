"""Numbers in arrays as the inputs of a network, and what a network makes of them."""

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Float32, Float64
from torch import nn

from sparse_lightning.data.columns import NumberColumn, Scale, fit_scaling
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.errors import EstimatorError


def fit_encoding(
    array: Float[np.ndarray, "row column"], names: Sequence[str], scale: Scale
) -> Encoding:
    """How the columns of an array become inputs.

    A constant column, which a table of a study must not have, is centred only: its input is 0, and
    with `minmax`, whose outputs are sigmoids, 0.5, the middle of the range. There a network without
    a single connection rebuilds it.

    Args:
        array: finite numbers.
        names: of the columns.
        scale: `minmax`, `standard` or `none`.

    Raises:
        EstimatorError: two columns have the same name.
        TableError: 64 bits cannot hold the spread of a column.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise EstimatorError(f"two columns are named {twice[0]!r}: rename one of them")
    scalings = [
        _scaling(array[:, place].astype(np.float64), scale, name)
        for place, name in enumerate(names)
    ]
    offsets, factors = zip(*scalings, strict=True)
    return Encoding(tuple(NumberColumn(name) for name in names), offsets, factors)


def encode(
    encoding: Encoding, array: Float[np.ndarray, "row column"]
) -> Float32[np.ndarray, "row input"]:
    """The inputs that rows of the array stand for.

    Raises:
        TableError: a number is too large for a network.
    """
    return encoding.transform(pd.DataFrame(array, columns=list(encoding.columns)))


def applied(
    layers: nn.Sequential, rows: Float[np.ndarray, "row unit"]
) -> Float64[np.ndarray, "row unit"]:
    """What layers make of rows, in 64 bits: so a row's result does not depend on the others."""
    with torch.no_grad():
        return deepcopy(layers).double()(torch.from_numpy(rows.astype(np.float64))).numpy()


def _scaling(values: Float64[np.ndarray, " row"], scale: Scale, name: str) -> tuple[float, float]:
    if scale != "none" and values.min() == values.max():
        return float(values[0]) - (0.5 if scale == "minmax" else 0.0), 1.0
    return fit_scaling(values, scale, name)
