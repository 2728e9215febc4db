"""The kinds of columns there are: how each becomes inputs of a network and comes back, as JSON."""

from dataclasses import fields
from typing import Any

from sparse_lightning.data.columns.date_columns import DateColumn
from sparse_lightning.data.columns.level_columns import BinaryColumn, LevelsColumn
from sparse_lightning.data.columns.number_columns import NumberColumn, OrderedColumn

ColumnEncoding = NumberColumn | OrderedColumn | BinaryColumn | LevelsColumn | DateColumn
"""What they have in common: `name`, `input_names`, `coded`, `inputs`, `fitted`, `decode` and
`takes_missing`, whether a missing value has inputs."""

LEVELED = (OrderedColumn, BinaryColumn, LevelsColumn)
"""The kinds whose values are names, exactly as the table has them."""

_KINDS = {
    one.kind: one for one in (NumberColumn, OrderedColumn, BinaryColumn, LevelsColumn, DateColumn)
}
_TEXTS = ("name", "value", "other", "missing", "origin", "form", "sign", "decimal")
_SWITCHES = ("numeric", "drop_first", "open", "gaps", "indicator", "whole_days")
_PLACES = ("months", "weekdays", "hours")


def column_to_dict(column: ColumnEncoding) -> dict[str, Any]:
    """The encoding of a column as JSON can hold it; `column_from_dict` makes an equal one of it."""
    plain = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in vars(column).items()
    }
    return {"kind": column.kind, **plain}


def column_from_dict(stored: dict[str, Any]) -> ColumnEncoding:
    """The encoding that `column_to_dict` described, now or in an earlier version.

    KeyError, TypeError or ValueError if it is none. Fields that earlier versions lack have their
    defaults.
    """
    kind = stored["kind"]
    if kind not in _KINDS:
        raise ValueError(f"{kind!r} is no kind of column")
    names = [one.name for one in fields(_KINDS[kind])]
    return _KINDS[kind](**{name: _field(name, stored[name]) for name in names if name in stored})


def _field(name: str, value: Any) -> Any:
    """A field as the column has it; ValueError or TypeError if it cannot be one."""
    if name in _SWITCHES:
        return bool(value)
    if name == "levels":
        return tuple(str(level) for level in value)
    if name in _PLACES:
        places = tuple(int(place) for place in value)
        if any(not 0 <= place < 24 for place in places):
            raise ValueError(f"{name} are counted from 0, got {places}")
        return places
    if value is None:
        if name in ("fill", "other"):
            return None
        raise ValueError(f"{name} must not be null")
    if name in _TEXTS:
        return str(value)
    number = float(value)
    if not number - number == 0:
        raise ValueError(f"{name} must be finite, got {value!r}")
    return number
