"""The names of regularizers."""

import re
from pathlib import Path

import pytest

from sparse_lightning.errors import RegularizerError
from sparse_lightning.regularizers.registry import TERMS, parse_regularizer

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("name", "symbols"),
    [
        ("L1", ["L1"]),
        ("KL", ["KL"]),
        ("sL1+sh2", ["sL1", "sh2"]),
        ("decs+sL1", ["sL1", "decs"]),
        ("sL1 + KL", ["sL1", "KL"]),
    ],
)
def test_terms_come_in_the_order_of_the_table(name, symbols):
    assert parse_regularizer(name) == tuple(TERMS[symbol] for symbol in symbols)


def test_every_penalty_is_in_the_reference_and_in_the_guide():
    reference = (DOCS / "reference" / "regularizers.md").read_text(encoding="utf-8")
    guide = (DOCS / "how-to" / "more-regularizers.md").read_text(encoding="utf-8")
    published = {"L1", "sL1", "sh", "sh2", "KL", "decs"}
    for symbol, term in TERMS.items():
        name = {"magnitude": "Prune"}.get(symbol, term.callback.__name__)
        assert f"::: sparse_lightning.{name}\n" in reference
        assert symbol in published or f"`{symbol}`" in guide


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sl1", "unknown term 'sl1'; did you mean sL1? (known: L1, sL1, elastic, MCP, "),
        ("sL1+dec", "unknown term 'dec'; did you mean decs?"),
        ("L1+", "unknown term ''"),
        ("none", "unknown term 'none' (known"),
        ("L1+L1", "holds L1 and L1: a regularizer has at most one weight term"),
        ("sh+decs", "holds sh and decs: a regularizer has at most one hidden term"),
    ],
)
def test_a_wrong_name_is_explained(name, expected):
    with pytest.raises(RegularizerError, match=re.escape(expected)):
        parse_regularizer(name)
