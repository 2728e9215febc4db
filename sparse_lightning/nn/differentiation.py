"""The two ways to the gradients of a population: by torch's graph, and by hand where that serves.

Both give the loss of a batch while the gradients of the step before are still in the parameters,
and afterwards put those of that loss there.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor, nn

from sparse_lightning.nn.backpropagation import Backpropagation

if TYPE_CHECKING:
    from sparse_lightning.nn.population import PopulationModule


class ByGraph:
    """Lets torch record and differentiate the loss of a module."""

    def __init__(self, module: "PopulationModule"):
        self._module = module
        self._parameters = list(module.parameters())

    def loss(self, batch: Tensor) -> Tensor:
        return self._module.mean_loss(batch)

    def backward(self, loss: Tensor) -> None:
        for parameter in self._parameters:
            parameter.grad = None
        loss.backward()


class ByHand:
    """Back-propagates the squared error of a module's layers; its loss has no graph.

    The error is that of `layers` for the inputs and targets that the module's `pair` gives.
    """

    def __init__(self, module: "PopulationModule", layers: Sequence[nn.Module]):
        self._module = module
        self._backpropagation = Backpropagation(layers)
        self._rows = 0

    def serves(self, batch: Tensor) -> bool:
        """Whether what it gives is what a graph gives."""
        return self._backpropagation.serves(batch)

    def loss(self, batch: Tensor) -> Tensor:
        x, target = self._module.pair(batch)
        error = self._backpropagation.errors(x, target)
        self._rows = len(batch)
        elements = target.shape[-2] * target.shape[-1]
        return self._module.noted(error, error, elements) / self._rows

    def backward(self, loss: Tensor) -> None:
        # The derivative of the loss with respect to each error, rounded as the graph rounds it.
        share = loss.new_ones(self._module.replicas) / self._rows
        if not self._module.failures.surely_none:
            share = share.masked_fill(self._module.failures.failed, 0.0)
        self._backpropagation.backward(share)
