"""Effects: by how much each column moves the numbers that a network predicts, on average."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

from sparse_lightning.nn.surroundings import usual_torch

COLUMNS = ("target", "variable", "level", "reference", "effect")


class Contrast(Protocol):
    """How a column is changed, as `data.contrasts` has it."""

    @property
    def variable(self) -> str: ...
    @property
    def place(self) -> slice: ...
    @property
    def factor(self) -> float: ...
    @property
    def reference(self) -> str: ...
    @property
    def levels(self) -> tuple[str, ...]: ...
    @property
    def settings(self) -> Float64[np.ndarray, "level input"] | None: ...


def average_effects(
    model: nn.Module, rows: Float[np.ndarray, "row input"], contrasts: Sequence[Contrast]
) -> Float64[np.ndarray, "*replica target change"]:
    """The average effects of all columns on the outputs of a network, or of each of a population.

        number    mean over the rows of ∂output / ∂column, for one unit of the column
        level     mean over the rows of output(column = level) − output(column = reference)

    Args:
        model: 64-bit layers, from the rows to the outputs.
        rows: the network's inputs.
        contrasts: the columns in their order.

    Returns:
        In the unit of the outputs; one change a column of numbers and one for each level but the
        reference.
    """
    inputs = torch.from_numpy(np.ascontiguousarray(rows, dtype=np.float64))
    with usual_torch():
        slopes = _slopes(model, inputs)
        found = list[Tensor]()
        for one in contrasts:
            if one.settings is None:
                found.append(slopes[..., one.place.start] / one.factor)
            else:
                means = _means_at(model, inputs, one.place, torch.from_numpy(one.settings))
                found += [level - means[0] for level in means[1:]]
        return torch.stack(found, -1).numpy()


def _slopes(
    model: nn.Module, inputs: Float[Tensor, "row input"]
) -> Float[Tensor, "*replica target input"]:
    """The mean over the rows of the gradient of each output."""
    with torch.no_grad():
        shape = model(inputs[:1]).shape
    # Each replica has rows of its own, else the gradients of all of them would be added up.
    own = inputs.expand(*shape[:-2], *inputs.shape).clone().requires_grad_()
    outputs = model(own).sum(-2)
    gradients = [
        torch.autograd.grad(outputs[..., target].sum(), own, retain_graph=True)[0].mean(-2)
        for target in range(shape[-1])
    ]
    return torch.stack(gradients, -2)


def _means_at(
    model: nn.Module, inputs: Tensor, place: slice, settings: Tensor
) -> list[Float[Tensor, "*replica target"]]:
    """The mean outputs where the inputs of a column are set to each setting in all rows."""
    found = []
    with torch.no_grad():
        for setting in settings:
            changed = inputs.clone()
            changed[:, place] = setting
            found.append(model(changed).mean(-2))
    return found


def effects_frame(
    effects: Float64[np.ndarray, "target change"],
    contrasts: Sequence[Contrast],
    targets: Sequence[str],
    units: Sequence[float],
) -> pd.DataFrame:
    """One row a target and change, the effects in units of the targets.

    The columns: target, variable, level and reference (None of numbers), effect. `units` are how
    many units of each target a step of 1 of its output is.
    """
    rows = [
        (target, variable, level, reference, float(effects[place, change]) * unit)
        for place, (target, unit) in enumerate(zip(targets, units, strict=True))
        for change, (variable, level, reference) in enumerate(_changes(contrasts))
    ]
    return _frame(rows)


def _changes(contrasts: Sequence[Contrast]) -> Iterator[tuple[str, str | None, str | None]]:
    for one in contrasts:
        if one.settings is None:
            yield one.variable, None, None
        for level in one.levels:
            yield one.variable, level, one.reference


def effects_document(effects: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as JSON can hold them; an effect that is not finite is None."""
    return [
        {
            **dict(zip(COLUMNS, row, strict=True)),
            "effect": row[-1] if np.isfinite(row[-1]) else None,
        }
        for row in effects.loc[:, list(COLUMNS)].itertuples(index=False)
    ]


def effects_from(document: Any) -> pd.DataFrame:
    """What `effects_document` described.

    A KeyError, TypeError, ValueError or OverflowError says that it described nothing.
    """
    return _frame(
        [
            (
                str(row["target"]),
                str(row["variable"]),
                None if row["level"] is None else str(row["level"]),
                None if row["reference"] is None else str(row["reference"]),
                np.nan if row["effect"] is None else float(row["effect"]),
            )
            for row in document
        ]
    )


def _frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
    return frame.astype({"effect": float})
