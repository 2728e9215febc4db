"""Handwritten digits by a variational autoencoder: what does each connection add to the bound?

python examples/digits_variational.py [--quick]
"""

import torch
from comparing import Module, compare
from sklearn.datasets import load_digits
from torch import nn

import sparse_lightning as sl

x = torch.tensor(load_digits(return_X_y=True)[0]).float() / 16


class Variational(Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 12))
        self.decoder = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 64))

    def loss(self, rows):
        mean, log_variance = self.encoder(rows).chunk(2, dim=1)
        drawn = self.decoder(mean + torch.randn_like(mean) * (log_variance / 2).exp())
        error = nn.functional.binary_cross_entropy_with_logits(drawn, rows, reduction="none")
        divergence = (log_variance.exp() + mean**2 - 1 - log_variance) / 2
        return (error.sum(1) + divergence.sum(1)).mean()


def error(module):
    return torch.stack([module.loss(x[1400:]) for _ in range(20)]).mean()


half = sl.Ramp(epochs=0, delay=6, first=1, last=0)  # then it is pruned, and trained on without λ
lasso = lambda λ: [sl.GroupLasso(λ, schedule=half), sl.Prune(0.02, epoch=0.5)]
methods = {
    "group lasso": ([0.001, 0.003, 0.01], lasso),
    "L0": ([0.001, 0.003, 0.01], lambda λ: [sl.L0(λ)]),
}
compare("digits by variational autoencoder", Variational, (x[:1400],), error, methods, epochs=12)
