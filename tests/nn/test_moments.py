"""Moments of tables in parts against NumPy's of the whole."""

import numpy as np
import pytest
import torch

from sparse_lightning.nn import moments


@pytest.fixture(params=[7, 2**16])
def rows(request, monkeypatch):
    monkeypatch.setattr(moments, "ROWS_AT_ONCE", request.param)
    draw = torch.Generator().manual_seed(0)
    return 3 + torch.randn(50, 4, generator=draw) * torch.tensor([1, 10, 0.1, 0])


def test_they_are_those_of_the_population(rows):
    table = rows.double().numpy()
    np.testing.assert_allclose(moments.mean_of(rows), table.mean(0), rtol=1e-12)
    np.testing.assert_allclose(moments.variance_of(rows), table.var(0), rtol=1e-9, atol=1e-15)
    covariance = np.cov(table.T, bias=True)
    np.testing.assert_allclose(moments.covariance_of(rows), covariance, rtol=1e-9, atol=1e-12)


def test_weighted_ones_are_those_of_the_population(rows):
    weights = torch.rand(50, generator=torch.Generator().manual_seed(1)) + 0.1
    table, own = rows.double().numpy(), weights.double().numpy()
    mean = np.average(table, axis=0, weights=own)
    np.testing.assert_allclose(moments.mean_of(rows, weights), mean, rtol=1e-12)
    variance = np.average((table - mean) ** 2, axis=0, weights=own)
    found = moments.variance_of(rows, weights)
    np.testing.assert_allclose(found, variance, rtol=1e-9, atol=1e-15)
    covariance = np.cov(table.T, bias=True, aweights=own)
    found = moments.covariance_of(rows, weights)
    np.testing.assert_allclose(found, covariance, rtol=1e-9, atol=1e-12)


def test_squares_are_counted_from_any_centre(rows):
    weights = torch.rand(50, generator=torch.Generator().manual_seed(2)) + 0.1
    centre = torch.tensor([1.0, -2.0, 3.0, 0.5], dtype=torch.float64)
    squares = (rows.double().numpy() - centre.numpy()) ** 2
    np.testing.assert_allclose(moments.squares_about(rows, centre), squares.mean(0), rtol=1e-12)
    expected = np.average(squares, axis=0, weights=weights.double().numpy())
    np.testing.assert_allclose(moments.squares_about(rows, centre, weights), expected, rtol=1e-12)


@pytest.mark.parametrize("total", [1, 5, 2_001, 20_000_003])
def test_even_places_reach_from_the_first_row_to_the_last(total):
    places = moments.evenly(total, 2_000)
    assert len(places) == min(total, 2_000)
    assert (int(places[0]), int(places[-1])) == (0, total - 1)
    steps = places.diff()
    assert not len(steps) or int(steps.max()) - int(steps.min()) <= 1
