"""Examples: an encoded table as networks are trained and judged on it."""

from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sparse_lightning.data.number_target import NumberTarget
from sparse_lightning.errors import TableError
from sparse_lightning.nn.moments import variance_of


@dataclass(frozen=True, eq=False)
class Examples:
    """The rows of a table, encoded.

    Attributes:
        inputs: 32-bit.
        labels: the class of each row by number; None without classes.
        classes: their names, in the order of the outputs.
        heldout: the rows that networks are not trained on; None: they are trained on all.
        class_weights: factors on what rows of each class add to the loss; None: 1.
        numbers: the numbers to predict, standardised, 32-bit; None without any.
        number_target: how they were standardised, by the rows that are not held out.
    """

    inputs: Float[Tensor, "row input"]
    labels: Int[Tensor, " row"] | None = None
    classes: tuple[str, ...] = field(default=())
    heldout: Bool[Tensor, " row"] | None = None
    class_weights: Float[Tensor, " class"] | None = None
    numbers: Float[Tensor, "row output"] | None = None
    number_target: NumberTarget | None = None

    @property
    def outputs(self) -> int:
        """How many outputs a network has: one a class, a number to predict, or an input."""
        numbers = 0 if self.numbers is None else self.numbers.shape[1]
        return len(self.classes) or numbers or self.inputs.shape[1]

    @property
    def targets(self) -> Float[Tensor, "row output"]:
        """What outputs are compared with: classes in one-hot coding, the numbers, or the inputs."""
        if self.labels is None:
            return self.inputs if self.numbers is None else self.numbers
        return _one_hot(self.labels, len(self.classes))

    @property
    def null_error(self) -> float:
        """The error of a network with every weight 0: the mean variance of its targets."""
        rows = slice(None) if self.heldout is None else ~self.heldout
        if self.labels is None:
            return float(variance_of(self.targets[rows]).mean())
        return float(variance_of(_one_hot(self.labels[rows], len(self.classes))).mean())

    @property
    def rows_held_out(self) -> int:
        return 0 if self.heldout is None else int(self.heldout.sum())

    def training(self) -> "Examples":
        return self if self.heldout is None else self.take(~self.heldout)

    def held_out(self) -> "Examples | None":
        """The rows that they are not trained on, or None."""
        return None if self.heldout is None else self.take(self.heldout)

    def take(self, rows: Tensor) -> "Examples":
        """The given rows, none of them held out."""
        labels = None if self.labels is None else self.labels[rows]
        numbers = None if self.numbers is None else self.numbers[rows]
        return replace(self, inputs=self.inputs[rows], labels=labels, numbers=numbers, heldout=None)

    def hold_out(self, share: float, seed: int) -> "Examples":
        """The same rows, of which a share, of every class where there are some, is held out.

        Raises `TableError` if a class has too few rows to be in both parts, or there are too few.
        """
        if self.labels is not None:
            self._check_classes(share)
        return self._hold_out(share, seed)

    def _check_classes(self, share: float) -> None:
        assert self.labels is not None
        counts = self.labels.bincount(minlength=len(self.classes))
        if int(counts.min()) < 2:
            raise TableError(
                f"evaluation.holdout {share:g} needs at least 2 rows of every class: "
                f"{self.classes[int(counts.argmin())]!r} has {int(counts.min())}"
            )

    def _hold_out(self, share: float, seed: int) -> "Examples":
        from sklearn.model_selection import train_test_split

        try:
            _, heldout = train_test_split(
                torch.arange(len(self.inputs)).numpy(),
                test_size=share,
                random_state=seed,
                stratify=None if self.labels is None else self.labels.numpy(),
            )
        except ValueError as error:
            raise TableError(f"evaluation.holdout {share:g} is not possible: {error}") from error
        mask = torch.zeros(len(self.inputs), dtype=torch.bool)
        mask[torch.from_numpy(heldout)] = True
        return replace(self, heldout=mask)

    def folds(self, count: int, seed: int) -> "list[Examples]":
        """The same rows, of which each fold holds out another part; classes are balanced.

        The seed is that of the order of the rows; a count of 0 gives no folds. Raises `TableError`
        if a class, or the table, has fewer rows than there are folds.
        """
        from sklearn.model_selection import KFold, StratifiedKFold

        if not count:
            return []
        if self.labels is not None:
            self._check_rows_of_classes(count)
        elif len(self.inputs) < count:
            raise TableError(
                f"evaluation.folds {count} needs at least {count} rows: there are "
                f"{len(self.inputs)}"
            )
        kind = KFold if self.labels is None else StratifiedKFold
        split = kind(count, shuffle=True, random_state=seed)
        labels = None if self.labels is None else self.labels.numpy()
        parts = []
        for _, heldout in split.split(self.inputs.numpy(), labels):
            mask = torch.zeros(len(self.inputs), dtype=torch.bool)
            mask[torch.from_numpy(heldout)] = True
            parts.append(replace(self, heldout=mask))
        return parts

    def _check_rows_of_classes(self, count: int) -> None:
        assert self.labels is not None
        smallest = int(self.labels.bincount(minlength=len(self.classes)).min())
        if smallest < count:
            rare = self.classes[int(self.labels.bincount(minlength=len(self.classes)).argmin())]
            raise TableError(
                f"evaluation.folds {count} needs at least {count} rows of every class: "
                f"{rare!r} has {smallest}"
            )


def _one_hot(labels: Int[Tensor, " row"], classes: int) -> Float[Tensor, "row output"]:
    return torch.nn.functional.one_hot(labels, classes).float()
