"""Optimizer, schedule and clipping of a population, separate for each replica."""

from collections.abc import Iterable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
}


def make_optimizer(
    name: str, parameters: Iterable[nn.Parameter], learning_rate: float
) -> torch.optim.Optimizer:
    """A fused optimizer where the device has one; both act on each element by itself."""
    trainable = [parameter for parameter in parameters if parameter.requires_grad]
    fused = all(parameter.device.type in ("cpu", "cuda") for parameter in trainable)
    return OPTIMIZERS[name](trainable, lr=learning_rate, fused=fused)  # pyright: ignore[reportCallIssue]


def tail_schedule(
    optimizer: torch.optim.Optimizer, epochs: int, tail: float, factor: float
) -> torch.optim.lr_scheduler.LRScheduler:
    """The learning rate times `factor` in the last share `tail` of the epochs."""
    start = round(epochs * (1 - tail))
    return torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda epoch: factor if epoch >= start else 1.0
    )


def clip_by_replica(parameters: Iterable[nn.Parameter], limit: float) -> None:
    """Scale each replica's gradient to a norm of at most `limit`, whatever the others' are."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    squares: Float[Tensor, " replica"] = torch.stack(
        [gradient.flatten(1).square().sum(1) for gradient in gradients]
    ).sum(0)
    scale = (limit / squares.sqrt().clamp(min=1e-12)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(scale.view(-1, *[1] * (gradient.ndim - 1)))


def silence(parameters: Iterable[nn.Parameter], failed: Bool[Tensor, " replica"]) -> None:
    """Zero the gradients of failed replicas, which may not be finite."""
    for parameter in parameters:
        if parameter.grad is not None:
            mask = failed.view(-1, *[1] * (parameter.grad.ndim - 1))
            parameter.grad.masked_fill_(mask, 0.0)


class ReplicaRates:
    """A learning rate of its own for each replica, as a factor on what the optimizer does.

    The update of a replica is multiplied by its factor. For SGD and Adam, whose updates are
    proportional to the learning rate, this is the same as a learning rate for each replica; a
    factor of 0 freezes a replica. Costs nothing while every factor is 1.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, rates: Float[Tensor, " replica"]):
        self.rates = rates
        self._active = bool((rates != 1).any())
        self._before: list[Tensor] = []
        optimizer.register_step_pre_hook(self._remember)
        optimizer.register_step_post_hook(self._scale)

    def freeze(self, replicas: Bool[Tensor, " replica"]) -> None:
        """Let the given replicas keep their weights from now on."""
        self.rates = self.rates.masked_fill(replicas, 0.0)
        self._active = True

    def _remember(self, optimizer: torch.optim.Optimizer, *_: object) -> None:
        if self._active:
            self._before = [p.detach().clone() for p in _parameters(optimizer)]

    def _scale(self, optimizer: torch.optim.Optimizer, *_: object) -> None:
        if not self._active:
            return
        with torch.no_grad():
            for parameter, before in zip(_parameters(optimizer), self._before, strict=True):
                rates = self.rates.view(-1, *[1] * (parameter.ndim - 1))
                scaled = before + rates * (parameter - before)
                # Not a product with 0: an update of a failed replica need not be finite. Nor one
                # with 1: that of a sound one is rounded no differently because another failed.
                scaled = torch.where(rates == 1, parameter, scaled)
                parameter.copy_(torch.where(rates == 0, before, scaled))


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]
