"""The weights of one optimizer with their gates: which of them the module holds when."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sparse_lightning import penalties
from sparse_lightning.errors import RegularizerError

Flat = Float[Tensor, "replica weight"]


class GatedWeights:
    """The weights w of one optimizer and the parameters log α of their gates z.

    The module itself holds w·z: in its forward pass as after training, so that nothing in it has to
    know of gates. Only while its optimizer steps it holds w, with the gradient with respect to w.
    Weights that are exactly zero when a fit begins stay so, and so do those that others set to zero
    between the batches.

    `part` gives the view of a parameter that is gated, the replica as its first axis. Each weight
    has its strength λ `(replica,)`; all gates start with one log α, which Adam learns.
    """

    def __init__(
        self,
        weights: dict[str, nn.Parameter],
        strengths: Sequence[Tensor],
        part: Callable[[Tensor], Tensor],
        log_alpha: float,
        learning_rate: float,
    ):
        self.weights = weights
        self._part = part
        parts = self._parts()
        self.sizes = [one[0].numel() for one in parts]
        self.raw: Flat = _flat(parts)
        self.keep = (self.raw != 0).to(self.raw.dtype)
        self.strength: Flat = torch.cat(
            [
                strength.to(self.raw.dtype)[:, None].expand(-1, size)
                for strength, size in zip(strengths, self.sizes, strict=True)
            ],
            dim=1,
        )
        self.log_alpha = nn.Parameter(torch.full_like(self.raw, log_alpha))
        self.optimizer = torch.optim.Adam([self.log_alpha], lr=learning_rate)
        self.settled = self._open = False
        self._drawn: tuple[Flat, Flat] | None = None  # while gradients are accumulated
        self._gate = self._slope = self._shown = torch.empty(0)

    def sample(self, noise: Callable[[], Flat]) -> None:
        """Put w·z into the module; the noise draws z once for all batches between two steps."""
        if self.settled:
            pruned = (_flat(self._parts()) == 0) & (self._shown != 0)
            self.raw = self.raw.masked_fill(pruned, 0.0)
            self.keep = self.keep.masked_fill(pruned, 0.0)
        if self._drawn is None:
            self._drawn = penalties.hard_concrete(self.log_alpha.detach(), noise())
        self._show(*self._drawn)
        self.settled = False

    def settle(self) -> None:
        """Put w·z into the module, with the gates of a trained network."""
        self._show(*penalties.final_gate(self.log_alpha.detach()))
        self.settled = True

    def kept(self) -> Iterator[tuple[str, nn.Parameter, Tensor]]:
        """Each weight with its name and where the gates of a trained network are open."""
        gate, _ = penalties.final_gate(self.log_alpha.detach())
        is_open = ((gate > 0) & (self.keep > 0)).split(self.sizes, dim=1)
        yield from zip(self.weights, self.weights.values(), is_open, strict=True)

    def open(self, factor: float, scale: Tensor, learns: bool = True) -> None:
        """Put w into the module for the optimizer's step, and the gradients with respect to it.

        λ is multiplied by the factor. The scale `()` is that of 16-bit gradients. The gates do not
        learn in a step without a backward pass.
        """
        gradient = _flat(
            [
                torch.zeros_like(one) if weight.grad is None else self._part(weight.grad)
                for one, weight in zip(self._parts(), self.weights.values(), strict=True)
            ]
        )
        log_alpha = self.log_alpha.detach()
        penalty = self.strength * penalties.open_probability_gradient(log_alpha) * factor
        learned = (gradient * self.raw * self._slope / scale + penalty) * self.keep
        # A gradient that is not finite is one of a network that has failed, or of a skipped step.
        self.log_alpha.grad = torch.where(learned.isfinite(), learned, 0.0) if learns else None
        gates = self._gate.split(self.sizes, dim=1)
        for weight, gate in zip(self.weights.values(), gates, strict=True):
            if weight.grad is not None:
                own = self._part(weight.grad)
                own.mul_(gate.view_as(own))
        self._write(self.raw)
        self.settled, self._drawn = False, None
        self._open = True

    def close(self) -> None:
        """After the optimizer's step: learn log α, and put w·z into the module again.

        Raises `RegularizerError` if the step was made without `open`.
        """
        if not self._open:
            raise RegularizerError(
                "L0: the optimizer has made a step that Lightning does not know of; step the one "
                "that self.optimizers() gives"
            )
        self._open = False
        self.raw = _flat(self._parts())
        self.optimizer.step()
        self.settle()

    def penalty(self) -> Tensor:
        """Σ λ P(z ≠ 0) of each replica."""
        probability = penalties.open_probability(self.log_alpha.detach())
        return (self.strength * probability * self.keep).sum(1)

    def state_dict(self) -> dict[str, Any]:
        """What a fit resumes from; on the CPU."""
        flat = {"weights": self.raw, "log_alpha": self.log_alpha.detach()}
        return {
            "sizes": dict(zip(self.weights, self.sizes, strict=True)),
            **{name: values.cpu() for name, values in flat.items()},
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from another fit's state."""
        self.raw = state["weights"].to(self.raw)
        self.keep = (self.raw != 0).to(self.raw.dtype)
        with torch.no_grad():
            self.log_alpha.copy_(state["log_alpha"])
        self.optimizer.load_state_dict(state["optimizer"])

    def fits(self, state: dict[str, Any]) -> bool:
        """Whether a state is one of these weights."""
        return (
            state["sizes"] == dict(zip(self.weights, self.sizes, strict=True))
            and state["weights"].shape == self.raw.shape
        )

    def _show(self, gate: Flat, slope: Flat) -> None:
        self._gate, self._slope = gate * self.keep, slope
        # Not a bare product: a weight whose gate is shut is 0, and never −0 or what is not finite.
        self._shown = torch.where(self._gate > 0, self.raw * self._gate, 0.0)
        self._write(self._shown)

    def _write(self, flat: Flat) -> None:
        with torch.no_grad():
            for part, values in zip(self._parts(), flat.split(self.sizes, dim=1), strict=True):
                part.copy_(values.view_as(part))

    def _parts(self) -> list[Tensor]:
        return [self._part(weight.detach()) for weight in self.weights.values()]


def _flat(parts: Sequence[Tensor]) -> Flat:
    return torch.cat([part.flatten(1) for part in parts], dim=1)
