"""Callbacks together: in any order, with averages of weights, validation and checkpoints."""

from itertools import pairwise

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EMAWeightAveraging, ModelCheckpoint
from pytorch_lightning.callbacks import StochasticWeightAveraging as Average
from small_fits import ROWS, Plain, assert_same, fitted, perceptron, trainer_for
from torch import nn
from torch.utils.data import DataLoader

from sparse_lightning import L0, L1, ConnectionCount, Prune, RegularizerError


def zeros(module):
    return sum(int((p == 0).sum()) for p in module.parameters() if p.ndim == 2)


def averaging(name):
    return Average(0.05, swa_epoch_start=2) if name == "SWA" else EMAWeightAveraging(decay=0.9)


@pytest.mark.parametrize("epoch", [2, None])
def test_what_is_pruned_stays_so_under_gates_in_any_order(epoch):
    def ended(turn):
        callbacks = [L0(1e-4), Prune(amount=0.6, epoch=epoch)]
        return fitted(Plain(perceptron(), "adam"), callbacks[::turn], epochs=4)

    assert zeros(ended(1)) >= 21  # of 35
    assert_same(ended(1), ended(-1), atol=0)


def test_a_penalty_of_the_weights_comes_before_the_gates_in_any_order():
    first, second = (
        fitted(Plain(perceptron()), [L0(0.02), L1(0.01)][::turn], epochs=3) for turn in (1, -1)
    )
    assert_same(first, second, atol=0)


@pytest.mark.parametrize("name", ["SWA", "EMA"])
@pytest.mark.parametrize("turn", [1, -1])
def test_averaged_weights_are_zero_where_they_are_pruned(tmp_path, name, turn):
    seen = []

    class Validated(Plain):
        def validation_step(self, batch, _):
            seen.append(zeros(self))

    callbacks = [Prune(amount=0.6, epoch=3), averaging(name)]
    keep = ModelCheckpoint(tmp_path, save_last=True)
    module = Validated(perceptron(), "adam")
    trainer = trainer_for([*callbacks[::turn], keep], 5, enable_checkpointing=True)
    trainer.fit(module, DataLoader(ROWS, batch_size=8), DataLoader(ROWS, batch_size=32))
    assert zeros(module) == 21
    assert seen[-1] == 21
    stored = torch.load(tmp_path / "last.ckpt", weights_only=False)["state_dict"]
    assert sum(int((w == 0).sum()) for w in stored.values() if w.ndim == 2) == 21


@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize("name", ["SWA", "EMA"])
def test_averaged_weights_are_zero_where_the_gates_are_shut(name, normalised):
    torch.manual_seed(0)
    middle = nn.BatchNorm1d(5) if normalised else nn.Identity()
    network = nn.Sequential(nn.Linear(6, 5), middle, nn.Sigmoid(), nn.Linear(5, 1))
    gates = L0(0.03, learning_rate=0.5)
    fitted(Plain(network), [gates, averaging(name)], epochs=12)
    masks = [mask for _, _, mask in gates.kept()]
    weights = [p for p in network.parameters() if p.ndim == 2]
    assert sum(int((~mask).sum()) for mask in masks) > 0
    for mask, weight in zip(masks, weights, strict=True):
        assert torch.equal(weight != 0, mask.view_as(weight))


def test_validation_within_accumulated_batches_sees_the_gates_of_a_trained_network():
    seen = []

    class Validated(Plain):
        def validation_step(self, batch, _):
            seen.append(torch.cat([w.detach().flatten() for w in self.parameters()]))

    module = Validated(perceptron())
    trainer = trainer_for([L0(0.02)], 2, accumulate_grad_batches=4, val_check_interval=1)
    trainer.fit(module, DataLoader(ROWS, batch_size=8), DataLoader(ROWS, batch_size=32))
    own = seen[-8:]  # after each of the four batches of two steps
    same = [torch.equal(one, other) for one, other in pairwise(own)]
    assert same == [True, True, False, True, True, True, False]


def test_connections_are_counted_after_they_are_pruned():
    counts = []

    class Read(pl.Callback):
        def on_train_end(self, trainer, _):
            counts.append(trainer.callback_metrics["connections"].item())

    fitted(Plain(perceptron()), [ConnectionCount(0), Prune(amount=0.6), Read()])
    assert counts == [14]


def test_pruning_may_be_gradual():
    callbacks = [Prune(amount=0.2, epoch=1), Prune(amount=0.6, epoch=2)]
    assert zeros(fitted(Plain(perceptron()), callbacks, epochs=3)) == 21


def test_two_gates_on_one_weight_are_refused():
    with pytest.raises(RegularizerError, match=r"another L0 has gates for network\.0\.weight"):
        fitted(Plain(perceptron()), [L0(0.1, layers="*.0"), L0(0.1)])


def test_a_layer_that_begins_at_zero_is_told_of():
    network = perceptron()
    nn.init.zeros_(network[2].weight)
    with (
        pytest.warns(UserWarning, match=r"every weight of network\.2\.weight is zero"),
        pytest.warns(UserWarning, match=r"no weight of network\.2\.weight is left"),
    ):
        fitted(Plain(network), [L0(0.001)], epochs=1)
