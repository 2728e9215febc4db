"""Every penalty by its symbol: its strengths and its callback. To register one is a line here.

Those of other packages come by the entry points that they declare. Nothing here loads torch, since
project files are read by it.
"""

import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from sparse_lightning._text import did_you_mean, listed
from sparse_lightning.errors import RegularizerError
from sparse_lightning.regularizers.replica import STRENGTHS

ENTRY_POINTS = "sparse_lightning.penalties"
"""The group of entry points: the name is the penalty's symbol, the value its class."""


@dataclass(frozen=True)
class Term:
    """One penalty of a regularizer.

    Attributes:
        symbol: the name in project files and tables.
        kind: what is penalised.
        strengths: the strengths and thresholds that it takes.
        home: the module of this package and the class, as in `weight_penalties:L1`; empty for a
            penalty of another package.
        proximal: whether a penalty of the weights has a proximal step, or needs none.
        share: whether its λ is a share of the weights, between 0 and 1.
    """

    symbol: str
    kind: Literal["weight", "hidden"]
    strengths: tuple[str, ...]
    home: str = ""
    proximal: bool = True
    share: bool = False

    @property
    def callback(self) -> Any:
        """The class of its callback, imported when it is first asked for."""
        if not self.home:
            return installed_class(self.symbol)
        module, name = self.home.split(":")
        return getattr(import_module(f"sparse_lightning.regularizers.{module}"), name)


_WEIGHT, _THRESHOLD = ("l1_weight",), ("l1_weight", "l1_threshold")
_HIDDEN, _LIMIT, _SPARSITY = (
    ("hidden_weight",),
    ("hidden_weight", "hidden_threshold"),
    ("hidden_weight", "sparsity"),
)

TERMS: dict[str, Term] = {
    term.symbol: term
    for term in (
        Term("L1", "weight", _WEIGHT, "weight_penalties:L1"),
        Term("sL1", "weight", _THRESHOLD, "weight_penalties:SelectiveL1"),
        Term("elastic", "weight", _WEIGHT, "weight_penalties:ElasticNet"),
        Term("MCP", "weight", _THRESHOLD, "weight_penalties:MCP"),
        Term("SCAD", "weight", _THRESHOLD, "weight_penalties:SCAD"),
        Term("logsum", "weight", _THRESHOLD, "weight_penalties:LogSum"),
        Term("group", "weight", _WEIGHT, "weight_penalties:GroupLasso"),
        Term("hoyer", "weight", _WEIGHT, "weight_penalties:HoyerSquare", proximal=False),
        Term("magnitude", "weight", _WEIGHT, "prune:Magnitude", share=True),
        Term("L0", "weight", _WEIGHT, "hard_concrete:L0"),
        Term("sh", "hidden", _LIMIT, "hidden_penalties:HiddenL1"),
        Term("sh2", "hidden", _LIMIT, "hidden_penalties:HiddenL2"),
        Term("KL", "hidden", _SPARSITY, "hidden_penalties:HiddenKL"),
        Term("decs", "hidden", _HIDDEN, "hidden_penalties:HiddenCovariance"),
        Term("topk", "hidden", _SPARSITY, "hidden_penalties:HiddenTopK"),
    )
}
"""The penalties of this package, in the order in which a population trains them."""


def term_of(symbol: str) -> Term | None:
    """The term of a symbol, of this package or of another one; None where there is no such one.

    Raises `RegularizerError` if the penalty of another package cannot be used.
    """
    if symbol in TERMS:
        return TERMS[symbol]
    if symbol not in installed_symbols():
        return None
    callback = installed_class(symbol)
    proximal = getattr(callback, "has_proximal_step", True)
    return Term(symbol, callback.kind, callback.takes, proximal=proximal)


def rank_of(term: Term) -> tuple[int, str]:
    """Where a term comes in a regularizer's name and in a population: ours first, then by name."""
    symbols = list(TERMS)
    known = term.symbol in TERMS
    return (symbols.index(term.symbol) if known else len(symbols)), term.symbol


def parse_regularizer(name: str) -> tuple[Term, ...]:
    """The terms of a regularizer's name, as in `sL1+sh`, in the order of `TERMS`.

    There is at most one for the weights and one for the hidden outputs. Raises `RegularizerError`
    if a term is not known, or two are of one kind.
    """
    symbols = [symbol.strip() for symbol in name.split("+")]
    terms: dict[str, Term] = {}
    for symbol in symbols:
        term = term_of(symbol)
        if term is None:
            known = [*TERMS, *installed_symbols()]
            raise RegularizerError(
                f"{name!r} holds the unknown term {symbol!r}"
                f"{did_you_mean(symbol, known)} (known: {', '.join(known)})"
            )
        terms[symbol] = term
    for kind in ("weight", "hidden"):
        same = [symbol for symbol in symbols if terms[symbol].kind == kind]
        if len(same) > 1:
            raise RegularizerError(
                f"{name!r} holds {listed(same)}: a regularizer has at most one {kind} term"
            )
    return tuple(sorted(terms.values(), key=rank_of))


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

    Raises `RegularizerError` if two packages declare the symbol, its class cannot be imported, or
    it is none that a project file can use.
    """
    found = entry_points(group=ENTRY_POINTS, name=symbol)
    if len({entry.value for entry in found}) > 1:
        origins = listed(sorted(_origin(entry) for entry in found))
        raise RegularizerError(f"the penalty {symbol!r} is declared twice: by {origins}")
    (entry, *_) = found
    origin = f"the penalty {symbol!r} of {_origin(entry)}"
    try:
        callback = entry.load()
    except (ImportError, AttributeError) as error:
        raise RegularizerError(f"{origin} cannot be imported: {error}") from error
    kind, takes = getattr(callback, "kind", None), getattr(callback, "takes", ())
    if kind not in _KINDS:
        raise RegularizerError(
            f"{origin} must be a subclass of WeightRegularizer or HiddenRegularizer"
        )
    if getattr(callback, "symbol", None) != symbol:
        raise RegularizerError(f"{origin} must have the attribute symbol = {symbol!r}")
    allowed = [name for name in STRENGTHS if name in _KINDS[kind]]
    if not isinstance(takes, tuple) or allowed[0] not in takes or not set(takes) <= {*allowed}:
        raise RegularizerError(
            f"{origin} takes {takes!r}; a {kind} penalty takes {allowed[0]}, and may take "
            f"{', '.join(allowed[1:])}"
        )
    # The base's own, known by its name: project files are read without torch.
    if getattr(getattr(callback, "value", None), "__qualname__", "") == "Regularizer.value":
        raise RegularizerError(
            f"{origin} must have a method value(tensor), of the shape (replica,)"
        )
    return callback


def _origin(entry: EntryPoint) -> str:
    package = "an unknown package" if entry.dist is None else entry.dist.name
    return f"{package} ({entry.value})"
