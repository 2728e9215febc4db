"""What a process may have set for all of torch, put aside while this package computes."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch


@contextmanager
def usual_torch() -> Iterator[None]:
    """Compute with torch as it is when a process has set nothing; also a decorator.

    Tensors are made on the CPU (`torch.set_default_device`), gradients are recorded
    (`torch.no_grad`, `torch.inference_mode`), and sums are not rounded to 16 bits
    (`torch.autocast`). All of these belong to a thread, so no other one notices. The default dtype
    belongs to the whole process: it is left alone, and tensors of this package name their own.
    """
    with ExitStack() as stack:
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for device in ("cpu", "cuda"):
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        yield
