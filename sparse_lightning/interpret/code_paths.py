"""The paths through the codes of an autoencoder: what feeds each code, and what it rebuilds."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from sparse_lightning.errors import InputError
from sparse_lightning.interpret.paths import noticeable, reaching, rebuilding
from sparse_lightning.interpret.structure import Structure


@dataclass(frozen=True, eq=False)
class CodePaths:
    """Strengths of the paths to and from the codes, and which of them count."""

    feeding: Float[np.ndarray, "code variable"]
    rebuilding: Float[np.ndarray, "code variable"]
    fed: Bool[np.ndarray, "code variable"]
    rebuilt: Bool[np.ndarray, "code variable"]

    @classmethod
    def of(cls, structure: Structure, share: float) -> "CodePaths":
        """Follow the paths of an autoencoder; those count that are `noticeable`.

        Raises:
            InputError: the network has no hidden layer, or the share is not in 0…1.
        """
        code = structure.code_layer
        if not 0 < code < len(structure.widths) - 1:
            raise InputError("the network has no hidden layer, so it has no codes")
        feeding, back = reaching(structure, code), rebuilding(structure, code)
        return cls(feeding, back, noticeable(feeding, share), noticeable(back, share))

    @cached_property
    def kept(self) -> Bool[np.ndarray, "code variable"]:
        """What feeds a code and is rebuilt by it."""
        return self.fed & self.rebuilt

    @cached_property
    def through(self) -> Float[np.ndarray, "code variable"]:
        """The strengths of the paths of each variable to itself."""
        return self.feeding * self.rebuilding

    @cached_property
    def identities(self) -> Bool[np.ndarray, " code"]:
        """Which codes are fed by one variable, and rebuild one."""
        return (self.fed.sum(axis=1) == 1) & (self.rebuilt.sum(axis=1) == 1)
