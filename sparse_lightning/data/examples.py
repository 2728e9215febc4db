"""Examples: an encoded table as networks are trained and judged on it."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int, Int8
from torch import Tensor

from sparse_lightning.data.number_target import TRAINED, NumberTarget, columns_of
from sparse_lightning.data.rows.splits import TEST, TRAINING, VALIDATION
from sparse_lightning.data.scaling import Scale
from sparse_lightning.errors import TableError
from sparse_lightning.nn.moments import mean_of, squares_about, variance_of

Part = Literal["validation", "test"]

PARTS: dict[Part, int] = {"validation": VALIDATION, "test": TEST}
"""The parts that networks are not trained on, as `Examples.parts` numbers them."""


@dataclass(frozen=True, eq=False)
class Examples:
    """The rows of a table, encoded.

    Attributes:
        inputs: 32-bit.
        labels: the class of each row by number; None without classes.
        classes: their names, in the order of the outputs.
        heldout: rows that networks are not trained on, of a fold or of `evaluation.holdout`.
        parts: the part of each row, see `data.splits`; None: all are training rows.
        groups: the number of the group whose rows stay together in a fold; None: none do.
        weights: how much each row counts, greater than 0; None: all rows count the same.
        auto_folds: what `evaluation.folds: auto` stands for.
        class_weights: factors on what rows of each class add to the loss; None: 1.
        columns: the number of the table's column that each input stands for; None: one each.
        numbers: the numbers to predict, standardised, 32-bit; None without any.
        number_target: how they were standardised, by the rows that are trained on.
    """

    inputs: Float[Tensor, "row input"]
    labels: Int[Tensor, " row"] | None = None
    classes: tuple[str, ...] = field(default=())
    heldout: Bool[Tensor, " row"] | None = None
    class_weights: Float[Tensor, " class"] | None = None
    parts: Int8[Tensor, " row"] | None = None
    groups: Int[Tensor, " row"] | None = None
    auto_folds: int = 0
    weights: Float[Tensor, " row"] | None = None
    columns: Int[Tensor, " input"] | None = None
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
        training = self.training()
        return float(variance_of(training.targets, training.weights).mean())

    def null_error_on(self, others: "Examples") -> float:
        """The error on other rows of the same network: their squared distance from the means of
        the training rows.
        """
        training = self.training()
        mean = mean_of(training.targets, training.weights)
        return float(squares_about(others.targets, mean, others.weights).mean())

    @property
    def row_count(self) -> float:
        """How many rows there are, or the sum of their weights."""
        return len(self.inputs) if self.weights is None else float(self.weights.double().sum())

    @property
    def rows_held_out(self) -> int:
        return 0 if self.heldout is None else int(self.heldout.sum())

    @property
    def trained(self) -> Bool[Tensor, " row"]:
        """Which rows networks are trained on."""
        left = torch.ones(len(self.inputs), dtype=torch.bool)
        if self.heldout is not None:
            left &= ~self.heldout
        if self.parts is not None:
            left &= self.parts == TRAINING
        return left

    def training(self) -> "Examples":
        """The rows that networks are trained on."""
        if self.heldout is None and self.parts is None:
            return self
        return self.take(self.trained)

    def part(self, name: Part) -> "Examples | None":
        """The validation or the test rows, or None without any."""
        if self.parts is None or not bool((self.parts == PARTS[name]).any()):
            return None
        return self.take(self.parts == PARTS[name])

    def choosing(self) -> "Examples":
        """The same rows without those that only judge."""
        if self.parts is None:
            return self
        left = _places(self.parts != TEST)
        groups = None if self.groups is None else self.groups[left]
        return replace(self.take(left), parts=self.parts[left], groups=groups)

    def held_out(self) -> "Examples | None":
        """The rows that they are not trained on, or None."""
        return None if self.heldout is None else self.take(self.heldout)

    def take(self, rows: Tensor | slice) -> "Examples":
        """The given rows, all of them training rows; views of those that lie side by side."""
        rows = _places(rows)
        labels = None if self.labels is None else self.labels[rows]
        return replace(
            self,
            inputs=self.inputs[rows],
            labels=labels,
            numbers=None if self.numbers is None else self.numbers[rows],
            weights=None if self.weights is None else self.weights[rows],
            heldout=None,
            parts=None,
            groups=None,
        )

    def hold_out(self, share: float, seed: int) -> "Examples":
        """The same rows, of which a share, of every class where there are some, is held out.

        Raises `TableError` if a class has too few rows to be in both parts, or there are too few.
        """
        from sklearn.model_selection import train_test_split

        setting = f"evaluation.holdout {share:g}"
        if self.labels is not None:
            self._check_classes(setting, 2)
        try:
            _, heldout = train_test_split(
                torch.arange(len(self.inputs)).numpy(),
                test_size=share,
                random_state=seed,
                stratify=None if self.labels is None else self.labels.numpy(),
            )
        except ValueError as error:
            raise TableError(f"{setting} is not possible: {error}") from error
        return replace(self, heldout=self._mask(torch.from_numpy(heldout)))

    def fold_count(self, count: int | Literal["auto"]) -> int:
        """How many folds there are, `auto` resolved."""
        return self.auto_folds if count == "auto" else count

    def folds(
        self, count: int | Literal["auto"], seed: int, scale: Scale = "none"
    ) -> "list[Examples]":
        """The same rows, of which each fold holds out another part; the classes are balanced.

        Each fold is scaled anew, as the table was, by the rows that it does not hold out, and so
        are numbers to predict. The seed is that of the order of the rows; a count of 0 gives no
        folds. Raises `TableError` if a class, or the whole table, has fewer rows or groups than
        there are folds, or a number to predict is the same in all rows that a fold keeps.
        """
        count = self.fold_count(count)
        if not count:
            return []
        return [self._fold(heldout, scale) for heldout in self._heldout_of_folds(count, seed)]

    def _fold(self, heldout: Tensor, scale: Scale) -> "Examples":
        mask = self._mask(heldout)
        inputs = rescaled(self.inputs, ~mask, scale, self.weights, self.columns)
        fold = replace(self, inputs=inputs, heldout=mask)
        if self.numbers is None or self.number_target is None:
            return fold
        return fold.with_numbers(self.number_target.frame(self.numbers.numpy()))

    def with_numbers(self, numbers: pd.DataFrame) -> "Examples":
        """The same rows with numbers to predict, standardised by those that are trained on.

        Raises `TableError` if one of them is the same in all of these rows.
        """
        trained = self.trained
        rows = "row" if bool(trained.all()) else TRAINED
        weights = None if self.weights is None else self.weights[trained].double().numpy()
        columns = columns_of(numbers.loc[trained.numpy()])
        target = NumberTarget.fit(columns, rows, weights)
        scaled = target.standardised(numbers.to_numpy(dtype=np.float64))
        return replace(self, numbers=torch.from_numpy(scaled), number_target=target)

    def _heldout_of_folds(self, count: int, seed: int) -> "list[Tensor]":
        from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

        setting = f"evaluation.folds {count}"
        if self.labels is not None:
            self._check_classes(setting, count)
        elif self.groups is None and len(self.inputs) < count:
            raise TableError(f"{setting} needs at least {count} rows: there are {len(self.inputs)}")
        shuffled: dict[str, Any] = {"n_splits": count, "shuffle": True, "random_state": seed}
        if self.groups is not None:
            chosen = GroupKFold if self.labels is None else StratifiedGroupKFold
        else:
            chosen = KFold if self.labels is None else StratifiedKFold
        labels = None if self.labels is None else self.labels.numpy()
        groups = None if self.groups is None else self.groups.numpy()
        try:
            split = chosen(**shuffled).split(self.inputs.numpy(), labels, groups)
            return [torch.from_numpy(heldout) for _, heldout in split]
        except ValueError as error:
            raise TableError(f"{setting} is not possible: {error}") from error

    def _check_classes(self, setting: str, least: int) -> None:
        """Raise `TableError` if a class has fewer rows than a setting of the project needs."""
        assert self.labels is not None
        counts = self.labels.bincount(minlength=len(self.classes))
        if int(counts.min()) < least:
            raise TableError(
                f"{setting} needs at least {least} rows of every class: "
                f"{self.classes[int(counts.argmin())]!r} has {int(counts.min())}"
            )

    def _mask(self, rows: Int[Tensor, " chosen"]) -> Bool[Tensor, " row"]:
        """Which rows are those of the given numbers."""
        mask = torch.zeros(len(self.inputs), dtype=torch.bool)
        mask[rows] = True
        return mask


def _places(rows: Tensor | slice) -> Tensor | slice:
    """A mask of rows that lie side by side as a slice; indexed by it they are not copied."""
    if isinstance(rows, slice) or rows.dtype != torch.bool:
        return rows
    count = int(rows.sum())
    first = int(rows.byte().argmax()) if count else 0
    return slice(first, first + count) if bool(rows[first : first + count].all()) else rows


def _one_hot(labels: Int[Tensor, " row"], classes: int) -> Float[Tensor, "row output"]:
    return torch.nn.functional.one_hot(labels, classes).float()


def rescaled(
    inputs: Float[Tensor, "row input"],
    rows: Bool[Tensor, " row"],
    scale: Scale,
    weights: Float[Tensor, " row"] | None = None,
    columns: Int[Tensor, " input"] | None = None,
) -> Float[Tensor, "row input"]:
    """Inputs scaled again, as `Encoding` scales a table, by the given rows alone.

    With `minmax` inputs that are only 0 and 1 stay as they are, and so does with any scale an input
    that is the same in all of the given rows. With `equal` the inputs of each of the `columns` have
    one factor, by which they have the variance 1 together.
    """
    if scale == "none":
        return inputs
    fitted = inputs[rows].double()
    if scale == "minmax":
        offset, reach = fitted.amin(0), fitted.amax(0) - fitted.amin(0)
    else:
        own = None if weights is None else weights[rows]
        offset, variances = mean_of(fitted, own), variance_of(fitted, own)
        if scale == "equal" and columns is not None:
            together = torch.zeros(int(columns.max()) + 1, dtype=torch.float64)
            variances = together.index_add_(0, columns, variances)[columns]
        reach = variances.sqrt()
    same = fitted.amax(0) == fitted.amin(0)
    offset, reach = offset.masked_fill(same, 0.0), reach.masked_fill(same, 1.0)
    return ((inputs.double() - offset) / reach).float()
