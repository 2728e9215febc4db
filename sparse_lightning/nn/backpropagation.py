"""Back-propagation through the layers of a population without a graph, in memory that it reuses.

Of a step of small networks most time goes into recording and walking the graph of automatic
differentiation, and into new memory for every result. Where the squared error of plain layers is
all that is minimised, neither is needed.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sparse_lightning.nn._torch import forward_hooks, other_hooks
from sparse_lightning.nn.batched import (
    Inputs,
    PerReplica,
    RowWeights,
    differentiable,
    functions_of,
    half_gradients,
    product,
    towards_weight,
)
from sparse_lightning.nn.layers import BatchedLinear

Outputs = Float[Tensor, "replica batch unit"]


class OutputPenalty:
    """A forward hook that adds to the gradient of a layer's outputs, with a graph or without."""

    def __call__(self, module: nn.Module, inputs: Any, output: Any) -> None:
        """The hook, where a graph is recorded."""
        raise NotImplementedError

    def add(self, outputs: Outputs, gradient: Outputs) -> None:
        """Add its gradient with respect to the outputs to `gradient`, in place; keep neither."""
        raise NotImplementedError


class Backpropagation:
    """The squared errors of a population and their gradients.

    They are those of `squared_errors_of` and of its graph, bit for bit. The layers and their
    activations come as from `flatten`.
    """

    def __init__(self, layers: Sequence[nn.Module]):
        self.linear: list[Any] = list(layers[::2])
        self.activations = list(layers[1::2])
        self._plain = (
            len(self.linear) == len(self.activations) > 1
            and all(type(one) is BatchedLinear for one in self.linear)
            and all(differentiable(one) for one in self.activations)
        )
        # Hooks come and go; those on the outputs of hidden layers may be penalties.
        hidden = self.activations[:-1]
        self._penalties: list[dict[int, Any]] = [forward_hooks(one) for one in hidden]
        self._foreign: list[dict[int, Any]] = [
            hooks
            for one in layers
            for hooks in (
                *other_hooks(one),
                *(() if one in hidden else (forward_hooks(one),)),
            )
        ]
        self._memory: dict[int, _Memory] = {}
        self._x: Tensor

    def serves(self, x: Inputs) -> bool:
        """Whether it can stand in for a graph: layers are plain, and hooks none but penalties."""
        return (
            self._plain
            and not any(self._foreign)
            and all(isinstance(h, OutputPenalty) for one in self._penalties for h in one.values())
            and all(one.weight.requires_grad and one.bias.requires_grad for one in self.linear)
            and x.device.type in ("cpu", "cuda")
            and x.dtype == self.linear[0].weight.dtype in (torch.float32, torch.float64)
            and not torch.is_autocast_enabled(x.device.type)
        )

    @torch.no_grad()
    def errors(
        self,
        x: Inputs,
        target: Float[Tensor, "*replica batch output"],
        rows: RowWeights | None = None,
    ) -> PerReplica:
        """The squared error of each replica, summed over batch and outputs, by weights of rows."""
        memory = self._memory_for(x)
        self._x = x
        for place, outputs in enumerate(memory.outputs):
            layer = self.linear[place]
            product(x, layer.weight, out=outputs).add_(layer.bias.mT)
            activate, _ = functions_of(self.activations[place])
            x = activate(outputs).mT
        last = self.linear[-1]
        return half_gradients(
            x,
            last.weight,
            last.bias,
            functions_of(self.activations[-1]),
            target,
            memory.halves,
            rows,
        )

    @torch.no_grad()
    def backward(self, scale: PerReplica) -> None:
        """Put the gradients of Σ scale · error, and what penalties add, into the parameters.

        The errors are those that `errors` gave last.
        """
        memory = self._memory_for(self._x)
        twice = (2 * scale).view(-1, 1, 1)
        gradient, to_weight, to_bias = memory.halves
        torch.mul(to_weight, twice, out=_gradient_of(self.linear[-1].weight))
        torch.mul(to_bias.unsqueeze(1), twice, out=_gradient_of(self.linear[-1].bias))
        gradient.mul_(twice)
        for place in reversed(range(len(memory.outputs))):
            outputs, gradient = memory.outputs[place], memory.gradients[place]
            for penalty in self._penalties[place].values():
                penalty.add(outputs.mT, gradient.mT)
            _, derive = functions_of(self.activations[place])
            gradient = derive(gradient, outputs)
            layer = self.linear[place]
            below = memory.outputs[place - 1].mT if place else self._x
            towards_weight(gradient, below, layer.weight, out=_gradient_of(layer.weight))
            torch.sum(gradient, 2, out=_gradient_of(layer.bias).squeeze(1))
            if place:
                torch.bmm(layer.weight, gradient, out=memory.gradients[place - 1])

    def _memory_for(self, x: Tensor) -> "_Memory":
        batch = x.shape[-2]
        if batch not in self._memory:
            self._memory[batch] = _Memory(self.linear, batch)
        return self._memory[batch]


class _Memory:
    """Where a batch of so many rows has its results; of hidden layers `(replica, unit, batch)`."""

    def __init__(self, layers: Sequence[BatchedLinear], batch: int):
        *hidden, last = layers
        like, replicas = last.weight.detach(), last.replicas
        self.outputs = [like.new_empty(replicas, one.weight.shape[2], batch) for one in hidden]
        self.gradients = [torch.empty_like(one) for one in self.outputs]
        self.halves = (
            self.gradients[-1],
            torch.empty_like(like),
            like.new_empty(replicas, like.shape[2]),
        )


def _gradient_of(parameter: nn.Parameter) -> Tensor:
    if parameter.grad is None:
        parameter.grad = torch.empty_like(parameter)
    return parameter.grad
