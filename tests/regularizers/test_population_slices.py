"""From replicas to the callbacks of their slices."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning import GroupLasso
from sparse_lightning.regularizers.groups import regularizers_for, terms_of, training_order
from sparse_lightning.regularizers.registry import TERMS
from sparse_lightning.regularizers.replica import FLOOR, Replica

REGULARIZERS = ["sL1+sh", "L1+sh2", "sL1+KL", "KL", "sL1+decs", FLOOR, "L1", "sL1", "sh"]
REGULARIZERS += ["MCP", "SCAD+topk", "logsum", "elastic", "group", "hoyer", "magnitude", "L0"]
ALL = {
    "l1_weight": 0.1,
    "l1_threshold": 0.2,
    "hidden_weight": 0.3,
    "hidden_threshold": 0.4,
    "sparsity": 0.5,
}


def replica(number, regularizer):
    taken = [s for term in terms_of(Replica(0, "", regularizer, 0)) for s in term.strengths]
    strengths = {name: ALL[name] + number / 1000 for name in taken}
    return Replica(number, f"group {number}", regularizer, seed=1, **strengths)


@given(st.lists(st.sampled_from(REGULARIZERS), min_size=1, max_size=20))
def test_slices_cover_exactly_the_replicas_that_have_the_term(names):
    replicas = training_order([replica(number, name) for number, name in enumerate(names)])
    assert sorted(one.number for one in replicas) == list(range(len(names)))
    covered = set()
    for callback in regularizers_for(replicas):
        for place, number in enumerate(range(len(names))[callback.replicas]):
            assert callback.symbol in [term.symbol for term in terms_of(replicas[number])]
            assert (number, callback.symbol) not in covered
            covered.add((number, callback.symbol))
            for name, values in callback.strengths.items():
                prefix = "l1_" if callback.kind == "weight" else "hidden_"
                field = name if name == "sparsity" else prefix + name
                expected = getattr(replicas[number], field)
                assert values[place].item() == pytest.approx(expected, rel=1e-6)
    wanted = {(n, term.symbol) for n, one in enumerate(replicas) for term in terms_of(one)}
    assert covered == wanted


def test_terms_are_contiguous_whatever_the_order_of_the_groups():
    names = ["sL1+sh", "L1", "sL1+KL", "L1", FLOOR, "sL1", "sL1+sh"]
    replicas = training_order([replica(number, name) for number, name in enumerate(names)])
    callbacks = regularizers_for(replicas)
    assert [callback.symbol for callback in callbacks] == ["L1", "sL1", "sh", "KL"]
    sizes = {callback.symbol: len(callback.strengths["weight"]) for callback in callbacks}
    assert sizes == {"L1": 2, "sL1": 4, "sh": 2, "KL": 1}


def test_the_floor_has_no_regularizer():
    assert regularizers_for([replica(0, FLOOR), replica(1, FLOOR)]) == []


def test_the_table_of_terms_says_what_the_classes_say():
    for symbol, term in TERMS.items():
        regularizer = term.callback
        assert (regularizer.symbol, regularizer.kind) == (symbol, term.kind)
        assert regularizer.takes == term.strengths
        assert getattr(regularizer, "has_proximal_step", True) == term.proximal


def test_units_of_the_group_lasso_are_the_columns_of_a_populations_weights():
    """A population keeps (replica, input, output), an ordinary layer (output, input)."""
    weight = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
    crowd, alone = GroupLasso([1.0, 1.0]), GroupLasso(1.0)
    crowd.batched = True
    step = torch.full((2,), 0.3)
    for place, own in enumerate(weight):
        single = own.T.unsqueeze(0)
        torch.testing.assert_close(crowd.value(weight)[place], alone.value(single)[0])
        torch.testing.assert_close(crowd.gradient(weight)[place].T, alone.gradient(single)[0])
        torch.testing.assert_close(
            crowd.proximal_step(weight, step)[place].T, alone.proximal_step(single, step[:1])[0]
        )
