"""Components of a project: exact PCA found again, the networks kept, the measures, references."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from sparse_lightning.data.examples import Examples
from sparse_lightning.errors import TableError
from sparse_lightning.nn.components import (
    contribution_ratios,
    covariance_of,
    exact_components,
    mean_loadings,
)
from sparse_lightning.nn.layers import linear_layers, single
from sparse_lightning.project import Project
from sparse_lightning.report.component_curves import reference_curves
from sparse_lightning.training import train
from sparse_lightning.training.components import ALPHAS

PLAIN = {"resample": False, "refit": False}
"""All networks see the same rows, and stay as their penalty has left them."""

GROUPS = {
    "L1": {},
    "sL1+sh": {"hidden_weight": 0.05, "hidden_threshold": 0.3},
    "sL1+decs": {"hidden_weight": 0.01},
}
GENERATOR = torch.Generator().manual_seed(11)
RAW = torch.randn(120, 6, generator=GENERATOR) @ torch.randn(6, 6, generator=GENERATOR)
ROWS = (RAW - RAW.mean(0)) / RAW.std(0, correction=0)
# Inputs of other units, far from 0.
UNEVEN = ROWS * torch.tensor([3.0, 0.5, 1.0, 2.0, 1.0, 0.2]) + torch.arange(6) * 5


def project(groups=GROUPS, components=3, network=None, regularizers=None, **training):
    # Large batches and many steps: without a regularizer the exact components are found.
    defaults = {"epochs": 80, "learning_rate": 0.02, "batch_size": 60, "accelerator": "cpu"}
    return Project(
        task="pca",
        table={"source": "my.csv", "scale": "standard"},
        network={"units": [components], "nesting": 1, **(network or {})},
        training={**PLAIN, **defaults, "seeds": [1, 2], "floor": {"max_cycles": 4}, **training},
        regularizers={"l1_weights": [0.02, 0.2], "groups": groups, **(regularizers or {})},
    )


@cache
def trained():
    return train(project(), Examples(ROWS))


def loadings_of(population):
    return linear_layers(population.network)[0].weight.detach()


def apply(population, number, rows):
    with torch.no_grad():
        return single(population.network, number)(rows)


def contribution(population, n):
    return population.metrics[f"contribution_{n}"]


def test_without_a_regularizer_it_is_exact_pca():
    population = trained()
    assert [replica.group for replica in population.replicas[:2]] == ["none", "none"]
    exact = exact_components(covariance_of(ROWS), 3)
    ratios = contribution_ratios(exact, covariance_of(ROWS))[0]
    for n in (1, 2, 3):
        expected = [ratios[n - 1].item()] * 2
        np.testing.assert_allclose(contribution(population, n)[:2], expected, atol=1e-4)
    cosines = (loadings_of(population)[:2] * exact).sum(1).abs()
    torch.testing.assert_close(cosines, torch.ones(2, 3), rtol=0, atol=1e-3)


def test_the_network_kept_has_two_layers_whose_error_is_what_is_not_explained():
    population = trained()
    assert [x.weight.shape for x in linear_layers(population.network)] == [(14, 6, 3), (14, 3, 6)]
    kept = single(population.network, 5)
    assert [type(layer) for layer in kept] == [nn.Linear, nn.Identity] * 2
    for number in range(14):
        error = (apply(population, number, ROWS) - ROWS).square().mean().item()
        assert error == pytest.approx(population.squared_error[number], abs=1e-5)
        assert error == pytest.approx(1 - contribution(population, 3)[number], abs=1e-5)


def test_rows_that_are_not_centred_are_projected_about_their_mean():
    population = train(project(groups={"L1": {}}), Examples(UNEVEN))
    mean = UNEVEN.mean(0)
    variance = (UNEVEN - mean).square().mean(0).sum().item()
    for number in range(6):
        scores = single(population.network, number)[0](UNEVEN)
        torch.testing.assert_close(scores.mean(0), torch.zeros(3), rtol=0, atol=1e-4)
        rebuilt = apply(population, number, UNEVEN)
        torch.testing.assert_close(rebuilt.mean(0), mean, rtol=0, atol=1e-4)
        error = (rebuilt - UNEVEN).square().mean(0).sum().item()
        assert error / variance == pytest.approx(population.squared_error[number], abs=1e-4)
        document = population.documents["input_errors.json"][number]
        assert sum(document["squared_error"]) == pytest.approx(error, rel=1e-3)
        assert sum(document["variance"]) == pytest.approx(variance, rel=1e-5)


def test_measures_are_those_of_the_components_in_order():
    population = trained()
    ratios = contribution_ratios(loadings_of(population), covariance_of(ROWS))
    counts = mean_loadings(loadings_of(population))
    for n in (1, 2, 3):
        np.testing.assert_allclose(contribution(population, n), ratios[:, n - 1], atol=1e-6)
        np.testing.assert_array_equal(population.metrics[f"loadings_{n}"], counts[:, n - 1])
    gains = np.diff([contribution(population, n) for n in (1, 2, 3)], axis=0, prepend=0)
    assert (gains >= 0).all()
    assert (gains[:, :4] > 0).all()  # a strong penalty may leave a component dead
    assert (np.diff(gains, axis=0) < 1e-6).all()


def test_connections_are_the_mean_loadings_of_all_components():
    population = trained()
    np.testing.assert_array_equal(population.connections, population.metrics["loadings_3"])
    weak, strong = (population.connections[place : place + 2].mean() for place in (2, 4))
    assert strong < weak <= 6
    lengths = loadings_of(population).norm(dim=1)
    assert ((lengths - 1).abs().minimum(lengths) < 1e-5).all()


def test_components_that_a_penalty_has_removed_are_dead():
    population = train(
        project(groups={"L1": {}}, regularizers={"l1_weights": [0.02, 100.0]}), Examples(ROWS)
    )
    assert not any(population.failures)
    np.testing.assert_array_equal(population.connections[4:], 0)
    np.testing.assert_array_equal(population.squared_error[4:], 1)
    torch.testing.assert_close(apply(population, 4, ROWS), ROWS.mean(0).expand_as(ROWS))


@pytest.mark.parametrize("components", [6, 7])
def test_there_are_at_most_as_many_components_as_inputs(components):
    asked = project(groups={"L1": {}}, components=components, epochs=1)
    if components > 6:
        with pytest.raises(TableError, match=r"network.units \[7\] must be at most the number of"):
            train(asked, Examples(ROWS))
    else:
        assert "contribution_6" in train(asked, Examples(ROWS)).metrics


def test_what_diverges_is_marked_and_has_no_measures():
    wild = {"optimizer": "sgd", "learning_rate": 0.01, "epochs": 20}
    settings = project(groups={"L1": {}}, regularizers={"l1_weights": [0.02, 1e38]}, **wild)
    population = train(settings, Examples(ROWS))
    assert [bool(failure) for failure in population.failures] == [False] * 4 + [True] * 2
    for values in (*population.metrics.values(), population.squared_error, population.connections):
        assert np.isnan(values[4:]).all()
        assert np.isfinite(values[:4]).all()
    assert not loadings_of(population)[4:].any()


def test_a_replica_alone_equals_itself_in_the_crowd():
    alone = train(project(groups={"sL1+decs": GROUPS["sL1+decs"]}, seeds=[2]), Examples(ROWS))
    crowd = [1, 11, 13]  # the floor and both strengths of sL1+decs, seed 2
    named = [(trained().replicas[n].group, trained().replicas[n].seed) for n in crowd]
    assert named == [("none", 2), ("sL1+decs", 2), ("sL1+decs", 2)]
    torch.testing.assert_close(
        loadings_of(alone)[1:], loadings_of(trained())[crowd[1:]], rtol=0, atol=1e-4
    )
    np.testing.assert_allclose(
        alone.squared_error, trained().squared_error[crowd], rtol=0, atol=1e-5
    )


@pytest.mark.long
def test_a_span_decoder_explains_more_with_as_many_loadings():
    span = train(project(network={"decoder": "span"}), Examples(ROWS))
    tied = trained()
    assert not any(span.failures)
    exact = contribution_ratios(exact_components(covariance_of(ROWS), 3), covariance_of(ROWS))
    np.testing.assert_allclose(contribution(span, 3)[:2], exact[0, 2].item(), atol=1e-4)
    assert (contribution(span, 3) <= exact[0, 2].item() + 1e-6).all()
    # What pulls a tied component shortens its way back; here lengths are free.
    assert contribution(span, 3)[4:6].mean() > contribution(tied, 3)[4:6].mean()


def test_references_are_exact_pca_and_sparse_pca_as_the_report_reads_them():
    population = trained()
    curves = reference_curves(population.references)
    assert len(curves) * 2 == len(population.references) == 2 * 3 * (1 + len(ALPHAS))
    exact = curves.loc[curves["method"] == "exact PCA"]
    ratios = contribution_ratios(exact_components(covariance_of(ROWS), 3), covariance_of(ROWS))
    np.testing.assert_allclose(exact["contribution"], ratios[0], atol=1e-6)
    assert sorted(curves["alpha"].dropna().unique()) == list(ALPHAS)
    last = curves.loc[(curves["method"] == "SparsePCA") & (curves["n"] == 3)]
    assert (last["contribution"] <= ratios[0, 2].item() + 1e-6).all()
    assert last["loadings"].iloc[-1] <= last["loadings"].iloc[0]
