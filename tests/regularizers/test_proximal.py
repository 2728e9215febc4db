"""The proximal form of L1 and selective L1."""

import pytest
import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader

from sparse_lightning import L1, RegularizerError, SelectiveL1

ROWS = torch.rand(24, 5, generator=torch.Generator().manual_seed(2))
RATE, WEIGHT, THETA = 0.2, 0.05, 0.2


class Ordinary(pl.LightningModule):
    def __init__(self, kind=torch.optim.SGD):
        super().__init__()
        torch.manual_seed(1)
        self.network = nn.Sequential(nn.Linear(5, 3), nn.Sigmoid(), nn.Linear(3, 5))
        self.kind = kind

    def loss(self, batch):
        return (self.network(batch) - batch).square().sum() / len(batch)

    def training_step(self, batch, _):
        return self.loss(batch)

    def configure_optimizers(self):
        optimizer = self.kind(self.parameters(), lr=RATE)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)]


def fitted(module, regularizer, **options):
    trainer = pl.Trainer(
        max_epochs=6,
        accelerator="cpu",
        callbacks=[regularizer],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )
    trainer.fit(module, DataLoader(ROWS, batch_size=8))
    return module


def by_hand(proximal, accumulated=1):
    """SGD and the proximal step as a plain loop, the rate halved every second epoch."""
    module = Ordinary()
    for epoch in range(6):
        rate = RATE * 0.5 ** (epoch // 2)
        for batch in ROWS.split(8 * accumulated):
            losses = [module.loss(part) / accumulated for part in batch.split(8)]
            gradients = torch.autograd.grad(sum(losses), list(module.parameters()))
            with torch.no_grad():
                for parameter, gradient in zip(module.parameters(), gradients, strict=True):
                    parameter -= rate * gradient
                    if parameter.ndim == 2:
                        parameter.copy_(proximal(parameter, rate * WEIGHT))
    return module


def soft(weight, step):
    return weight - weight.clamp(-step, step)


def selective(weight, step):
    jump = 0.5 * (THETA - weight.abs()) ** 2
    lower = soft(weight, step)
    stay = 0.5 * (lower - weight) ** 2 + step * lower.abs() <= jump
    return torch.where(
        weight.abs() >= THETA, weight, torch.where(stay, lower, THETA * weight.sign())
    )


@pytest.mark.parametrize("accumulated", [1, 3])
@pytest.mark.parametrize(
    ("regularizer", "proximal"),
    [
        (lambda: L1(WEIGHT, proximal=True), soft),
        (lambda: SelectiveL1(WEIGHT, threshold=THETA, proximal=True), selective),
    ],
)
def test_steps_are_those_of_a_loop_by_hand(regularizer, proximal, accumulated):
    module = fitted(Ordinary(), regularizer(), accumulate_grad_batches=accumulated)
    reference = by_hand(proximal, accumulated)
    for parameter, expected in zip(module.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(parameter, expected, rtol=0, atol=1e-6)


def test_leaves_exact_zeros_where_the_gradient_form_leaves_none():
    proximal = fitted(Ordinary(), L1(0.3, proximal=True)).network
    gradient = fitted(Ordinary(), L1(0.3)).network
    assert (proximal[0].weight == 0).sum() > 3
    assert (gradient[0].weight == 0).sum() == 0
    assert proximal[0].bias.all()


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.RMSprop])
def test_normalised_steps_are_refused(kind):
    with pytest.raises(RegularizerError, match=f"needs torch.optim.SGD, got {kind.__name__}"):
        fitted(Ordinary(kind), L1(0.1, proximal=True))
