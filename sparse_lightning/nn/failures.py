"""How replicas fail: noticed on the device, with the cause, read when an epoch is over."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor, nn

from sparse_lightning.nn.layers import BatchedLinear
from sparse_lightning.nn.optimization import silence

Cause = Literal["loss", "weights", "gradient", "products", "error"]

CAUSES: dict[Cause, str] = {
    "loss": "the loss was not finite",
    "weights": "weights were not finite",
    "gradient": "the gradient was not finite",
    "products": "products of the weights overflowed in the precision of training",
    "error": "the error of the trained network is not finite",
}
"""Each cause in words. Of several at the same step, the one that led to the others."""

_CODES: tuple[Cause, ...] = ("loss", "weights", "gradient", "products")
LOSS, WEIGHTS, GRADIENT, PRODUCTS = range(len(_CODES))

PATIENCE = 16
"""So many steps in a row a replica's 16-bit gradient may overflow: as often its scale is halved,
from the 65536 that torch begins with to 1, below which the scale cannot be what is wrong."""


@dataclass(frozen=True)
class Failure:
    """When and why a network failed.

    The phase is a stage, the floor or a fold. The step is that of the optimizer in this phase,
    counted from 0; None where the failure was found afterwards.
    """

    phase: str
    step: int | None
    cause: Cause

    def __str__(self) -> str:
        when = "" if self.step is None else f" at step {self.step}"
        return f"diverged in {self.phase}{when}: {CAUSES[self.cause]}"


class FailureRecord(nn.Module):
    """The first failure of each replica of a population, in buffers on the device.

    A gradient that is not finite makes the weights and with them the next loss so. What a step
    needs is therefore the loss alone, which there is anyway; where it is not finite, the weights
    and the gradient of the step before, which is still there, tell what came first. On the CPU they
    are looked at in that case only. Other devices look at them in every step, since asking whether
    there is such a case would make the program wait for the device.
    """

    def __init__(self, replicas: int):
        super().__init__()
        self._some = False
        self.register_buffer("step", torch.full((replicas,), -1), persistent=False)
        self.register_buffer("code", torch.zeros(replicas, dtype=torch.long), persistent=False)
        self.step: Tensor
        self.code: Tensor

    @property
    def failed(self) -> Bool[Tensor, " replica"]:
        return self.step >= 0

    @property
    def surely_none(self) -> bool:
        """Whether none has failed so far; False, too, where to know it would wait for a device."""
        return not self._some and self.step.device.type == "cpu"

    def note_loss(
        self, loss: Float[Tensor, " replica"], step: int, parameters: Iterable[nn.Parameter]
    ) -> None:
        """Before the backward pass of a step, with the gradients of the step before in place."""
        new = ~(loss.isfinite() | self.failed)
        if new.device.type != "cpu" or bool(new.any()):
            self._explain(new, LOSS, step, step - 1, parameters)

    def note_weights(self, step: int, parameters: Iterable[nn.Parameter]) -> None:
        """After a step: the weights that it has left, whose loss nobody has seen yet."""
        parameters = list(parameters)
        new = not_finite(parameters) & ~self.failed
        self._explain(new, WEIGHTS, step, step, parameters)

    def note_products(
        self,
        overflowed: Bool[Tensor, " replica"],
        step: int,
        parameters: Iterable[nn.Parameter],
    ) -> None:
        """After the last step: which replicas have outputs of layers that are not finite."""
        self._explain(overflowed & ~self.failed, PRODUCTS, step, step, parameters)

    def note(self, bad: Bool[Tensor, " replica"], code: int, step: int | Tensor) -> None:
        """Record a failure of the replicas that have none yet."""
        new = bad & ~self.failed
        self.step = torch.where(new, step, self.step)
        self.code = torch.where(new, code, self.code)
        self._look()

    def kept(self) -> dict[str, Tensor]:
        """The state for the checkpoint of a fit."""
        return {"step": self.step, "code": self.code}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on from what `kept` gave."""
        self.step = state["step"].to(self.step.device)
        self.code = state["code"].to(self.code.device)
        self._look()

    def failures(self, phase: str) -> list[Failure | None]:
        """The failure of each replica, None without one; waits for the device."""
        found = zip(self.step.tolist(), self.code.tolist(), strict=True)
        return [Failure(phase, step, _CODES[code]) if step >= 0 else None for step, code in found]

    def _look(self) -> None:
        if self.step.device.type == "cpu":
            self._some = bool(self.failed.any())

    def _explain(
        self,
        new: Bool[Tensor, " replica"],
        otherwise: int,
        step: int,
        gradient_step: int,
        parameters: Iterable[nn.Parameter],
    ) -> None:
        parameters = list(parameters)
        gradients = [p.grad for p in parameters if p.grad is not None]
        if gradients:
            self.note(new & not_finite(gradients), GRADIENT, gradient_step)
        self.note(new & not_finite(parameters), WEIGHTS, step)
        self.note(new, otherwise, step)


