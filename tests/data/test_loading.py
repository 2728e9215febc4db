"""Whole batches by index, in an order that depends on seed and epoch alone."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning.data.loading import BatchIndices, TableDataset, TableModule


def table(rows):
    return torch.arange(rows * 2, dtype=torch.float32).view(rows, 2)


@given(rows=st.integers(1, 40), batch_size=st.integers(1, 50), seed=st.integers(0, 2**31))
def test_every_epoch_holds_every_row_once(rows, batch_size, seed):
    indices = BatchIndices(rows, batch_size, seed)
    for _ in range(2):
        batches = list(indices)
        assert len(batches) == len(indices)
        assert all(len(batch) == batch_size for batch in batches[:-1])
        assert sorted(torch.cat(batches).tolist()) == list(range(rows))


def test_the_order_is_that_of_seed_and_epoch():
    one, same, other = (BatchIndices(30, 8, seed) for seed in (4, 4, 5))
    first, second = ([torch.cat(list(indices)) for _ in range(2)] for indices in (one, same))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first[0], torch.cat(list(other)))


def test_the_order_does_not_touch_the_global_generator():
    state = torch.get_rng_state()
    list(BatchIndices(30, 8, 4))
    assert torch.equal(torch.get_rng_state(), state)


def test_a_batch_is_rows_of_the_table():
    dataset = TableDataset(table(5))
    assert len(dataset) == 5
    assert dataset[torch.tensor([4, 0])].tolist() == [[8, 9], [0, 1]]


def test_the_loader_hands_out_whole_batches():
    loader = TableModule(table(10), batch_size=4, seed=1).train_dataloader()
    batches = list(loader)
    assert [batch.shape for batch in batches] == [(4, 2), (4, 2), (2, 2)]
    assert torch.equal(torch.cat(batches).sort(0).values, table(10))
