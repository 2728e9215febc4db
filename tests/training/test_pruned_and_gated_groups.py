"""Groups of project files that set weights to zero while they train: `magnitude` and `L0`."""

from functools import cache

import numpy as np
import pytest
import torch

from sparse_lightning.data.examples import Examples
from sparse_lightning.nn.layers import linear_layers
from sparse_lightning.project import Project
from sparse_lightning.training import train

PLAIN = {"resample": False, "refit": False}
"""All networks see the same rows, and stay as their penalty has left them."""

ROWS = torch.rand(60, 5, generator=torch.Generator().manual_seed(11))
EXAMPLES = Examples(ROWS, ROWS[:, :3].argmax(1), ("a", "b", "c"))
SHARES = (0.3, 0.62, 0.9)
L1 = {"l1_weights": [0.02]}
MAGNITUDE = {"magnitude": {"l1_weights": list(SHARES)}}
GATES = {"L0": {"l1_weights": [0.003, 0.03]}}
EVERYTHING = {"L1": L1, **MAGNITUDE, **GATES}


def project(groups, task="sae", units=(4, 3), proximal=False, **training):
    defaults = {"epochs": 6, "batch_size": 16, "seeds": [1, 2], "accelerator": "cpu"}
    classifier = task == "classifier"
    return Project(
        task=task,
        table={"source": "my.csv", "target": "y" if classifier else None, "scale": "minmax"},
        network={"units": list(units), "activation": "sigmoid"},
        training={**PLAIN, **defaults, "floor": {"max_cycles": 2}, **training},
        evaluation={"holdout": 0} if classifier else {},
        regularizers={"groups": groups, "proximal": proximal},
        report={"connection_threshold": 0.0},
    )


def fit(groups, task="sae", **settings):
    examples = EXAMPLES if task == "classifier" else Examples(ROWS)
    return train(project(groups, task, **settings), examples)


@cache
def trained(task="sae", epochs=6):
    tuned = {"fine_tune_epochs": epochs, "learning_rate": 0.05}
    return fit(EVERYTHING, task, **tuned)


def of_group(population, group):
    return [n for n, replica in enumerate(population.replicas) if replica.group == group]


def weights(population, replicas=slice(None)):
    layers = linear_layers(population.network)
    return [t.detach()[replicas] for layer in layers for t in (layer.weight, layer.bias)]


@pytest.mark.parametrize("task", ["sae", "classifier"])
def test_every_layer_of_a_network_has_exactly_its_share_of_zeros(task):
    population = trained(task)
    assert not any(population.failures)
    for layer in linear_layers(population.network):
        for number, replica in enumerate(population.replicas):
            weight = layer.weight[number]
            found = int((weight == 0).sum())
            if replica.group == "magnitude":
                assert found == round(replica.l1_weight * weight.numel())
            elif replica.group != "L0":
                assert found == 0
            assert layer.bias[number].all()


@pytest.mark.parametrize("task", ["pca"])
def test_components_are_pruned_too(task):
    groups = {"magnitude": {"l1_weights": list(SHARES)}}
    settings = {
        "table": {"source": "my.csv"},
        "network": {"units": [3]},
        "training": {"epochs": 8, "seeds": [1], "accelerator": "cpu", "floor": {"max_cycles": 2}},
        "regularizers": {"groups": groups},
    }
    population = train(Project(task=task, **settings), Examples(ROWS - ROWS.mean(0)))
    loadings = linear_layers(population.network)[0].weight
    for number in of_group(population, "magnitude"):
        share = population.replicas[number].l1_weight
        assert (loadings[number] == 0).sum() == round(share * 15)


