"""What it means to change a column a little: the settings of its inputs that are compared."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from sparse_lightning.data.columns.kinds import ColumnEncoding
from sparse_lightning.data.columns.level_columns import BinaryColumn, LevelsColumn
from sparse_lightning.data.columns.number_columns import OrderedColumn
from sparse_lightning.data.encoding import Encoding


@dataclass(frozen=True, eq=False)
class Contrast:
    """The inputs of one column, and what they are set to.

    Attributes:
        variable: the name of the column.
        place: its inputs.
        factor: of a number: how many of its units a step of 1 of its input is; of levels 1.
        reference: of levels: what the others are compared with; "" of a number.
        levels: of levels: the others.
        settings: of levels: the scaled inputs for the reference, then for each other level; of a
            number None.
    """

    variable: str
    place: slice
    factor: float = 1.0
    reference: str = ""
    levels: tuple[str, ...] = ()
    settings: Float64[np.ndarray, "level input"] | None = None


def contrasts(encoding: Encoding) -> list[Contrast]:
    """The contrast of every column, in their order.

    Of a column of levels, in an order or not, the others are compared with the first, also those
    that are not listed and missing ones where they have an input; of a column of which one value
    counts that value with what is not it. Numbers, and dates by their days, change by one.
    """
    return [
        _contrast(encoding, variable, place)
        for variable, (_, place) in zip(encoding.variables, encoding.groups, strict=True)
    ]


def _contrast(encoding: Encoding, variable: ColumnEncoding, place: slice) -> Contrast:
    offsets, factors = (np.array(values[place]) for values in (encoding.offsets, encoding.factors))
    if isinstance(variable, BinaryColumn):
        other = f"not {variable.value}" if variable.other is None else variable.other
        names, codes = (other, variable.value), np.array([0.0, 1.0])
    elif isinstance(variable, LevelsColumn):
        names, codes = variable.places, np.arange(len(variable.places))
    elif isinstance(variable, OrderedColumn):
        names, codes = variable.levels, np.arange(float(len(variable.levels)))
    else:
        # The first input of numbers and dates is the number, or the days; others say what is
        # missing, and the months and weekdays of a date.
        return Contrast(variable.name, place, factor=float(factors[0]))
    settings = (variable.inputs(codes) - offsets) / factors
    return Contrast(variable.name, place, 1.0, names[0], tuple(names[1:]), settings)
