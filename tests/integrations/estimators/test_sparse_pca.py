"""Sparse components as scikit-learn has its own."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

import sparse_lightning as sl

SETTINGS = {"n_seeds": 2, "accelerator": "cpu", "random_state": 0, "batch_size": 200}

WINE = load_wine(as_frame=True).data


@pytest.fixture(scope="module")
def sparse():
    return sl.SparsePCA(3, l1_weight=0.2, epochs=200, **SETTINGS).fit(WINE)


def test_without_a_penalty_they_are_the_principal_components():
    made = sl.SparsePCA(3, regularizer=None, epochs=300, learning_rate=0.05, **SETTINGS).fit(WINE)
    exact = PCA(3).fit(StandardScaler().fit_transform(WINE))
    np.testing.assert_allclose(
        made.explained_variance_ratio_, exact.explained_variance_ratio_, atol=1e-3
    )
    cosines = np.abs((made.components_ * exact.components_).sum(1))
    np.testing.assert_allclose(cosines, 1, atol=0.01)


def test_scores_and_the_way_back_are_those_of_the_loadings(sparse):
    scaled = StandardScaler().fit_transform(WINE)
    components = sparse.components_
    scores = (WINE.to_numpy() - sparse.mean_) / sparse.scale_ @ components.T
    np.testing.assert_allclose(sparse.transform(WINE), scores, atol=1e-5)
    np.testing.assert_allclose(scores, scaled @ components.T, atol=1e-5)
    # The best linear way back is the projection on the components' span.
    basis, _ = np.linalg.qr(components.T)
    projected = scaled @ basis @ basis.T
    rebuilt = sparse.inverse_transform(scores)
    np.testing.assert_allclose(
        rebuilt, projected * WINE.std(ddof=0).to_numpy() + WINE.mean().to_numpy(), rtol=1e-4
    )
    error = np.square(projected - scaled).mean()
    assert sparse.squared_error_ == pytest.approx(error, rel=1e-5)
    assert sparse.score(WINE) == pytest.approx(-error, rel=1e-5)
    # The columns have variance 1, so that the error is what is not explained.
    assert 1 - sparse.explained_variance_ratio_.sum() == pytest.approx(error, rel=1e-5)


def test_each_component_adds_its_share(sparse):
    scaled = StandardScaler().fit_transform(WINE)
    for first in (1, 2, 3):
        basis, _ = np.linalg.qr(sparse.components_[:first].T)
        explained = np.square(scaled @ basis).sum() / np.square(scaled).sum()
        assert sparse.explained_variance_ratio_[:first].sum() == pytest.approx(explained, rel=1e-5)


def test_loadings_that_do_not_count_are_0_and_the_rest_has_unit_length(sparse):
    components = sparse.components_
    assert 0 < sparse.connections_ == np.count_nonzero(components) < components.size
    assert np.abs(components[components != 0]).min() > 0.01
    assert not np.signbit(components[components == 0]).any()
    np.testing.assert_allclose(np.linalg.norm(components, axis=1), 1, rtol=1e-6)
    assert (components.max(axis=1) == np.abs(components).max(axis=1)).all()
    assert sparse.network_.structure(0.0).weights[0].astype(bool).sum() == sparse.connections_


def test_it_is_sparser_than_without_a_penalty(sparse):
    free = sl.SparsePCA(3, regularizer=None, epochs=200, **SETTINGS).fit(WINE)
    assert sparse.connections_ < free.connections_
    assert sparse.explained_variance_ratio_.sum() <= free.explained_variance_ratio_.sum() + 1e-6


def test_the_components_with_the_smallest_objective_are_kept(sparse):
    table = sparse.population_
    best = table.loc[table["objective"].idxmin()]
    assert sparse.network_.params["seed"] == best["seed"]
    assert best["connections"] == sparse.connections_
    # Pruning has changed little, so that the objective can be computed from what is kept.
    size = np.abs(sparse.components_)
    objective = 13 * sparse.squared_error_ + 0.2 * size[size < 0.1].sum()
    assert best["objective"] == pytest.approx(objective, rel=5e-3)


def test_names_and_frames(sparse):
    assert list(sparse.get_feature_names_out()) == ["component_1", "component_2", "component_3"]
    scores = sparse.set_output(transform="pandas").transform(WINE[:5])
    sparse.set_output(transform="default")
    rebuilt = sparse.inverse_transform(scores)
    assert isinstance(rebuilt, pd.DataFrame)
    assert list(rebuilt) == list(WINE)


def test_a_penalty_that_leaves_nothing_gives_the_mean():
    made = sl.SparsePCA(
        2, regularizer="L1", l1_weight=1e3, epochs=100, learning_rate=0.05, **SETTINGS
    ).fit(WINE)
    assert made.connections_ == 0
    assert not made.components_.any()
    np.testing.assert_array_equal(made.explained_variance_ratio_, 0)
    rebuilt = made.inverse_transform(made.transform(WINE))
    np.testing.assert_allclose(rebuilt, np.tile(WINE.mean(), (len(WINE), 1)), rtol=1e-5)


def test_a_constant_column_gets_no_loading():
    data = WINE.assign(ash=3.0)
    made = sl.SparsePCA(2, l1_weight=0.2, epochs=200, **SETTINGS).fit(data)
    assert not made.components_[:, list(data).index("ash")].any()
    assert made.inverse_transform(made.transform(data))[:, 2] == pytest.approx(3.0)


@pytest.mark.parametrize("scale", ["minmax", "none"])
def test_other_scales(scale):
    made = sl.SparsePCA(2, scale=scale, decoder="span", epochs=20, **SETTINGS).fit(WINE / 100)
    spread = (WINE / 100).max() - (WINE / 100).min() if scale == "minmax" else np.ones(13)
    np.testing.assert_allclose(made.scale_, spread)
    np.testing.assert_allclose(
        made.transform(WINE / 100),
        (WINE.to_numpy() / 100 - made.mean_) / made.scale_ @ made.components_.T,
        atol=1e-5,
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 14}, "n_components must be at most n_features=13, got 14"),
        ({"n_components": 0}, "n_components must be at least 1, got 0"),
        ({"n_components": None}, "n_components must not be None"),
        ({"decoder": "free"}, r"decoder must be one of \[tied, span\], got 'free'"),
        ({"nesting": 2}, "nesting must be at most 1, got 2"),
    ],
)
def test_a_wrong_parameter_is_named(parameters, message):
    with pytest.raises(ValueError, match=f"^SparsePCA: {message}"):
        sl.SparsePCA(2).set_params(**parameters).fit(WINE)


def test_without_variance_there_are_no_components():
    with pytest.raises(ValueError, match="every column of X is constant"):
        sl.SparsePCA(1).fit(np.ones((5, 2)))
