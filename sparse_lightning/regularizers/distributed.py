"""The rows of a batch that is spread over several processes."""

import torch
import torch.distributed as dist
from torch import Tensor


def gathered(rows: Tensor) -> tuple[Tensor, slice]:
    """The rows of all processes, and where this process's own are.

    A collective: every process calls it, in the same order. No gradient runs through it.

    Args:
        rows: `(replica, row, unit)`; the number of rows may differ between the processes.

    Returns:
        `(replica, row of all, unit)` in the order of the ranks, and the slice of the own rows.
    """
    count = torch.tensor([rows.shape[1]], device=rows.device)
    counts = [torch.zeros_like(count) for _ in range(dist.get_world_size())]
    dist.all_gather(counts, count)
    sizes = [int(one) for one in counts]
    # The backends want equal shapes.
    padded = rows.new_zeros(rows.shape[0], max(sizes), rows.shape[2])
    padded[:, : rows.shape[1]] = rows
    parts = [torch.empty_like(padded) for _ in sizes]
    dist.all_gather(parts, padded)
    rank = dist.get_rank()
    start = sum(sizes[:rank])
    whole = torch.cat([part[:, :size] for part, size in zip(parts, sizes, strict=True)], dim=1)
    return whole, slice(start, start + sizes[rank])