class ScaledGradients:
    """Keeps the one gradient scale of 16-bit training from tying replicas together.

    torch's scaler skips the step of all parameters when a gradient of one is not finite, and halves
    the scale. Here the replica alone makes a step without a gradient while the others make theirs,
    and the scale is halved afterwards. A replica whose gradient overflows `PATIENCE` times in a row
    has failed, and moves the scale no more. Nothing waits for the device.
    """

    def __init__(self, record: FailureRecord):
        self._record = record
        self._streak: Int[Tensor, " replica"] = torch.zeros_like(record.step)
        self._overflows = torch.zeros((), dtype=torch.bool)

    def separate(self, parameters: Iterable[nn.Parameter], step: int) -> None:
        """After a backward pass: take out the gradients of those whose are not finite."""
        parameters = list(parameters)
        bad = not_finite([p.grad for p in parameters if p.grad is not None])
        self._streak = torch.where(bad, self._streak.to(bad.device) + 1, 0)
        self._record.note(self._streak >= PATIENCE, GRADIENT, step)
        self._overflows = (bad & ~self._record.failed).any()
        silence(parameters, bad | self._record.failed)

    def adapt(self, scaler: torch.amp.GradScaler) -> None:
        """After the step: halve the scale if it was too large for a sound replica."""
        factor = 1.0 - 0.5 * self._overflows.float()
        scaler.update(scaler.scale(factor))


def not_finite(tensors: Iterable[Tensor]) -> Bool[Tensor, " replica"]:
    """Which replicas have a value that is infinite or NaN in one of `(replica, …)` tensors."""
    largest = [torch.linalg.vector_norm(x.detach().flatten(1), torch.inf, dim=1) for x in tensors]
    return ~torch.stack([one.isfinite() for one in largest]).all(0)


def largest_outputs(
    module: nn.Module, largest: float, replicas: int
) -> Float64[Tensor, " replica"]:
    """A bound of all outputs of batched layers: Π (|x| + 1) max(1, Σᵢ |wᵢⱼ| + |bⱼ|) over layers.

    The activations give no larger values than they take; |x| is `largest` in the first layer.
    """
    bound = torch.full((replicas,), largest, dtype=torch.float64)
    for layer in module.modules():
        if isinstance(layer, BatchedLinear):
            sums = layer.weight.detach().double().abs().sum(1)
            sums += layer.bias.detach().double().abs().flatten(1)
            bound = (bound.to(sums.device) + 1) * sums.amax(1).clamp(min=1)
    return bound


def overflowing(
    module: nn.Module, batches: Iterable[Any], forward: Callable[[Any], Any], replicas: int
) -> Bool[Tensor, " replica"]:
    """Which replicas have a layer whose outputs are not finite, whatever an activation hides."""
    layers = [layer for layer in module.modules() if isinstance(layer, BatchedLinear)]
    found = torch.zeros(replicas, dtype=torch.bool)
    if layers:
        found = found.to(layers[0].weight.device)

    def watch(_: nn.Module, __: Any, output: Tensor) -> None:
        # In place: small tensors that are kept between large ones keep the memory of these.
        found.logical_or_(not_finite([output]))

    hooks = [layer.register_forward_hook(watch) for layer in layers]
    try:
        with torch.no_grad():
            for batch in batches:
                forward(batch)
    finally:
        for hook in hooks:
            hook.remove()
    return found
