"""A penalty of anybody's module that is not finite is told, and waits for nothing to be told."""

import warnings

import pytest
import pytorch_lightning as pl
import torch
from small_fits import trainer_for
from torch import nn
from torch.utils.data import DataLoader

import sparse_lightning as sl

ROWS = torch.rand(24, 4, generator=torch.Generator().manual_seed(2))


class Plain(pl.LightningModule):
    def __init__(self, value=None):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(4, 3), nn.Tanh())
        self.decoder = nn.Linear(3, 4)
        if value is not None:
            with torch.no_grad():
                self.encoder[0].weight[0, 0] = value

    def training_step(self, batch, _):
        # A loss that hides what has become of the weights.
        return (self.decoder(self.encoder(batch)) - batch).square().nan_to_num(0, 0, 0).mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


class Rooted(sl.WeightRegularizer):
    """√|w|, whose value is finite at 0 and whose derivative is not."""

    symbol = "root"

    def value(self, tensor):
        return tensor.abs().sqrt().flatten(1).sum(1)


def fit(module, *callbacks):
    trainer_for(callbacks).fit(module, DataLoader(ROWS, batch_size=8))


@pytest.mark.parametrize(
    ("regularizer", "value"),
    [
        (sl.L1(1e-3, layers="encoder.*"), float("nan")),
        (sl.L1(1e-3, layers="encoder.*"), float("inf")),
        (sl.SelectiveL1(1e-3, 0.1), float("nan")),
        (sl.HiddenL2(1e-3, 9, "encoder.*"), float("nan")),
    ],
)
def test_a_penalty_of_weights_that_are_not_finite_is_told_once(regularizer, value):
    name = type(regularizer).__name__
    with pytest.warns(
        UserWarning, match=rf"{name}: its penalty.*was not finite in epoch 0"
    ) as told:
        fit(Plain(value), regularizer)
    assert sum("its penalty" in str(one.message) for one in told) == 1


def test_a_gradient_that_is_not_finite_is_told_where_the_value_is():
    with pytest.warns(UserWarning, match="Rooted: its penalty or the gradient of it was not"):
        fit(Plain(0.0), Rooted(1e-3))


def test_a_sound_penalty_is_not_worth_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        fit(Plain(), sl.L1(1e-3), sl.HiddenL2(1e-3, 0.9, "encoder.*"))
