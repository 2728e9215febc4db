"""Which penalties there are, what strengths each takes, and how their names combine."""

from dataclasses import dataclass
from typing import Literal

from sparse_lightning._text import did_you_mean
from sparse_lightning.errors import RegularizerError
from sparse_lightning.regularizers.installed import installed_class, installed_symbols


@dataclass(frozen=True)
class Term:
    """One penalty of a regularizer.

    Attributes:
        symbol: its name in project files and tables.
        kind: whether it is a penalty of the weights or of the hidden outputs.
        strengths: the strengths and thresholds it takes.
        proximal: whether a penalty of the weights has a proximal step, or needs none.
        share: whether its λ is a share of the weights, between 0 and 1.
    """

    symbol: str
    kind: Literal["weight", "hidden"]
    strengths: tuple[str, ...]
    proximal: bool = True
    share: bool = False


TERMS: dict[str, Term] = {
    term.symbol: term
    for term in (
        Term("L1", "weight", ("l1_weight",)),
        Term("sL1", "weight", ("l1_weight", "l1_threshold")),
        Term("elastic", "weight", ("l1_weight",)),
        Term("MCP", "weight", ("l1_weight", "l1_threshold")),
        Term("SCAD", "weight", ("l1_weight", "l1_threshold")),
        Term("logsum", "weight", ("l1_weight", "l1_threshold")),
        Term("group", "weight", ("l1_weight",)),
        Term("hoyer", "weight", ("l1_weight",), proximal=False),
        Term("magnitude", "weight", ("l1_weight",), share=True),
        Term("L0", "weight", ("l1_weight",)),
        Term("sh", "hidden", ("hidden_weight", "hidden_threshold")),
        Term("sh2", "hidden", ("hidden_weight", "hidden_threshold")),
        Term("KL", "hidden", ("hidden_weight", "sparsity")),
        Term("decs", "hidden", ("hidden_weight",)),
        Term("topk", "hidden", ("hidden_weight", "sparsity")),
    )
}
"""Every penalty by its symbol; this table is all that project files need to know about one."""


def term_of(symbol: str) -> Term | None:
    """The term of a symbol, of this package or of another one; None where there is no such one.

    Raises:
        RegularizerError: the penalty of another package cannot be used.
    """
    if symbol in TERMS:
        return TERMS[symbol]
    if symbol not in installed_symbols():
        return None
    made = installed_class(symbol)
    return Term(symbol, made.kind, made.takes, getattr(made, "has_proximal_step", True))


def rank_of(term: Term) -> tuple[int, str]:
    """Where a term comes in a regularizer's name and in a population: ours first, then by name."""
    symbols = list(TERMS)
    known = term.symbol in TERMS
    return (symbols.index(term.symbol) if known else len(symbols)), term.symbol


def parse_regularizer(name: str) -> tuple[Term, ...]:
    """The terms of a regularizer's name, as in `sL1+sh`.

    Args:
        name: terms joined by `+`; at most one for the weights and one for the hidden outputs.

    Returns:
        The terms in the order of `TERMS`.

    Raises:
        RegularizerError: a term is not known, or two are of one kind.
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
                f"{name!r} holds {' and '.join(same)}: a regularizer has at most one {kind} term"
            )
    return tuple(sorted(terms.values(), key=rank_of))
