"""Handwritten digits by a small convolutional network: how few connections, at what error?

python examples/digits_convolution.py [--quick]
"""

import torch
from comparing import Module, compare
from sklearn.datasets import load_digits
from torch import nn

import sparse_lightning as sl

x, y = (torch.tensor(values) for values in load_digits(return_X_y=True))
x = x.float().view(-1, 1, 8, 8) / 16


class Digits(Module):
    def __init__(self):
        super().__init__()
        convolutions = [nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.ReLU()]
        self.network = nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(256, 10))

    def loss(self, images, digits):
        return nn.functional.cross_entropy(self.network(images), digits)


def error(module):
    return (module.network(x[1400:]).argmax(1) != y[1400:]).float().mean()


half = sl.Ramp(epochs=0, delay=6, first=1, last=0)  # then it is pruned, and trained on without λ
selective = lambda λ: [sl.SelectiveL1(λ, 0.2, schedule=half), sl.Prune(0.02, epoch=0.5)]
methods = {
    "selective L1": ([0.001, 0.003, 0.006], selective),
    "L0": ([0.0003, 0.001, 0.003], lambda λ: [sl.L0(λ)]),
}
compare("digits by convolution", Digits, (x[:1400], y[:1400]), error, methods, epochs=12)
