"""Training steps that differentiate and step by themselves."""

import pytest
import pytorch_lightning as pl
import torch
from small_fits import assert_same, fitted, perceptron
from torch import nn

from sparse_lightning import L0, L1, HiddenL2, Prune, RegularizerError


class Manual(pl.LightningModule):
    """`step(module, batch, optimizer)` is the training step."""

    def __init__(self, step):
        super().__init__()
        self.network = perceptron()
        self.step = step
        self.automatic_optimization = False

    def training_step(self, batch, _):
        optimizer = self.optimizers()
        optimizer.zero_grad()
        self.step(self, batch, optimizer)

    def loss(self, batch):
        return self.network(batch).square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


def halves(module, batch, optimizer):
    for half in batch.chunk(2):
        module.manual_backward(module.loss(half) / 2)
    optimizer.step()


def plain(module, batch, optimizer):
    module.loss(batch).backward()
    optimizer.step()


def by_hand(module, batch, optimizer):
    l1 = sum(p.abs().sum() for p in module.parameters() if p.ndim == 2)
    (module.loss(batch) + 0.05 * l1).backward()
    optimizer.step()


@pytest.mark.parametrize("step", [halves, plain])
def test_a_penalty_of_the_weights_is_one_a_step_however_the_loss_is_differentiated(step):
    assert_same(fitted(Manual(step), [L1(0.05)]), fitted(Manual(by_hand)))


def test_several_penalties_are_clipped_together_and_leave_nothing_behind():
    def clipped(penalised):
        def step(module, batch, optimizer):
            loss = module.loss(batch)
            if not penalised:
                loss = loss + 0.15 * sum(p.abs().sum() for p in module.parameters() if p.ndim == 2)
            module.manual_backward(loss)
            module.clip_gradients(optimizer, gradient_clip_val=0.1)
            optimizer.step()

        return Manual(step)

    module = fitted(clipped(True), [L1(0.05), L1(0.1)])
    assert_same(module, fitted(clipped(False)))
    assert "clip_gradients" not in vars(module)


def test_a_hidden_penalty_without_a_backward_pass_of_lightnings_is_an_error():
    with pytest.raises(RegularizerError, match=r"call self\.manual_backward\(loss\) instead"):
        fitted(Manual(plain), [HiddenL2(0.1, 9.0, layers="network.1")])


def test_gates_need_the_optimizer_that_lightning_knows():
    def unknown(module, batch, optimizer):
        module.manual_backward(module.loss(batch))
        optimizer.optimizer.step()

    with pytest.raises(RegularizerError, match=r"a step that Lightning does not know of"):
        fitted(Manual(unknown), [L0(0.1)])


@pytest.mark.parametrize(
    "callback", [lambda: L1(0.1), lambda: HiddenL2(0.1, 9.0, layers="network.1"), lambda: L0(0.1)]
)
def test_the_loss_of_the_training_step_is_left_as_it_is(callback):
    changes = []

    def root(module, batch, optimizer):
        loss = module.loss(batch).sqrt()
        before = loss.item()
        module.manual_backward(loss)
        changes.append(loss.item() - before)
        optimizer.step()

    fitted(Manual(root), [callback()])
    assert changes == [0.0] * 8


def test_a_gradient_within_the_training_step_is_free_of_a_hidden_penalty():
    """A gradient penalty, as of a WGAN, is that of the critic alone."""
    found = {True: [], False: []}

    def critic(regularized):
        def step(module, batch, optimizer):
            rows = batch.clone().requires_grad_()
            hidden = module.network[:2](rows)
            score = module.network[2](hidden)
            (slope,) = torch.autograd.grad(score.sum(), rows, create_graph=True)
            penalty = (slope.norm(dim=1) - 1).square().mean()
            found[regularized].append(penalty.item())
            loss = score.mean() + penalty
            if not regularized:
                loss = loss + 0.5 * hidden.square().sum() / len(hidden)
            module.manual_backward(loss)
            optimizer.step()

        return Manual(step)

    module = fitted(critic(True), [HiddenL2(0.5, 9.0, layers="network.1")])
    assert_same(module, fitted(critic(False)))
    assert found[True] == pytest.approx(found[False], abs=1e-6)


class Two(pl.LightningModule):
    """A layer with a step of SGD, and an embedding with SparseAdam's."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(6, 1), nn.Embedding(3, 2, sparse=True)
        self.automatic_optimization = False

    def training_step(self, batch, _):
        rows = torch.zeros(len(batch), dtype=torch.long)
        loss = self.first(batch).square().mean() + self.second(rows).mean()
        for optimizer in self.optimizers():
            optimizer.zero_grad()
        self.manual_backward(loss)
        for optimizer in self.optimizers():
            optimizer.step()

    def configure_optimizers(self):
        return [
            torch.optim.SGD(self.first.parameters(), lr=0.1),
            torch.optim.SparseAdam(self.second.parameters(), lr=0.1),
        ]


def test_a_proximal_step_asks_only_for_the_optimizer_of_its_weights():
    module = fitted(Two(), [L1(9.0, layers="first", proximal=True)])
    assert not module.first.weight.any()


@pytest.mark.parametrize("callback", [lambda: L1(0.1), lambda: Prune(0.1), lambda: L0(0.1)])
def test_an_optimizer_of_sparse_gradients_is_refused(callback):
    with pytest.raises(RegularizerError, match="which SparseAdam does not take"):
        fitted(Two(), [callback()])
