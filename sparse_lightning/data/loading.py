"""A table on the device, handed out in whole batches by index."""

from collections.abc import Iterator
from typing import Any

import pytorch_lightning as pl
import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

AHEAD_VALUES = 2**20
"""Of the rows of the batches that are made ahead."""


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
    and each of its replicas alone are therefore trained on the same data in the same order. The
    last batch of an epoch holds what is left.
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
        order = self.order()
        for start in range(0, self.rows, self.batch_size):
            yield order[start : start + self.batch_size]

    def order(self) -> Tensor:
        """All rows in the order of the next epoch."""
        return torch.randperm(self.rows, generator=self.generator).to(self.device)


class Epoch:
    """The batches of an epoch, made ahead in blocks by one index operation each."""

    def __init__(self, rows: Float[Tensor, "row unit"], indices: BatchIndices):
        self.rows = rows
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[Float[Tensor, "batch unit"]]:
        size = self.indices.batch_size
        ahead = size * max(1, AHEAD_VALUES // (size * max(1, self.rows.shape[1])))
        for block in self.indices.order().split(ahead):
            yield from self.rows.index_select(0, block).split(size)


class WholeEpochs(Dataset[Epoch]):
    """One item: all the batches of an epoch."""

    def __init__(self, epoch: Epoch):
        self.epoch = epoch

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Epoch:
        return self.epoch


class TableModule(pl.LightningDataModule):
    """The data of a fit: the encoded table on the trainer's device.

    The seed is that of the order of the rows. With `whole_epochs` all the batches of an `Epoch` are
    handed out as one, for a module that makes many steps of it.
    """

    def __init__(
        self,
        rows: Float[Tensor, "row unit"],
        batch_size: int,
        seed: int = 0,
        whole_epochs: bool = False,
    ):
        super().__init__()
        self.rows = rows
        self.batch_size = batch_size
        self.seed = seed
        self.whole_epochs = whole_epochs
        self._indices: BatchIndices | None = None
        self._restored: Tensor | None = None

    def state_dict(self) -> dict[str, Any]:
        return {} if self._indices is None else {"order": self._indices.generator.get_state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._restored = state_dict["order"]

    def train_dataloader(self) -> DataLoader[Any]:
        rows, device = self.rows, None
        if self.trainer:
            device = self.trainer.strategy.root_device
            rows = self.trainer.precision_plugin.convert_input(rows.to(device))
        self._indices = BatchIndices(len(rows), self.batch_size, self.seed, device)
        if self._restored is not None:
            self._indices.generator.set_state(self._restored)
        own: Any = {"batch_size": None, "generator": torch.Generator()}  # else it moves torch's
        if self.whole_epochs:
            return DataLoader(WholeEpochs(Epoch(rows, self._indices)), **own)
        return DataLoader(TableDataset(rows), sampler=self._indices, **own)
