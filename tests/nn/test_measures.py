"""Contribution ratios against numpy's projections, and the laws of the measures."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sparse_lightning.nn.components import (
    by_contribution,
    contribution_ratios,
    covariance_of,
    exact_components,
    mean_loadings,
    span_decoder,
    sparse_pca,
    unit_loadings,
)

# Loadings that are 0 or of a size that counts: rank is no matter of rounding.
LOADINGS = st.one_of(st.just(0.0), st.integers(-8, 8).map(lambda n: n / 4))
ROWS = torch.randn(60, 6, generator=torch.Generator().manual_seed(4)).double()
MIXED = ROWS @ torch.randn(6, 6, generator=torch.Generator().manual_seed(5)).double()
COVARIANCE = covariance_of(MIXED)


@st.composite
def loadings(draw, components=4):
    return torch.tensor(draw(arrays(np.float64, (2, 6, components), elements=LOADINGS)))


def projected(vectors, n):
    """tr(P C) / tr C with numpy's pseudo-inverse."""
    first = vectors[:, :n].numpy()
    projection = first @ np.linalg.pinv(first, rcond=1e-8)
    return np.trace(projection @ COVARIANCE.numpy()) / np.trace(COVARIANCE.numpy())


@settings(max_examples=60)
@given(loadings())
def test_contributions_are_those_of_projections(drawn):
    ratios = contribution_ratios(drawn, COVARIANCE)
    expected = [[projected(one, n) for n in range(1, 5)] for one in drawn]
    np.testing.assert_allclose(ratios.numpy(), expected, atol=1e-9)


@settings(max_examples=60)
@given(loadings())
def test_contributions_rise_from_0_to_at_most_1(drawn):
    ratios = contribution_ratios(drawn, COVARIANCE)
    assert (ratios >= 0).all()
    assert (ratios <= 1 + 1e-12).all()
    assert (ratios.diff(dim=1) >= 0).all()


@settings(max_examples=60)
@given(loadings(), st.lists(st.sampled_from([-3.0, -0.5, 0.2, 7.0]), min_size=4, max_size=4))
def test_lengths_and_signs_of_components_do_not_matter(drawn, factors):
    scaled = drawn * torch.tensor(factors, dtype=torch.float64)
    for measure in (mean_loadings, lambda v: contribution_ratios(v, COVARIANCE)):
        torch.testing.assert_close(measure(scaled), measure(drawn))
    torch.testing.assert_close(unit_loadings(scaled).abs(), unit_loadings(drawn).abs())


@settings(max_examples=60)
@given(loadings())
def test_order_is_greedy_and_leaves_all_components_together_alone(drawn):
    ordered = by_contribution(drawn, COVARIANCE)
    ratios = contribution_ratios(ordered, COVARIANCE)
    torch.testing.assert_close(ratios[:, -1], contribution_ratios(drawn, COVARIANCE)[:, -1])
    for one, sorted_one, ratio in zip(drawn, ordered, ratios, strict=True):
        assert sorted(map(tuple, one.T.tolist())) == sorted(map(tuple, sorted_one.T.tolist()))
        for n in range(4):
            choices = [
                projected(torch.cat([sorted_one[:, :n], one[:, [j]]], 1), n + 1) for j in range(4)
            ]
            assert ratio[n].item() == pytest.approx(max(choices), abs=1e-9)


def test_exact_components_are_those_of_numpy_and_the_best_there_are():
    exact = exact_components(COVARIANCE, 6)
    values = np.linalg.eigvalsh(COVARIANCE.numpy())[::-1]
    ratios = contribution_ratios(exact, COVARIANCE)
    np.testing.assert_allclose(ratios[0].numpy(), values.cumsum() / values.sum(), atol=1e-12)
    torch.testing.assert_close(exact[0].T @ exact[0], torch.eye(6, dtype=torch.float64))
    assert torch.equal(by_contribution(exact, COVARIANCE), exact)
    assert (exact[0].gather(0, exact[0].abs().argmax(0, keepdim=True)) > 0).all()


@settings(max_examples=40)
@given(loadings())
def test_no_components_beat_the_exact_ones(drawn):
    best = contribution_ratios(exact_components(COVARIANCE, 4), COVARIANCE)
    assert (contribution_ratios(drawn, COVARIANCE) <= best + 1e-12).all()


@settings(max_examples=40)
@given(loadings())
def test_the_decoder_reconstructs_by_projecting_on_the_span(drawn):
    assume((drawn.abs().amax(1) > 0).any())
    centred = MIXED - MIXED.mean(0)
    rebuilt = centred @ drawn @ span_decoder(drawn)
    error = (rebuilt - centred).square().sum(2).mean(1) / COVARIANCE.trace()
    torch.testing.assert_close(1 - error, contribution_ratios(drawn, COVARIANCE)[:, -1])


def test_32_bits_find_dependent_components_too():
    vectors = torch.randn(3, 6, 3, generator=torch.Generator().manual_seed(1))
    dependent = torch.cat([vectors, vectors @ torch.tensor([[1.0], [-2.0], [0.5]])], 2)
    ratios = contribution_ratios(dependent, COVARIANCE.float())
    torch.testing.assert_close(ratios[:, 3], ratios[:, 2], rtol=0, atol=0)


def test_mean_loadings_count_directions():
    vectors = torch.tensor([[3.0, 0.0, 0.009], [4.0, 0.0, 0.0], [0.01, 0.0, 1e-5]])[None]
    # 0.01 / 5 is too small, 1e-5 / 0.009 is too small as well.
    assert mean_loadings(vectors).tolist() == [[2.0, 1.0, 1.0]]
    assert mean_loadings(vectors, threshold=0.001).tolist() == [[3.0, 1.5, 5 / 3]]


def test_components_without_a_loading_that_counts_are_dead():
    vectors = torch.tensor([[3.0, 0.009], [-4.0, 0.009]])[None]
    expected = torch.tensor([[0.6, 0.0], [-0.8, 0.0]])[None]
    torch.testing.assert_close(unit_loadings(vectors), expected)
    assert (unit_loadings(vectors, threshold=0.001)[..., 1] != 0).all()


def test_covariance_is_numpys():
    np.testing.assert_allclose(
        covariance_of(MIXED).numpy(), np.cov(MIXED.numpy(), rowvar=False, bias=True)
    )


def test_sparse_pca_gives_unit_components_that_get_sparser():
    found = sparse_pca(ROWS.float(), 2, [0.1, 5.0])
    assert found.shape == (2, 6, 2)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(2, 2))
    counts = mean_loadings(found)[:, -1]
    assert counts[1] < counts[0]
