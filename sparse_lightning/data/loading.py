"""A table on the device, handed out in whole batches by index."""

from collections.abc import Iterator
from typing import Any

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

    Attributes:
        generator: of the orders of the epochs to come.
    """

    def __init__(
        self, rows: int, batch_size: int, seed: int = 0, device: torch.device | None = None
    ):
        self.rows = rows
        self.batch_size = batch_size
        self.device = device
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return -(-self.rows // self.batch_size)

    def __iter__(self) -> Iterator[Tensor]:
        order = torch.randperm(self.rows, generator=self.generator).to(self.device)
        yield from order.split(self.batch_size)


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
        self._indices: BatchIndices | None = None
        self._restored: Tensor | None = None

    def state_dict(self) -> dict[str, Any]:
        return {} if self._indices is None else {"order": self._indices.generator.get_state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._restored = state_dict["order"]

    def train_dataloader(self) -> DataLoader[Tensor]:
        device = self.trainer.strategy.root_device if self.trainer else None
        rows = self.rows.to(device)
        self._indices = BatchIndices(len(rows), self.batch_size, self.seed, device)
        if self._restored is not None:
            self._indices.generator.set_state(self._restored)
        return DataLoader(TableDataset(rows), batch_size=None, sampler=self._indices)
