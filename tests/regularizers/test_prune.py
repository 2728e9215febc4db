"""Small connections are fixed at zero, and stay there."""

import pytest
import pytorch_lightning as pl
import torch
from small_fits import ROWS, Plain, SaveAtEnd, assert_same, fitted, perceptron
from torch import nn

from sparse_lightning import L1, Prune, RegularizerError
from sparse_lightning.regularizers.prune import Magnitude


class Zeros(pl.Callback):
    """Which weights are exactly zero after every step."""

    def __init__(self):
        self.seen = []

    def on_train_batch_end(self, trainer, pl_module, *_):
        self.seen.append([(p == 0).clone() for p in pl_module.parameters() if p.ndim == 2])


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_what_is_pruned_stays_zero_and_the_rest_trains_on(optimizer):
    zeros = Zeros()
    module = fitted(Plain(perceptron(), optimizer), [Prune(0.2, epoch=1), zeros], epochs=4)
    before, after = zeros.seen[:4], zeros.seen[4:]
    assert not any(mask.any() for masks in before for mask in masks)
    assert sum(int(mask.sum()) for mask in after[0]) > 5
    for masks in after:
        for mask, first in zip(masks, after[0], strict=True):
            assert torch.equal(mask, first)
    dense = fitted(Plain(perceptron(), optimizer), epochs=1)
    for weight, early in zip(module.parameters(), dense.parameters(), strict=True):
        if weight.ndim == 2:
            assert torch.equal(weight == 0, early.abs() <= 0.2)
            assert (weight != early)[weight != 0].any()


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_the_rest_trains_as_the_smaller_network_would(optimizer):
    """By hand: prune after an epoch, clear the moments, multiply gradients and weights by masks."""
    module = fitted(Plain(perceptron(), optimizer), [Prune(0.2, epoch=1)], epochs=3)

    reference = Plain(perceptron(), optimizer)
    steps = reference.configure_optimizers()
    weights = [p for p in reference.parameters() if p.ndim == 2]
    masks = [torch.ones_like(w) for w in weights]
    for number, batch in enumerate([batch for _ in range(3) for batch in ROWS.split(8)]):
        if number == 4:
            masks = [(w.abs() > 0.2).float() for w in weights]
            for weight, mask in zip(weights, masks, strict=True):
                weight.data *= mask
                for key in ("exp_avg", "exp_avg_sq", "momentum_buffer"):
                    if key in steps.state[weight]:
                        steps.state[weight][key] *= mask
        steps.zero_grad()
        reference.training_step(batch, number).backward()
        for weight, mask in zip(weights, masks, strict=True):
            weight.grad *= mask
        steps.step()
    assert_same(module, reference)


def test_the_share_is_the_smallest_weights_of_all_layers_together():
    network = perceptron()
    fitted(Plain(network), [prune := Prune(amount=0.6, epoch=0)], epochs=1)
    sizes = torch.cat([p.flatten() for p in perceptron().parameters() if p.ndim == 2]).abs()
    kept = torch.cat([mask.flatten() for mask in prune.masks.values()])
    assert (~kept).sum() == 21  # of 35
    assert sizes[kept].min() > sizes[~kept].max()


def test_layers_can_be_chosen():
    with pytest.warns(UserWarning, match=r"no weight of network\.2\.weight is left"):
        module = fitted(Plain(perceptron()), [Prune(amount=1.0, epoch=0, layers="network.2")])
    first, _, last = module.network
    assert not last.weight.any()
    assert first.weight.all()
    assert last.bias.all()


def test_without_an_epoch_it_is_done_at_the_end(tmp_path):
    from pytorch_lightning.callbacks import ModelCheckpoint

    keep = ModelCheckpoint(tmp_path, save_last=True)
    module = fitted(Plain(perceptron()), [Prune(0.3), keep], enable_checkpointing=True)
    dense = fitted(Plain(perceptron()))
    stored = torch.load(tmp_path / "last.ckpt", weights_only=False)["state_dict"]
    for (name, weight), early in zip(module.named_parameters(), dense.parameters(), strict=True):
        expected = early * (early.abs() > 0.3) if early.ndim == 2 else early
        assert torch.equal(weight, expected)
        assert torch.equal(stored[name], expected)


