"""When networks have been trained enough: in cycles, until errors and connections hardly change."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

CYCLE_STEPS = 1500
"""Steps of a cycle, at least. Steps decide and not epochs: a table of 40 rows has one an epoch."""

MOST_CYCLES = 8
"""The budget."""

CYCLE_ORDER = 1_000_000
"""Times the number of a cycle, and the stage's number added, it is the seed of the rows' order."""

TOLERANCE = 0.02
"""How much a cycle may change the networks of a population that has settled, on average: of the
largest error, and of all connections."""


@dataclass(frozen=True, eq=False)
class State:
    """What is known of a population between two cycles.

    Attributes:
        errors: in any unit, the same in every cycle.
        shares: of all connections, those that are left.
    """

    errors: Float[np.ndarray, " replica"]
    shares: Float[np.ndarray, " replica"]


def cycle_epochs(rows: int, batch_size: int) -> int:
    """The epochs of a cycle on so many rows, by which it has at least `CYCLE_STEPS` steps."""
    steps = -(-rows // batch_size)
    return -(-CYCLE_STEPS // steps)


def has_settled(before: State, after: State) -> bool:
    """Whether a cycle has changed errors and connections by at most `TOLERANCE`, on average.

    The errors are parts of the largest one before, which is that of the emptiest network. These
    two are the axes of the Pareto curve, and they mean the same for every penalty: penalized
    losses could only be compared within a group. Networks that failed meanwhile settle nothing.
    """
    if len(before.errors) != len(after.errors) or not len(after.errors):
        return len(after.errors) == 0
    scale = before.errors.max()
    errors = np.abs(after.errors - before.errors).mean()
    shares = np.abs(after.shares - before.shares).mean()
    return bool(errors <= TOLERANCE * scale and shares <= TOLERANCE)
