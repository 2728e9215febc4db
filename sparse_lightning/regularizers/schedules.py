"""How the strength of a regularizer changes over a fit."""

import math
from dataclasses import dataclass
from typing import Protocol

from sparse_lightning.errors import RegularizerError, check_number


class Schedule(Protocol):
    """Any function of the progress of a fit; its values multiply the strength λ or η."""

    def __call__(self, step: int, epoch: float, /) -> float:
        """The factor, finite and at least 0, after so many steps of the optimizers and epochs.

        The step is `trainer.global_step`; the epochs have the fraction of the current one.
        """
        ...


@dataclass(frozen=True)
class Ramp:
    """From one factor to another in a straight line, and constant before and after.

    Args:
        epochs: the length of the ramp in epochs; either this or `steps`.
        steps: the length of the ramp in steps of the optimizer.
        delay: before the ramp begins, in the unit of its length.
        first: the factor before the ramp.
        last: the factor after the ramp.

    Raises:
        RegularizerError: the length is not given once, or a value is negative or not finite.

    Examples:
        >>> [Ramp(epochs=4, delay=1, first=1.0, last=0.5)(0, epoch) for epoch in (1, 3, 9)]
        [1.0, 0.75, 0.5]
    """

    epochs: float | None = None
    steps: int | None = None
    delay: float = 0
    first: float = 0.0
    last: float = 1.0

    def __post_init__(self) -> None:
        name = type(self).__name__
        if (self.epochs is None) == (self.steps is None):
            raise RegularizerError(f"{name}: give its length either as epochs= or as steps=")
        for field in ("epochs", "steps", "delay", "first", "last"):
            value = getattr(self, field)
            if value is not None:
                check_number(value, f"{name}: {field}", RegularizerError)
            if value is not None and not 0 <= value < math.inf:
                raise RegularizerError(
                    f"{name}: {field} must be finite and at least 0, got {value:g}"
                )

    def __call__(self, step: int, epoch: float, /) -> float:
        length, place = (self.steps, step) if self.epochs is None else (self.epochs, epoch)
        assert length is not None
        if place < self.delay:
            return self.first
        passed = min((place - self.delay) / length, 1.0) if length else 1.0
        return self.first + passed * (self.last - self.first)


@dataclass(frozen=True)
class Warmup(Ramp):
    """A ramp from 0 to the full strength, so that the network learns before it is thinned.

    Args:
        epochs: the length of the ramp in epochs; either this or `steps`.
        steps: the length of the ramp in steps of the optimizer.
        delay: before the ramp begins, in the unit of its length.
        first: the factor before the ramp.
        last: the factor after the ramp.

    Examples:
        >>> [Warmup(epochs=4)(0, epoch) for epoch in (0, 1, 4, 9)]
        [0.0, 0.25, 1.0, 1.0]
    """
