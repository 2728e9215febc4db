"""Many networks trained as one: layers with a leading replica dimension.

Every parameter of a population has the shape `(replica, …)`, so that hundreds of small networks go
through one batched matrix product. A single network is a population of one.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sparse_lightning.nn._torch import forward_hooks
from sparse_lightning.nn.batched import RowWeights, affine, differentiable, squared_error


class UnitSoftmax(nn.Softmax):
    """Softmax over the units of a layer, the last axis."""

    def __init__(self) -> None:
        super().__init__(dim=-1)


ACTIVATIONS: dict[str, type[nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "linear": nn.Identity,
    "softmax": UnitSoftmax,
}


class BatchedLinear(nn.Module):
    """A linear layer of every replica, y = x W + b."""

    def __init__(
        self, weight: Float[Tensor, "replica input output"], bias: Float[Tensor, "replica 1 output"]
    ):
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias)

    @classmethod
    def initialise(
        cls, inputs: int, outputs: int, seeds: Sequence[int], layer: int = 0
    ) -> "BatchedLinear":
        """Draw weights and biases as `torch.nn.Linear` does, uniformly in ±1/√inputs.

        A replica's draw depends on its seed and on the number of the layer only, so that replicas
        of one seed start from the same weights in every group, alone or in a crowd.
        """
        bound = inputs**-0.5
        unique = {seed: _uniform((inputs + 1, outputs), bound, seed, layer) for seed in seeds}
        drawn = torch.stack([unique[seed] for seed in seeds])
        return cls(drawn[:, :inputs].contiguous(), drawn[:, inputs:].contiguous())

    @property
    def replicas(self) -> int:
        return self.weight.shape[0]

    def forward(
        self, x: Float[Tensor, "*replica batch input"]
    ) -> Float[Tensor, "replica batch output"]:
        """Apply the layer to inputs of each replica, or to `(batch, input)` shared by all."""
        if torch.is_autocast_enabled(x.device.type):
            return torch.baddbmm(self.bias, x.expand(self.replicas, -1, -1), self.weight)
        return affine(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        replicas, inputs, outputs = self.weight.shape
        return f"replicas={replicas}, inputs={inputs}, outputs={outputs}"


def _uniform(shape: tuple[int, ...], bound: float, seed: int, layer: int) -> Tensor:
    state = np.random.SeedSequence([seed, layer]).generate_state(1, np.uint64)[0]
    generator = torch.Generator().manual_seed(int(state >> 1))
    return torch.empty(shape, dtype=torch.float32).uniform_(-bound, bound, generator=generator)


def batched_layer(
    inputs: int, outputs: int, activation: str, seeds: Sequence[int], layer: int
) -> nn.Sequential:
    """One layer of a population: a `BatchedLinear` followed by its activation."""
    return nn.Sequential(
        BatchedLinear.initialise(inputs, outputs, seeds, layer), ACTIVATIONS[activation]()
    )


def take(network: nn.Module, replicas: slice | list[int]) -> nn.Sequential:
    """A population of the given replicas, with copies of their weights."""
    return nn.Sequential(
        *(
            BatchedLinear(
                layer.weight.detach()[replicas].clone(), layer.bias.detach()[replicas].clone()
            )
            if isinstance(layer, BatchedLinear)
            else layer
            for layer in flatten(network)
        )
    )


def put(network: nn.Module, replicas: slice, part: nn.Module) -> None:
    """Write the weights of `part` back over the given replicas of `network`, in place."""
    with torch.no_grad():
        for layer, source in zip(flatten(network), flatten(part), strict=True):
            if isinstance(layer, BatchedLinear) and isinstance(source, BatchedLinear):
                layer.weight[replicas] = source.weight.to(layer.weight.device)
                layer.bias[replicas] = source.bias.to(layer.bias.device)


def clear(layers: Iterable[BatchedLinear], replicas: Bool[Tensor, " replica"]) -> None:
    """Set the weights and biases of the given replicas to 0, in place."""
    with torch.no_grad():
        for layer in layers:
            layer.weight[replicas] = 0.0
            layer.bias[replicas] = 0.0


def flatten(network: nn.Module) -> list[nn.Module]:
    """The layers of nested `nn.Sequential`s in the order of the data."""
    if isinstance(network, nn.Sequential):
        return [layer for part in network for layer in flatten(part)]
    return [network]


def part_of(network: nn.Sequential, start: int | None, stop: int | None = None) -> nn.Sequential:
    """The layers from `start` to before `stop`, the same modules."""
    return nn.Sequential(*list(network)[start:stop])


def linear_layers(network: nn.Module) -> list[BatchedLinear]:
    """The `BatchedLinear` layers in the order of the data."""
    return [layer for layer in flatten(network) if isinstance(layer, BatchedLinear)]


def squared_errors_of(
    layers: Sequence[nn.Module],
    x: Float[Tensor, "*replica batch input"],
    target: Float[Tensor, "*replica batch output"],
    rows: RowWeights | None = None,
) -> Float[Tensor, " replica"]:
    """The squared error of each replica's outputs, summed over batch and outputs.

    With `rows` the error of each row is multiplied by its weight, which may be the replica's own.
    The last layer, its activation and the error are one operation, unless somebody looks at the
    outputs by a hook or they are computed in 16 bits.
    """
    *others, layer, activation = layers
    watched = forward_hooks(layer) or forward_hooks(activation)
    if (
        others
        and isinstance(layer, BatchedLinear)
        and differentiable(activation)
        and not watched
        and not torch.is_autocast_enabled(x.device.type)
    ):
        for other in others:
            x = other(x)
        return squared_error(x, layer.weight, layer.bias, activation, target, rows)
    for every in layers:
        x = every(x)
    return squared_distance(x, target, rows)


def squared_distance(
    output: Float[Tensor, "replica batch output"],
    target: Float[Tensor, "*#replica batch output"],
    rows: RowWeights | None = None,
) -> Float[Tensor, " replica"]:
    """Σ ‖output − target‖² over the batch, of each row times its weight."""
    error = nn.functional.mse_loss(
        output.float(), target.float().expand_as(output), reduction="none"
    )
    return error.sum((1, 2)) if rows is None else (error.sum(2) * rows).sum(1)


def linear_of(weight: Float[Tensor, "output input"], bias: Float[Tensor, " output"]) -> nn.Linear:
    """An ordinary layer on the CPU with copies of weights and biases, in their dtype.

    A layer that torch initialises would move its global generator first.
    """
    outputs, inputs = weight.shape
    linear = nn.Linear(inputs, outputs, device="meta")
    linear.weight, linear.bias = (
        nn.Parameter(values.detach().to("cpu", copy=True).contiguous()) for values in (weight, bias)
    )
    return linear


def single(network: nn.Module, replica: int) -> nn.Sequential:
    """One replica as an ordinary `nn.Sequential` of `nn.Linear` and activations, on the CPU."""
    layers: list[nn.Module] = []
    for layer in flatten(network):
        if isinstance(layer, BatchedLinear):
            layers.append(linear_of(layer.weight[replica].T, layer.bias[replica, 0]))
        else:
            layers.append(type(layer)())
    return nn.Sequential(*layers)


def connections(network: nn.Module, threshold: float) -> Float[Tensor, " replica"]:
    """The number of weights with |w| > threshold of each replica; biases do not count."""
    counts = [
        (layer.weight.detach().abs() > threshold).sum((1, 2)) for layer in linear_layers(network)
    ]
    return torch.stack(counts).sum(0).to(torch.float32)


def live_connections(network: nn.Module, threshold: float) -> Float[Tensor, " replica"]:
    """The number of those that lie on a path from an input to an output of each replica."""
    counts = [layer.weight.detach().abs() > threshold for layer in linear_layers(network)]
    fed = [torch.ones_like(counts[0][:, :, 0])]
    for count in counts:
        fed.append((count & fed[-1][:, :, None]).any(1))
    used = [torch.ones_like(counts[-1][:, 0])]
    for count in reversed(counts):
        used.append((count & used[-1][:, None]).any(2))
    live = [
        (count & before[:, :, None] & after[:, None]).sum((1, 2))
        for count, before, after in zip(counts, fed[:-1], used[-2::-1], strict=True)
    ]
    return torch.stack(live).sum(0).to(torch.float32)
