"""How much faster a population trains than one Lightning fit a network.

    python benchmarks/population.py [--replicas 150] [--epochs 10]

On the shape of the CTG table (21-12-21, batches of 64, 2126 rows), in one run and in turn: one
ordinary Lightning fit for one network of each regularizer group, and one fit of the population with
all groups. Both use the same optimizer, the same callbacks and the same batches by index; the
single fits get none of the slowness of rows collated one by one. Prints one JSON line; `ratio` is
the median of the pairs.
"""

import argparse
import json
import logging
import os
import statistics
import time
import warnings
from collections.abc import Sequence

import pytorch_lightning as pl
import torch
from torch import nn

from sparse_lightning.data.loading import TableModule
from sparse_lightning.nn.autoencoder import Autoencoder
from sparse_lightning.nn.layers import batched_layer
from sparse_lightning.nn.population import Optimization
from sparse_lightning.project import Project
from sparse_lightning.regularizers.groups import regularizers_for
from sparse_lightning.regularizers.replica import FLOOR
from sparse_lightning.training.fitting import fit
from sparse_lightning.training.grid import replicas_of

ROWS, INPUTS, UNITS, BATCH = 2126, 21, 12, 64


class PlainAutoencoder(pl.LightningModule):
    """The autoencoder that anyone would write."""

    hidden_layers = ("network.1",)

    def __init__(self, inputs: int, units: int):
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(inputs, units), nn.Sigmoid(), nn.Linear(units, inputs), nn.Sigmoid()
        )

    def training_step(self, batch: torch.Tensor, _: int) -> torch.Tensor:
        return (self.network(batch) - batch).square().sum(1).mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=0.01)


def single_fit(
    rows: torch.Tensor,
    shape: tuple[int, int],
    callbacks: Sequence[pl.Callback],
    batch: int,
    epochs: int,
) -> None:
    """One Lightning fit of one network, with batches by index."""
    for name in ("pytorch_lightning", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.WARNING)  # no tips
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        devices=1,
        callbacks=list(callbacks),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning's advice on workers and loggers
        trainer.fit(PlainAutoencoder(*shape), datamodule=TableModule(rows, batch))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicas", type=int, default=150)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    rows = torch.rand(ROWS, INPUTS, generator=torch.Generator().manual_seed(0))

    project = Project(
        table={"source": "ctg"},
        network={"units": [UNITS]},
        regularizers={
            "l1_weights": [0.00005, 0.0001, 0.0002, 0.0005, 0.001],
            "groups": "published",
        },
    )
    grid = [replica for replica in replicas_of(project) if replica.group != FLOOR]
    replicas = sorted(
        (grid * -(-options.replicas // len(grid)))[: options.replicas], key=lambda r: r.number
    )
    one_of_each = list({replica.group: replica for replica in replicas}.values())
    steps = options.epochs * len(TableModule(torch.empty(ROWS, 1), BATCH).train_dataloader())
    optimization = Optimization(epochs=options.epochs)

    def population() -> float:
        seeds = [replica.seed for replica in replicas]
        module = Autoencoder(
            batched_layer(INPUTS, UNITS, "sigmoid", seeds, 0),
            batched_layer(UNITS, INPUTS, "sigmoid", seeds, 1),
            nn.Sequential(),
            optimization,
        )
        began = time.perf_counter()
        fit(module, rows, project, regularizers_for(replicas), BATCH)
        return (time.perf_counter() - began) / steps / len(replicas)

    def single() -> float:
        began = time.perf_counter()
        for replica in one_of_each:
            single_fit(rows, (INPUTS, UNITS), regularizers_for([replica]), BATCH, options.epochs)
        return (time.perf_counter() - began) / steps / len(one_of_each)

    population(), single()  # first fits load and tune libraries
    pairs = [(single(), population()) for _ in range(options.pairs)]
    print(
        json.dumps(
            {
                "benchmark": "population",
                "shape": [INPUTS, UNITS, INPUTS],
                "batch": BATCH,
                "replicas": len(replicas),
                "cores": os.cpu_count(),
                "threads": torch.get_num_threads(),
                "single_us_per_step": round(1e6 * statistics.median(s for s, _ in pairs), 1),
                "population_us_per_step_and_network": round(
                    1e6 * statistics.median(p for _, p in pairs), 2
                ),
                "ratio": round(statistics.median(s / p for s, p in pairs), 1),
                "ratios": [round(s / p, 1) for s, p in pairs],
            }
        )
    )


if __name__ == "__main__":
    main()
