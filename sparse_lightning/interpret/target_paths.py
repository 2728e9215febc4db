"""Target paths: which variables reach which number that a network predicts."""

from dataclasses import dataclass
from typing import Self

import pandas as pd

from sparse_lightning.interpret.mappings import SHARE
from sparse_lightning.interpret.output_paths import output_tables
from sparse_lightning.interpret.structure import Structure


@dataclass(frozen=True, eq=False)
class TargetPaths:
    """What reaches the targets of a regressor.

    A variable reaches a target when the strength of the live paths from its inputs to the target's
    output is at least `share` of that of the variable that reaches the target most. By how much it
    moves the target, `Network.effects` tells.

    Attributes:
        targets: one row a target, in the order of the outputs: target, variables (strongest first).
        variables: one row a variable, used ones first: variable, kind (`used`: reaches a target;
            `faint`: has paths, but with less than `share` of each target's strongest; `ignored`:
            has none), targets (strongest first), strength (of the paths to all targets).
        strengths: `(target, variable)` of the paths between them.
        share: the part of the strongest that counts.
    """

    targets: pd.DataFrame
    variables: pd.DataFrame
    strengths: pd.DataFrame
    share: float

    @classmethod
    def of(cls, structure: Structure, share: float = SHARE) -> Self:
        """Follow the paths of a regressor.

        Args:
            structure: its structure; the outputs' names are those of the targets.
            share: the part of the strongest that counts, in 0…1.

        Raises:
            InputError: `share` is not in 0…1.
        """
        return cls(*output_tables(structure, share, "target", "targets"), share=share)

    @property
    def reached(self) -> list[tuple[str, tuple[str, ...]]]:
        """Each target with the variables that reach it."""
        return list(self.targets[["target", "variables"]].itertuples(index=False, name=None))
