"""Two processes on halves of each batch end as one process on the whole of it."""

import pytest
import torch
from small_fits import ROWS, Plain, assert_same, fitted, trainer_for
from torch import nn
from torch.utils.data import DataLoader, DistributedSampler

from sparse_lightning import (
    L0,
    L1,
    ConnectionCount,
    HiddenCovariance,
    HiddenKL,
    HiddenL1,
    HiddenL2,
    Prune,
    SelectiveL1,
    Warmup,
)

pytestmark = [pytest.mark.slow, pytest.mark.long]

LAYER = "network.1"
CASES = {
    "proximal": lambda: [SelectiveL1(0.05, 0.3, proximal=True)],
    "gates": lambda: [L0(0.05, learning_rate=0.5)],
    "KL": lambda: [HiddenKL(0.5, 0.2, LAYER)],
    "together": lambda: [
        SelectiveL1({"network.0": 0.05, "network.2": 0.01}, 0.3, schedule=Warmup(epochs=2)),
        L1(0.01),
        HiddenL1(0.5, 0.6, LAYER),
        HiddenL2(0.5, 0.6, LAYER),
        HiddenKL(0.5, 0.2, LAYER, schedule=Warmup(steps=3)),
        HiddenCovariance(300.0, LAYER),
        Prune(0.2, epoch=1),
        ConnectionCount(),
    ],
}


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.Sigmoid(), nn.Linear(5, 1))


class Spread(Plain):
    """Its processes take the rows of a batch in turn; Lightning's own sampler would shuffle."""

    def train_dataloader(self):
        size, rank = self.trainer.world_size, self.trainer.global_rank
        sampler = DistributedSampler(ROWS, size, rank, shuffle=False)
        return DataLoader(ROWS, batch_size=8 // size, sampler=sampler)


def run(name, processes, accumulated=1):
    module = Spread(network())
    trainer = trainer_for(
        CASES[name](),
        accumulate_grad_batches=accumulated,
        **({} if processes == 1 else {"strategy": "ddp_spawn", "devices": processes}),
    )
    trainer.fit(module)
    return module


@pytest.mark.filterwarnings("ignore:.*Starting from v1.9.*", "ignore:.*sync_dist.*")
@pytest.mark.parametrize(("name", "accumulated"), [*((name, 1) for name in CASES), ("together", 3)])
def test_equals_a_single_process_on_the_same_rows(name, accumulated):
    one = run(name, 1, accumulated)
    two = run(name, 2, accumulated)
    assert_same(two, one, atol=2e-6)
    free = fitted(Plain(network()), batch_size=8, accumulate_grad_batches=accumulated)
    effect = max(
        (a - b).abs().max().item() for a, b in zip(one.parameters(), free.parameters(), strict=True)
    )
    assert effect > 1e-3
