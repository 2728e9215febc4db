"""Weights that torch computes from others: what the layer computes with counts, or is refused."""

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelPruning
from small_fits import Plain, assert_same, fitted, perceptron
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune, remove_spectral_norm, spectral_norm

from sparse_lightning import (
    L0,
    L1,
    ConnectionCount,
    GroupLasso,
    HiddenL1,
    Prune,
    RegularizerError,
)


def connections(module, threshold=0.05):
    return ConnectionCount(threshold).measures(module)["connections"]


def large(weight, threshold=0.05):
    return int((weight.abs() > threshold).sum())


def pruned(layer):
    return prune.l1_unstructured(layer, "weight", amount=0.7)


def old_weight_norm(layer):
    with pytest.warns(FutureWarning, match="weight_norm"):
        return nn.utils.weight_norm(layer)


class Halved(nn.Module):
    def forward(self, weight):
        return weight / 2


def halved(layer):
    parametrize.register_parametrization(layer, "weight", Halved())
    return layer


MAKERS = {
    "pruning": pruned,
    "old weight_norm": old_weight_norm,
    "weight_norm": parametrizations.weight_norm,
    "old spectral_norm": spectral_norm,
    "spectral_norm": parametrizations.spectral_norm,
    "orthogonal": parametrizations.orthogonal,
    "one's own": halved,
}


@pytest.mark.parametrize("name", MAKERS)
def test_what_the_layer_computes_with_is_counted(name):
    torch.manual_seed(0)
    layer = MAKERS[name](nn.Linear(6, 4))
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter *= 1.7  # a step, after which nothing has been computed yet
    state = {key: value.clone() for key, value in layer.state_dict().items()}
    counted = connections(layer)
    assert all(torch.equal(value, state[key]) for key, value in layer.state_dict().items())
    layer.eval()
    identity = torch.eye(6)
    assert counted == large((layer(identity) - layer.bias).T)


def test_lightnings_pruning_is_counted():
    counts = []

    class Read(pl.Callback):
        def on_train_end(self, trainer, _):
            counts.append(trainer.callback_metrics["connections"].item())

    network = nn.Sequential(nn.Linear(6, 7), nn.Tanh(), nn.Linear(7, 1))
    pruning = ModelPruning(
        "l1_unstructured",
        [(network[0], "weight"), (network[2], "weight")],
        amount=35,
        use_lottery_ticket_hypothesis=False,
        apply_pruning=lambda epoch: epoch == 0,
        make_pruning_permanent=False,
    )
    fitted(Plain(network), [ConnectionCount(0), pruning, Read()])
    assert counts == [14]  # of 49


@pytest.mark.parametrize("name", ["pruning", "old weight_norm", "weight_norm", "one's own"])
@pytest.mark.parametrize("penalty", [L1, GroupLasso])
def test_what_the_layer_computes_with_is_penalised(name, penalty):
    def made(by_hand=None):
        network = perceptron()
        MAKERS[name](network[0])
        return Plain(network, "momentum", by_hand)

    def by_hand(module):
        first, last = module.network[0].weight, module.network[2].weight
        if penalty is L1:
            return 0.05 * (first.abs().sum() + last.abs().sum())
        return 0.05 * sum(w.shape[1] ** 0.5 * w.norm(dim=1).sum() for w in (first, last))

    assert_same(fitted(made(), [penalty(0.05)]), fitted(made(by_hand)))


def test_what_torch_prunes_during_a_fit_is_penalised_by_its_mask():
    class Pruning(pl.Callback):
        def on_train_epoch_start(self, trainer, module):
            if trainer.current_epoch == 1:
                pruned(module.network[0])

    def by_hand(module):
        return 0.05 * sum(module.network[n].weight.abs().sum() for n in (0, 2))

    module = fitted(Plain(perceptron(), "momentum"), [L1(0.05), Pruning()])
    assert_same(module, fitted(Plain(perceptron(), "momentum", by_hand), [Pruning()]))


def test_what_torch_has_pruned_stays_out_of_a_proximal_step_and_of_prune():
    def made():
        network = perceptron()
        prune.random_unstructured(network[0], "weight", amount=10)
        return network

    network = made()
    fitted(Plain(network), [L1(9.0, proximal=True)])
    hidden = network[0].weight_mask == 0
    assert not network[0].weight_orig[~hidden].any()
    assert torch.equal(network[0].weight_orig[hidden], made()[0].weight_orig[hidden])

    network = made()
    fitted(Plain(network), [callback := Prune(amount=0.4, epoch=0)])
    # 14 of 35, of which torch has pruned 10.
    assert sum(int((~mask).sum()) for mask in callback.masks.values()) == 14
    assert connections(network, 0) == 21


@pytest.mark.parametrize(
    ("make", "callback", "by"),
    [
        *((name, L1(0.1), "spectral_norm") for name in ("old spectral_norm", "spectral_norm")),
        ("spectral_norm", L1(0.1, layers="network.*"), "spectral_norm"),
        ("spectral_norm", Prune(0.1), "spectral_norm"),
        ("weight_norm", Prune(0.1), "weight_norm, and what is pruned must be the parameter"),
        ("weight_norm", L1(0.1, proximal=True), "weight_norm, and a proximal step needs"),
        ("old weight_norm", L0(0.1), "weight_norm, and a gate needs the parameter itself"),
        ("pruning", L0(0.1), r"torch\.nn\.utils\.prune, and a gate needs the parameter itself"),
        ("one's own", L0(0.1), "Halved, and a gate needs the parameter itself"),
    ],
)
def test_what_a_callback_cannot_act_on_is_refused_by_name(make, callback, by):
    network = perceptron()
    MAKERS[make](network[0])
    with pytest.raises(RegularizerError, match=rf"network\.0\.weight is computed by {by}"):
        fitted(Plain(network), [callback])


def test_a_layer_that_is_refused_can_be_left_out():
    network = perceptron()
    spectral_norm(network[0])
    fitted(Plain(network), [L1(0.1, layers="network.2"), HiddenL1(0.1, 9.0, layers="network.0")])
    remove_spectral_norm(network[0])
    fitted(Plain(network), [L1(0.1)])


def test_an_adapter_inside_a_parametrization_counts_where_it_is_named():
    class LowRank(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight_a = nn.Parameter(torch.rand(5, 1))
            self.weight_b = nn.Parameter(torch.rand(1, 6))

        def forward(self, weight):
            return weight + self.weight_a @ self.weight_b

    def made(by_hand=None):
        network = perceptron()
        network[0].requires_grad_(False)
        torch.manual_seed(1)
        parametrize.register_parametrization(network[0], "weight", LowRank())
        return Plain(network, "sgd", by_hand)

    def whole(module):
        return 0.05 * sum(module.network[n].weight.abs().sum() for n in (0, 2))

    def own(module):
        return 0.05 * sum(p.abs().sum() for n, p in module.named_parameters() if "weight_" in n)

    assert_same(fitted(made(), [L1(0.05)]), fitted(made(whole)))
    named = L1(0.05, layers="*.parametrizations.weight.0")
    assert_same(fitted(made(), [named]), fitted(made(own)))