def test_a_fit_that_ends_by_its_steps_is_pruned_too():
    module = fitted(Plain(perceptron()), [Prune(0.3)], epochs=-1, max_steps=3)
    assert (module.network[0].weight == 0).any()


@pytest.mark.parametrize("make", [lambda: Prune(0.3, epoch=20), lambda: Magnitude(0.5, epoch=20)])
def test_a_trial_run_of_one_batch_prunes_in_its_only_epoch(make):
    module = fitted(Plain(perceptron()), [make()], fast_dev_run=True)
    assert (module.network[0].weight == 0).any()


def test_a_layer_that_has_a_shape_when_it_is_pruned_is_pruned():
    def lazy():
        torch.manual_seed(0)
        return nn.Sequential(nn.LazyLinear(5), nn.Tanh(), nn.Linear(5, 1))

    module = fitted(Plain(lazy()), [Prune(amount=0.6, epoch=1)])
    assert sum(int((p == 0).sum()) for p in module.parameters() if p.ndim == 2) == 21  # of 35
    with pytest.raises(RegularizerError, match=r"network\.0\.weight has no shape yet; prune in a "):
        fitted(Plain(lazy()), [Prune(amount=0.6, epoch=0)])


@pytest.mark.parametrize("saved", [0, 1, 2])
@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_a_resumed_fit_ends_as_the_whole_one(tmp_path, optimizer, saved):
    class Save(pl.Callback):
        def on_train_epoch_end(self, trainer, _):
            if trainer.current_epoch == saved:
                trainer.save_checkpoint(tmp_path / "some.ckpt")

    def callbacks():
        return [L1(0.02), Prune(0.2, epoch=2)]

    whole = fitted(Plain(perceptron(), optimizer), [*callbacks(), Save()], epochs=5)
    torch.manual_seed(9)
    resumed = Plain(nn.Sequential(nn.Linear(6, 5), nn.Sigmoid(), nn.Linear(5, 1)), optimizer)
    fitted(resumed, callbacks(), epochs=5, checkpoint=tmp_path / "some.ckpt")
    assert_same(resumed, whole, atol=1e-7)
    assert (resumed.network[0].weight == 0).any()


def test_it_is_trained_on_with_the_mask_when_a_finished_fit_is_lengthened(tmp_path):
    module = fitted(Plain(perceptron(), "adam"), [Prune(0.3), SaveAtEnd(tmp_path / "end.ckpt")])
    longer = Plain(perceptron(), "adam")
    fitted(longer, [Prune(0.3)], epochs=4, checkpoint=tmp_path / "end.ckpt")
    first, second = module.network[0].weight, longer.network[0].weight
    assert torch.equal(first == 0, second == 0)
    assert not torch.equal(first, second)


def test_a_mask_of_another_module_is_refused(tmp_path):
    fitted(Plain(perceptron()), [Prune(0.3), SaveAtEnd(tmp_path / "end.ckpt")])
    other = Plain(perceptron())
    other.network[0].weight.requires_grad_(False)
    with pytest.raises(RegularizerError, match=r"mask for network\.0\.weight of the shape"):
        fitted(other, [Prune(0.3)], epochs=3, checkpoint=tmp_path / "end.ckpt")


def test_one_callback_serves_several_fits():
    prune = Prune(0.2, epoch=1)
    assert_same(*(fitted(Plain(perceptron(), "adam"), [prune], epochs=3) for _ in range(2)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Prune(), "Prune: give either threshold= or amount="),
        (lambda: Prune(0.1, amount=0.5), "give either threshold= or amount="),
        (lambda: Prune(-0.1), "threshold must be finite and at least 0, got -0.1"),
        (lambda: Prune(amount=1.5), "amount must be between 0 and 1, got 1.5"),
        (lambda: Prune(0.1, epoch=-1), "epoch must be finite and at least 0, got -1"),
        (lambda: Prune(0.1, epoch=2), "epoch must be less than max_epochs 2, got 2"),
        (lambda: Prune(0.1, layers="head.*"), "Prune: no layer matches head"),
        (lambda: Prune(amount=[0.1, 0.2], epoch=0), "amount has 2 values for 1 replicas"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(RegularizerError, match=message):
        fitted(Plain(perceptron()), [make()])
