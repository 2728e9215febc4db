"""Class paths: which variables reach which output of a network that predicts classes."""

from dataclasses import dataclass
from typing import Self

import pandas as pd

from sparse_lightning.interpret.mappings import SHARE
from sparse_lightning.interpret.output_paths import output_tables
from sparse_lightning.interpret.structure import Structure


@dataclass(frozen=True, eq=False)
class ClassPaths:
    """What reaches the outputs of a classifier.

    A variable reaches a class when the strength of the live paths from its inputs to the class's
    output is at least `share` of that of the variable that reaches the class most.

    Attributes:
        classes: one row a class, in the order of the outputs: class, variables (strongest first).
        variables: one row a variable, used ones first: variable, kind (`used`: reaches a class;
            `faint`: has paths, but with less than `share` of each class's strongest; `ignored`: has
            none), classes (strongest first), strength (of the paths to all classes).
        strengths: `(class, variable)` of the paths between them.
        share: the part of the strongest that counts.
    """

    classes: pd.DataFrame
    variables: pd.DataFrame
    strengths: pd.DataFrame
    share: float

    @classmethod
    def of(cls, structure: Structure, share: float = SHARE) -> Self:
        """Follow the paths of a classifier.

        Args:
            structure: its structure; the outputs' names are those of the classes.
            share: the part of the strongest that counts, in 0…1.

        Raises:
            InputError: `share` is not in 0…1.
        """
        return cls(*output_tables(structure, share), share=share)

    @property
    def reached(self) -> list[tuple[str, tuple[str, ...]]]:
        """Each class with the variables that reach it."""
        return list(self.classes[["class", "variables"]].itertuples(index=False, name=None))
