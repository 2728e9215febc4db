import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from sparse_lightning.errors import InputError
from sparse_lightning.interpret.loss import information_loss, rank_correlation

values = st.floats(-100, 100, width=32).map(lambda value: round(value, 3))
tables = st.tuples(st.integers(2, 8), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=values)
)


def each(inputs):
    return [(f"v{place}", slice(place, place + 1)) for place in range(inputs.shape[1])]


@given(tables)
def test_nothing_is_lost_of_a_perfect_reconstruction(inputs):
    assume((np.ptp(inputs, axis=0) > 0.01).all())
    assert (information_loss(inputs, inputs, each(inputs))["loss"] == 0).all()


@given(tables)
def test_the_mean_loses_everything(inputs):
    assume((np.ptp(inputs, axis=0) > 0.01).all())
    means = np.broadcast_to(inputs.mean(axis=0), inputs.shape)
    np.testing.assert_allclose(information_loss(inputs, means, each(inputs))["loss"], 1.0)


def test_losses_of_a_group_are_of_its_sums():
    inputs = np.array([[1.0, 0.0, 5.0], [0.0, 1.0, 7.0]])
    outputs = np.array([[1.0, 0.5, 6.0], [0.0, 0.5, 6.0]])
    groups = [("colour", slice(0, 2)), ("size", slice(2, 3))]
    frame = information_loss(inputs, outputs, groups)
    assert frame["variable"].tolist() == ["colour", "size"]
    assert frame["variance"].tolist() == [0.5, 1.0]
    assert frame["squared_error"].tolist() == [0.25, 1.0]
    assert frame["loss"].tolist() == [0.5, 1.0]


def test_a_constant_variable_has_no_loss():
    inputs = np.full((9, 1), 0.1)
    frame = information_loss(inputs, inputs + 1, each(inputs))
    assert frame["variance"].tolist() == [0.0]
    assert np.isnan(frame["loss"]).all()


def test_what_cannot_be_compared_is_an_input_error():
    with pytest.raises(InputError, match="no rows"):
        information_loss(np.empty((0, 1)), np.empty((0, 1)), [("a", slice(0, 1))])
    with pytest.raises(InputError, match="shape"):
        information_loss(np.ones((2, 1)), np.ones((2, 2)), [("a", slice(0, 1))])


@given(st.lists(st.tuples(values, values), min_size=2, max_size=20))
def test_the_rank_correlation_is_spearmans(pairs):
    one, other = np.array(pairs).T
    assume(len(set(one)) > 1)
    assume(len(set(other)) > 1)
    expected = spearmanr(one, other).statistic
    assert rank_correlation(one, other) == pytest.approx(expected, abs=1e-9)


def test_a_rank_correlation_leaves_out_what_is_unknown():
    one, other = np.array([1.0, 2, 3]), np.array([3.0, np.nan, 2])
    assert rank_correlation(one, other) == pytest.approx(-1)
    assert np.isnan(rank_correlation(one, np.ones(3)))
    assert np.isnan(rank_correlation(one, np.full(3, np.nan)))
