"""A table on the device, handed out in whole batches by index."""

from collections.abc import Iterator

import pytorch_lightning as pl
import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler


class TableDataset(Dataset[Tensor]):
    """A table of which a batch is one index operation, never rows collated one by one."""

    def __init__(self, rows: Float[Tensor, "row unit"]):
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Tensor) -> Tensor:
        return self.rows.index_select(0, index)


class BatchIndices(Sampler[Tensor]):
    """The rows of each batch, in an order that depends on the seed and the epoch alone.

    All replicas see the same batches; what their seeds vary is the initial weights. A population
    and each of its replicas alone are therefore trained on the same data in the same order.

    Args:
        rows: how many rows the table has.
        batch_size: rows a batch; the last batch of an epoch holds what is left.
        seed: of the order.
        device: of the indices.
    """

    def __init__(
        self, rows: int, batch_size: int, seed: int = 0, device: torch.device | None = None
    ):
        self.rows = rows
        self.batch_size = batch_size
        self.device = device
        self._generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return -(-self.rows // self.batch_size)

    def __iter__(self) -> Iterator[Tensor]:
        order = torch.randperm(self.rows, generator=self._generator).to(self.device)
        for start in range(0, self.rows, self.batch_size):
            yield order[start : start + self.batch_size]


class TableModule(pl.LightningDataModule):
    """The data of a fit: the encoded table on the trainer's device.

    Args:
        rows: the encoded table `(row, unit)`.
        batch_size: rows a batch.
        seed: of the order of the rows.
    """

    def __init__(self, rows: Float[Tensor, "row unit"], batch_size: int, seed: int = 0):
        super().__init__()
        self.rows = rows
        self.batch_size = batch_size
        self.seed = seed

    def train_dataloader(self) -> DataLoader[Tensor]:
        device = self.trainer.strategy.root_device if self.trainer else None
        rows = self.rows.to(device)
        indices = BatchIndices(len(rows), self.batch_size, self.seed, device)
        return DataLoader(TableDataset(rows), batch_size=None, sampler=indices)
