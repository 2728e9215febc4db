"""What a network says, and how many seeds of its marker say the same."""

import numpy as np
import pytest

from sparse_lightning.interpret.consensus import Consensus
from sparse_lightning.interpret.structure import Structure
from sparse_lightning.interpret.votes import votes


def codes(*rows, back=None):
    """An autoencoder of the columns a, b, c, d whose codes are fed by these weights."""
    weights = np.array(rows, dtype=float)
    return Structure.of([weights, weights.T if back is None else np.array(back).T], "abcd")


def said(structures, seed=1, **more):
    return [vote.sentence for vote in votes(structures, seed, **more)]


TOGETHER = codes([1, 1, 0, 0], [0, 0, 1, 0])
"""a and b share a code, c has its own, d has none."""


def test_each_code_has_a_sentence_with_the_seeds_that_say_so():
    turned = codes([0, 0, 2, 0], [3, 3, 0, 0])  # the codes in another order, other weights
    other = codes([1, 0, 0, 0], [0, 0, 1, 0])
    seeds = {1: TOGETHER, 2: turned, 3: other}
    assert said(seeds) == [
        "c has a code of its own: 3 of 3 seeds",
        "a and b share a code: 2 of 3 seeds",
    ]
    assert said(seeds, seed=3)[1] == "a has a code of its own: 1 of 3 seeds, this one only"


def test_what_one_seed_alone_says_is_flagged():
    seeds = {1: TOGETHER, 2: codes([1, 0, 0, 1], [0, 0, 1, 0])}
    found = votes(seeds, 1)
    assert [(vote.votes, vote.seeds, vote.alone) for vote in found] == [
        (2, 2, False),
        (1, 2, True),
    ]
    assert found[1].sentence == "a and b share a code: 1 of 2 seeds, this one only"


def test_a_single_seed_has_no_votes_and_no_flag():
    assert said({1: TOGETHER}) == ["a and b share a code", "c has a code of its own"]
    assert not any(vote.alone for vote in votes({1: TOGETHER}, 1))


def test_two_of_three_columns_may_have_more_votes_than_all():
    seeds = {1: codes([1, 1, 1, 0]), 2: codes([1, 1, 0, 0]), 3: codes([1, 1, 0, 0])}
    assert said(seeds) == ["a, b and c share a code: 1 of 3 seeds, this one only (a and b: 3)"]
    consensus = Consensus.of(seeds).statements
    pair = consensus.loc[(consensus["first"] == "a") & (consensus["second"] == "b"), "votes"]
    assert pair.tolist() == [3]


def test_a_code_may_rebuild_more_than_it_is_fed_or_something_else():
    mixed = codes([1, 0, 0, 0], back=[[1.0, 1, 0, 0]])
    assert said({1: mixed, 2: TOGETHER}) == [
        "a is kept by a code: 2 of 2 seeds; the code also rebuilds b"
    ]
    transfer = codes([1, 0, 0, 0], back=[[0.0, 1, 0, 0]])
    assert said({1: transfer, 2: mixed, 3: codes([0, 1, 0, 0])}) == [
        "b is rebuilt from a: 2 of 3 seeds"
    ]
    assert said({1: codes([1, 0, 0, 0], [0, 0, 0, 0])}) == ["a has a code of its own"]


def predictor(*rows):
    """A network without hidden units from x and y to the outputs p and q."""
    return Structure.of([np.array(rows, dtype=float)], "xy", "pq")


def test_each_output_says_what_raises_and_lowers_it():
    seeds = {
        1: predictor([1, -1], [0, 0]),
        2: predictor([2, 1], [0, 0]),
        3: predictor([1, 0], [0, 1]),
    }
    assert said(seeds, outputs="class") == [
        "The class p is raised by x (3 of 3); lowered by y (this seed only)",
        "The class q is the same for every row: 2 of 3 seeds",
    ]
    assert [vote.alone for vote in votes(seeds, 1)] == [False, False]
    assert said({1: seeds[1]}, outputs="target")[0] == "The target p is raised by x; lowered by y"


def test_levels_of_a_column_raise_nothing_by_themselves():
    groups = (("x", slice(0, 2)), ("y", slice(2, 3)))
    structure = Structure.of([np.array([[1.0, -1, 0.5]])], ["x: 1", "x: 2", "y"], "p", groups)
    (sentence,) = said({1: structure, 2: structure})
    assert sentence == "The output p is raised by y (2 of 2); moved by x (2 of 2)"


def test_names_are_shortened_and_counted():
    names = [f"column {number}" for number in range(9)] + ["n" * 99]
    structure = Structure.of([np.ones((1, 10)), np.ones((10, 1))], names)
    (sentence,) = said({1: structure})
    assert sentence.startswith("column 0, column 1,")
    assert "and 4 more share a code" in sentence
    with pytest.raises(Exception, match="share"):
        votes({1: structure}, 1, share=2)
