"""A replica: one network of a population, named by its regularizer group, strengths and seed."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from sparse_lightning.errors import InputError

SYMBOLS = {
    "l1_weight": "λ",
    "l1_threshold": "θ",
    "hidden_weight": "η",
    "hidden_threshold": "τ",
    "sparsity": "ρ",
}
"""The symbol of each strength and threshold in formulas, tables and figures."""

STRENGTHS = tuple(SYMBOLS)
"""The strengths and thresholds by their names in project files."""

FLOOR = "none"
"""The group of the unregularized networks, whose smallest error is the floor."""


@dataclass(frozen=True)
class Replica:
    """One network of the grid; a strength that its regularizer does not take is None.

    Attributes:
        number: its place in the grid, in the order of the project file.
        group: the name of its group in the project file.
        regularizer: the terms joined by `+`, as in `sL1+sh`; `none` for the floor.
        seed: the seed of its initial weights.
    """

    number: int
    group: str
    regularizer: str
    seed: int
    l1_weight: float | None = None
    l1_threshold: float | None = None
    hidden_weight: float | None = None
    hidden_threshold: float | None = None
    sparsity: float | None = None

    @property
    def strengths(self) -> dict[str, float]:
        """The strengths and thresholds that its regularizer takes."""
        values = {name: getattr(self, name) for name in STRENGTHS}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def name(self) -> str:
        """How its run is called: `sL1+sh λ=0.0002 seed 1`."""
        weight = "" if self.l1_weight is None else f" λ={self.l1_weight:g}"
        return f"{self.group}{weight} seed {self.seed}"


def find_strength(wanted: float | str, strengths: Iterable[float]) -> float | None:
    """The one of these strengths that is a number, however its digits are written.

    Rounding is passed over, to 1e-9 of the number, or that of 32 bits: `"2e-4"`, 0.1 * 0.002 and
    `np.float32(2e-4)` find 0.0002. Raises `InputError` if this is no number, or if several are so
    near and none is the very number.
    """
    tolerance = 1e-7 if str(getattr(wanted, "dtype", "")) == "float32" else 1e-9
    try:
        number = float(wanted)
    except (TypeError, ValueError) as error:
        raise InputError(f"a strength must be a number, got {wanted!r:.80}") from error
    near = [one for one in set(strengths) if math.isclose(one, number, rel_tol=tolerance)]
    if len(near) > 1 and number not in near:
        raise InputError(f"{number!r} may be any of {sorted(near)}: write out all its digits")
    return number if number in near else next(iter(near), None)
