"""Breast cancer by a transformer whose tokens are the columns: which connections does it need?

python examples/cancer_transformer.py [--quick]
"""

import torch
from comparing import Module, compare
from sklearn.datasets import load_breast_cancer
from torch import nn

import sparse_lightning as sl

x, y = (torch.tensor(values).float() for values in load_breast_cancer(return_X_y=True))
x = (x - x[:400].mean(0)) / x[:400].std(0)


class Transformer(Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Parameter(torch.randn(2, 30, 8) / 3)
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(8, 1)

    def loss(self, rows, labels):
        codes = self.encoder(rows[..., None] * self.tokens[0] + self.tokens[1]).mean(1)
        return nn.functional.binary_cross_entropy_with_logits(self.head(codes)[:, 0], labels)


def error(module):
    return module.loss(x[400:], y[400:])


layers = ("encoder.*.self_attn", "encoder.*.linear?", "head")
half = sl.Ramp(epochs=0, delay=6, first=1, last=0)  # then it is pruned, and trained on without λ
mcp = lambda λ: [sl.MCP(λ, 0.3, layers, schedule=half), sl.Prune(0.02, epoch=0.5, layers=layers)]
methods = {
    "MCP": ([0.001, 0.003, 0.01], mcp),
    "L0": ([0.001, 0.003, 0.01], lambda λ: [sl.L0(λ, layers)]),
}
compare("cancer by transformer", Transformer, (x[:400], y[:400]), error, methods, epochs=12)
