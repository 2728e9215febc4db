"""The names of regularizers."""

import re

import pytest

from sparse_lightning.errors import RegularizerError
from sparse_lightning.regularizers.terms import TERMS, parse_regularizer


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
