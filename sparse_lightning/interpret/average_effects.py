"""The average effects of a network: gradients, and differences between levels, over the rows."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

from sparse_lightning.interpret.effects import Contrast
from sparse_lightning.nn.surroundings import usual_torch


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