@pytest.mark.long
def test_what_a_stage_has_pruned_stays_so_in_later_stages_and_through_fine_tuning():
    shallow = fit(EVERYTHING, units=[4], learning_rate=0.05)
    deep = trained()
    for group in ("magnitude", "L0"):
        own = of_group(deep, group)
        pairs = zip(
            (linear_layers(shallow.network)[0], linear_layers(shallow.network)[-1]),
            (linear_layers(deep.network)[0], linear_layers(deep.network)[-1]),
            strict=True,
        )
        for before, after in pairs:
            zeros = before.weight[own] == 0
            assert (after.weight[own][zeros] == 0).all()
            assert not torch.equal(before.weight[own], after.weight[own])
            if group == "magnitude":
                assert torch.equal(zeros, after.weight[own] == 0)


def test_the_smallest_weights_are_pruned_halfway_and_the_others_trained_on():
    half = fit({"L1": {"l1_weights": [0.0]}}, units=[4], epochs=3, schedule={"tail": 0})
    whole = fit(MAGNITUDE, units=[4], epochs=6, schedule={"tail": 0})
    for early, late in zip(linear_layers(half.network), linear_layers(whole.network), strict=True):
        for number in of_group(whole, "magnitude"):
            replica = whole.replicas[number]
            place = next(n for n in of_group(half, "L1") if half.replicas[n].seed == replica.seed)
            size = early.weight[place].abs()
            kept = late.weight[number] != 0
            assert size[kept].min() > size[~kept].max()
            assert not torch.equal(late.weight[number][kept], early.weight[place][kept])


@pytest.mark.parametrize("group", ["L1", "magnitude", "L0"])
def test_a_group_alone_is_trained_as_among_others(group):
    crowd = trained()
    alone = fit({group: EVERYTHING[group]}, fine_tune_epochs=6, learning_rate=0.05)
    for one, other in zip(
        weights(crowd, of_group(crowd, group)), weights(alone, of_group(alone, group)), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)
        assert torch.equal(one == 0, other == 0)


@pytest.mark.long
@pytest.mark.parametrize("chunk", [1, 5])
def test_chunks_change_no_result(chunk):
    whole, cut = fit(EVERYTHING), fit(EVERYTHING, chunk=chunk)
    for one, other in zip(weights(whole), weights(cut), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(whole.connections, cut.connections)


@pytest.mark.long
def test_a_stronger_l0_leaves_fewer_connections_all_others_exactly_zero():
    strengths = [0.0001, 0.01, 0.1]
    population = fit({"L0": {"l1_weights": strengths}}, units=[4], epochs=60, learning_rate=0.03)
    counts = {
        strength: [
            population.connections[n]
            for n in of_group(population, "L0")
            if population.replicas[n].l1_weight == strength
        ]
        for strength in strengths
    }
    means = [np.mean(counts[strength]) for strength in strengths]
    assert 40 >= means[0] > means[1] > means[2]
    exact = sum((layer.weight != 0).sum((1, 2)) for layer in linear_layers(population.network))
    np.testing.assert_array_equal(exact.numpy(), population.connections)


def test_they_go_with_hidden_terms_and_beside_proximal_steps():
    hidden = {"hidden_weight": 0.2, "hidden_threshold": 0.5}
    groups = {
        "L1": L1,
        "magnitude+sh": {"l1_weights": [0.5], **hidden},
        "L0+sh": {"l1_weights": [0.03], **hidden},
    }
    population = fit(groups, units=[4], optimizer="sgd", proximal=True)
    for number in of_group(population, "magnitude+sh"):
        assert population.connections[number] == 20
    assert not any(population.failures)


def test_a_network_that_diverges_fails_alone():
    groups = {"L1": L1, **GATES, **MAGNITUDE}
    wild = {**groups, "L1": {"l1_weights": [1e38]}}
    population, tame = (fit(g, optimizer="sgd", learning_rate=0.1) for g in (wild, groups))
    failed = [bool(failure) for failure in population.failures]
    assert not any(failed[n] for n in (*of_group(population, "L0"), *of_group(tame, "magnitude")))
    for group in ("L0", "magnitude"):
        own = of_group(tame, group)
        for one, other in zip(weights(population, own), weights(tame, own), strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=2e-6)
