"""Penalties that other packages bring along, by the entry points they declare."""

import sys
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from sparse_lightning.errors import RegularizerError
from sparse_lightning.regularizers.replica import STRENGTHS

ENTRY_POINTS = "sparse_lightning.penalties"
"""The group of entry points: the name is the penalty's symbol, the value its class."""

_KINDS = {
    "weight": ("l1_weight", "l1_threshold"),
    "hidden": ("hidden_weight", "hidden_threshold", "sparsity"),
}


def installed_symbols() -> tuple[str, ...]:
    """The symbols of the penalties of other packages, none of which is imported for it."""
    return _symbols_on(tuple(sys.path))


@cache
def _symbols_on(path: tuple[str, ...]) -> tuple[str, ...]:
    # Each look reads the metadata of every installed package, which takes ten milliseconds.
    return tuple(sorted(entry.name for entry in entry_points(group=ENTRY_POINTS)))


@cache
def installed_class(symbol: str) -> Any:
    """The class of a penalty of another package, imported when it is first asked for.

    Raises:
        RegularizerError: two packages declare the symbol, its class cannot be imported, or it is
            none that a project file can use.
    """
    found = entry_points(group=ENTRY_POINTS, name=symbol)
    if len({entry.value for entry in found}) > 1:
        origins = " and ".join(sorted(_origin(entry) for entry in found))
        raise RegularizerError(f"the penalty {symbol!r} is declared twice: by {origins}")
    (entry, *_) = found
    origin = f"the penalty {symbol!r} of {_origin(entry)}"
    try:
        made = entry.load()
    except (ImportError, AttributeError) as error:
        raise RegularizerError(f"{origin} cannot be imported: {error}") from error
    kind, takes = getattr(made, "kind", None), getattr(made, "takes", ())
    if kind not in _KINDS:
        raise RegularizerError(
            f"{origin} must be a subclass of WeightRegularizer or HiddenRegularizer"
        )
    if getattr(made, "symbol", None) != symbol:
        raise RegularizerError(f"{origin} must have the attribute symbol = {symbol!r}")
    allowed = [name for name in STRENGTHS if name in _KINDS[kind]]
    if not isinstance(takes, tuple) or allowed[0] not in takes or not set(takes) <= {*allowed}:
        raise RegularizerError(
            f"{origin} takes {takes!r}; a {kind} penalty takes {allowed[0]}, and may take "
            f"{', '.join(allowed[1:])}"
        )
    # The base's own, told by its name: project files are read without torch.
    if getattr(getattr(made, "value", None), "__qualname__", "") == "Regularizer.value":
        raise RegularizerError(
            f"{origin} must have a method value(tensor), of the shape (replica,)"
        )
    return made


def _origin(entry: EntryPoint) -> str:
    package = "an unknown package" if entry.dist is None else entry.dist.name
    return f"{package} ({entry.value})"
