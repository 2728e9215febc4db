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


@pytest.mark.parametrize("total", [1, 5, 2_001, 20_000_003])
def test_even_places_reach_from_the_first_row_to_the_last(total):
    places = moments.evenly(total, 2_000)
    assert len(places) == min(total, 2_000)
    assert (int(places[0]), int(places[-1])) == (0, total - 1)
    steps = places.diff()
    assert not len(steps) or int(steps.max()) - int(steps.min()) <= 1
