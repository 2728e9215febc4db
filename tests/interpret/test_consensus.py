import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score

from sparse_lightning.errors import InputError
from sparse_lightning.interpret.consensus import (
    EVERY_PATH,
    LOWERS,
    NO,
    RAISES,
    REACHES,
    Consensus,
    agreement_of,
    answers,
    kappa,
    kappas,
    statement_names,
)
from sparse_lightning.interpret.structure import Structure


def autoencoder(layered, *codes, inputs=4):
    """An autoencoder of the columns a, b, … whose codes each keep some of them."""
    encoder = [[1.0 if place in code else 0.0 for place in range(inputs)] for code in codes]
    return Structure.of(layered(encoder, np.transpose(encoder)), "abcdefg"[:inputs])


def predictor(layered, hidden, outputs):
    return Structure.of(layered(hidden, outputs), ["x", "y", "z"], ["price", "size"])


@given(st.integers(1, 40).flatmap(lambda n: arrays(np.int8, (2, n), elements=st.integers(0, 3))))
def test_kappa_is_that_of_scikit_learn(pair):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is undefined
        expected = cohen_kappa_score(*pair)
    np.testing.assert_allclose(kappa(*pair), expected, atol=1e-12)


def test_kappa_by_hand():
    # 8 of 10 the same; yes 4 and 4 times: by chance 0.16 + 0.36.
    first = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    second = np.array([1, 1, 1, 0, 1, 0, 0, 0, 0, 0])
    assert kappa(first, second) == pytest.approx((0.8 - 0.52) / (1 - 0.52))


def test_two_empty_networks_agree_on_nothing():
    empty, full = np.zeros(6, dtype=int), np.array([1, 0, 0, 1, 0, 0])
    assert np.isnan(kappa(empty, empty))
    assert np.isnan(kappa(1 - empty, 1 - empty))
    assert np.isnan(kappa(empty[:0], empty[:0]))
    assert kappa(empty, full) == 0
    assert np.isnan(agreement_of(np.array([empty, empty]))).all()
    # Beside a network that says something, the empty ones are told to disagree with it.
    np.testing.assert_allclose(agreement_of(np.array([empty, empty, full])), [0, 0, 0])


def test_a_network_agrees_as_its_mean_with_the_others():
    given = np.array([[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [1, 0, 1, 0, 0]])
    table = kappas(given)
    assert table[0, 1] == 1
    assert np.isnan(np.diag(table)).all()
    np.testing.assert_array_equal(table, table.T)
    np.testing.assert_allclose(agreement_of(given), [(1 + table[0, 2]) / 2] * 2 + [table[0, 2]])
    assert np.isnan(agreement_of(given[:1])).all()


def test_columns_share_a_code_that_they_are_fed_into_and_rebuilt_from(textbook):
    # b and c share code 2; d and e do not share code 3: e is rebuilt there, but not fed into it.
    structure = Structure.of(textbook, "abcdef")
    given = answers(structure)
    names = statement_names(structure)
    assert len(names) == 15
    assert [names[place] for place in np.flatnonzero(given)] == [("b", "c")]


def test_the_order_of_the_codes_does_not_matter(layered):
    one, other = autoencoder(layered, [], [0, 1], [2]), autoencoder(layered, [2], [0, 1])
    np.testing.assert_array_equal(answers(one), answers(other))


def test_faint_columns_count_where_every_path_does(layered):
    weights = [[1.0, 0.05, 0.0]]
    structure = Structure.of(layered(weights, np.transpose(weights)), "abc")
    assert answers(structure).tolist() == [NO, NO, NO]
    assert answers(structure, EVERY_PATH).tolist() == [REACHES, NO, NO]


def test_columns_raise_or_lower_what_they_reach(layered):
    structure = predictor(layered, [[1, -1, 0], [0, 0, 2]], [[1, 0], [-1, 0]])
    assert answers(structure).tolist() == [RAISES, LOWERS, NO, LOWERS, RAISES, NO]
    assert statement_names(structure)[3] == ("x", "size")


def test_levels_have_no_sign(layered):
    structure = Structure.of(
        layered([[1, -1, 2]], [[1]]),
        ["red", "blue", "width"],
        ["price"],
        [("colour", slice(0, 2)), ("width", slice(2, 3))],
    )
    assert answers(structure).tolist() == [REACHES, RAISES]


def test_a_consensus_counts_the_votes(layered):
    structures = {
        3: autoencoder(layered, [0, 1], [2]),
        5: autoencoder(layered, [2], [0, 1, 3]),
        8: autoencoder(layered, [0, 1]),
    }
    consensus = Consensus.of(structures, title="L1")
    votes = consensus.statements.set_index(["first", "second"])["votes"]
    assert votes.to_dict() == {("a", "b"): 3, ("a", "d"): 1, ("b", "d"): 1}
    assert consensus.statements["seeds"].iloc[1] == (5,)
    assert consensus.sentences == ["a and b share a code: 3 of 3 seeds"]
    # Of 6 pairs all say yes to one, and one network to two more: kappa 2/5 of it with the others.
    expected = (4 / 6 - (1 / 6 * 3 / 6 + 5 / 6 * 3 / 6)) / (1 - 0.5)
    np.testing.assert_allclose(
        consensus.networks["agreement"], [(1 + expected) / 2, expected, (1 + expected) / 2]
    )
    assert consensus.agreement == pytest.approx((2 * (1 + expected) / 2 + expected) / 3)
    assert repr(consensus).splitlines() == [
        f"L1: what most of 3 seeds say, which agree {consensus.agreement:.2g}",
        "a and b share a code: 3 of 3 seeds",
        "(2 statements more of half of the seeds or fewer)",
    ]


def test_a_consensus_of_networks_that_predict(layered):
    structures = {
        seed: predictor(layered, [[1, 0, 0], [0, 1, 0]], [[1, sign], [0, 0]])
        for seed, sign in ((1, 1), (2, -1), (3, -1))
    }
    consensus = Consensus.of(structures)
    assert consensus.sentences == [
        "x raises price: 3 of 3 seeds",
        "y lowers price: 2 of 3 seeds",
    ]


def test_one_seed_and_empty_networks_have_no_agreement(layered):
    alone = Consensus.of({1: autoencoder(layered, [0, 1])})
    assert np.isnan(alone.agreement)
    assert alone.sentences == ["a and b share a code: 1 of 1 seed"]
    empty = Consensus.of({seed: autoencoder(layered, [0]) for seed in (1, 2)})
    assert np.isnan(empty.agreement)
    assert list(empty.statements.columns) == ["first", "second", "votes", "seeds"]
    assert repr(empty).splitlines()[1:] == ["nothing"]


def test_what_cannot_be_counted_is_refused(layered):
    with pytest.raises(InputError, match="no network"):
        Consensus.of({})
    with pytest.raises(InputError, match="same columns"):
        Consensus.of({1: autoencoder(layered, [0]), 2: autoencoder(layered, [0], inputs=5)})
    with pytest.raises(InputError, match="no codes"):
        answers(Structure.of(layered(np.eye(2)), "ab"))
    with pytest.raises(InputError, match="share"):
        answers(autoencoder(layered, [0]), share=2)
