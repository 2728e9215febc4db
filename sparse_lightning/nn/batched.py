"""The products of batched layers with gradients by hand, in the layout that is fastest.

Outputs have the shape `(replica, batch, unit)` and lie in memory as `(replica, unit, batch)`: on
CPUs the matrix products of small networks are up to twice as fast that way, and what follows
element by element does not care. Inputs that all replicas share go through one large product
instead of one small product a replica.
"""

import math
import threading
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

PIECE_BYTES = 2**21
"""What the outputs and the errors of a piece of the replicas may take together: about a cache."""

PerReplica = Float[Tensor, " replica"]
Weight = Float[Tensor, "replica input output"]
Bias = Float[Tensor, "replica 1 output"]
Inputs = Float[Tensor, "*replica batch input"]
Outputs = Float[Tensor, "replica batch output"]
RowWeights = Float[Tensor, "*own batch"]
"""Factors on the errors of rows: the same for all replicas, or those of each one."""


def affine(x: Inputs, weight: Weight, bias: Bias) -> Outputs:
    """X W + b of every replica."""
    return _Affine.apply(x, weight, bias)


def squared_error(
    x: Float[Tensor, "replica batch input"],
    weight: Weight,
    bias: Bias,
    activation: nn.Module,
    target: Float[Tensor, "*replica batch output"],
    rows: RowWeights | None = None,
) -> PerReplica:
    """Σ_i r_i ‖f(x_i W + b) − t_i‖² of every replica, over the rows i of the batch.

    The gradients are computed together with the error, while the outputs are in the cache; the
    target t and the weights r of the `rows` get none. `differentiable` must be true of the
    activation f.
    """
    return _SquaredError.apply(x, weight, bias, functions_of(activation), target, rows)


def differentiable(activation: nn.Module) -> bool:
    """Whether `squared_error` knows the derivative of an activation."""
    return type(activation) in _BACKWARD


def functions_of(activation: nn.Module) -> "InPlace":
    """A `differentiable` activation in place, and what its derivative makes of a gradient."""
    return _BACKWARD[type(activation)]


class _Affine(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return product(x, weight).add_(bias.mT).mT

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        x, weight = ctx.saved_tensors
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad
        along_units = gradient.mT
        return (
            _towards_inputs(along_units, weight, x.ndim) if needs_x else None,
            towards_weight(along_units, x, weight) if needs_weight else None,
            along_units.sum(2).unsqueeze(1) if needs_bias else None,
        )


class _SquaredError(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        functions: "InPlace",
        target: Tensor,
        rows: Tensor | None,
    ) -> Tensor:
        needs_x, needs_weight, needs_bias, *_ = ctx.needs_input_grad
        replicas, inputs, outputs = weight.shape
        towards = (
            x.new_empty(replicas, inputs, x.shape[1]) if needs_x else None,
            torch.empty_like(weight) if needs_weight else None,
            x.new_empty(replicas, outputs) if needs_bias else None,
        )
        error = half_gradients(x, weight, bias, functions, target, towards, rows)
        ctx.gradients = towards
        return error

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, ...]:
        towards_x, towards_weight, towards_bias = ctx.gradients
        scale = (2 * gradients[0]).view(-1, 1, 1)
        return (
            None if towards_x is None else (towards_x * scale).mT,
            None if towards_weight is None else towards_weight * scale,
            None if towards_bias is None else towards_bias.unsqueeze(1) * scale,
            None,
            None,
            None,
        )


def half_gradients(
    x: Float[Tensor, "replica batch input"],
    weight: Weight,
    bias: Bias,
    functions: "InPlace",
    target: Float[Tensor, "*replica batch output"],
    towards: tuple[Tensor | None, Tensor | None, Tensor | None],
    rows: RowWeights | None = None,
) -> PerReplica:
    """What `squared_error` gives, and half of its gradients, a piece of replicas after the other.

    What a piece needs stays in the cache, and outputs of all replicas are never held at once.
    `functions` are those of `functions_of`. `towards` has the places of the gradients, None where
    one is not wanted: with respect to x `(replica, input, batch)`, to W, and to b `(replica,
    output)`. `rows` are factors on the errors of the rows.
    """
    activate, derive = functions
    towards_x, towards_weight, towards_bias = towards
    replicas, _, outputs = weight.shape
    batch = x.shape[1]
    error = x.new_empty(replicas)
    # A shared target is turned round once, else each replica would walk it column by column.
    target = target.mT.contiguous()
    # A difference times the root of a row's weight has the weighted error for its square.
    roots = None if rows is None else rows.sqrt().unsqueeze(-2)
    size = _piece(x, outputs)
    buffers = _scratch(x, (2, min(size, replicas), outputs, batch))
    for start in range(0, replicas, size):
        part = slice(start, start + size)
        own, x_part = weight[part], x[part].mT
        output, difference = buffers[:, : len(own)]
        torch.bmm(own.mT, x_part, out=output)
        output = activate(output.add_(bias[part].mT))
        torch.sub(output, target if target.ndim == 2 else target[part], out=difference)
        own_roots = roots if roots is None or roots.ndim == 2 else roots[part]
        if own_roots is not None:
            difference.mul_(own_roots)
        torch.linalg.vector_norm(difference.flatten(1), dim=1, out=error[part])
        if towards_x is None and towards_weight is None and towards_bias is None:
            continue
        if own_roots is not None:
            difference.mul_(own_roots)
        half = derive(difference, output)
        if towards_x is not None:
            torch.bmm(own, half, out=towards_x[part])
        if towards_weight is not None:
            torch.bmm(x_part, half.mT, out=towards_weight[part])
        if towards_bias is not None:
            torch.sum(half, 2, out=towards_bias[part])
    return error.square_()


def _piece(x: Tensor, outputs: int) -> int:
    """How many replicas go together: all of them, but on a CPU what `PIECE_BYTES` hold."""
    if x.device.type != "cpu":
        return len(x)
    return max(1, PIECE_BYTES // (2 * x.shape[1] * outputs * x.element_size()))


class _Scratch(threading.local):
    """Memory that is written before it is read; new memory would be cleared page by page."""

    tensor = torch.empty(0)


_SCRATCH = _Scratch()


def _scratch(like: Tensor, shape: tuple[int, ...]) -> Tensor:
    size, scratch = math.prod(shape), _SCRATCH.tensor
    if scratch.numel() < size or scratch.dtype != like.dtype or scratch.device != like.device:
        scratch = _SCRATCH.tensor = like.new_empty(size)
    return scratch[:size].view(shape)


def product(
    x: Inputs, weight: Weight, out: Float[Tensor, "replica output batch"] | None = None
) -> Float[Tensor, "replica output batch"]:
    """(x W)ᵀ of every replica, put into `out` where it is given."""
    replicas, inputs, outputs = weight.shape
    if x.ndim == 3:
        return torch.bmm(weight.mT, x.mT, out=out)
    together = weight.mT.reshape(replicas * outputs, inputs)
    into = None if out is None else out.view(replicas * outputs, len(x))
    return torch.mm(together, x.mT, out=into).view(replicas, outputs, len(x))


def towards_weight(
    gradient: Float[Tensor, "replica output batch"],
    x: Inputs,
    weight: Weight,
    out: Weight | None = None,
) -> Weight:
    """The gradient with respect to W from that of (x W)ᵀ, put into `out` where it is given."""
    replicas, inputs, outputs = weight.shape
    if x.ndim == 3:
        return torch.bmm(x.mT, gradient.mT, out=out)
    together = gradient.reshape(replicas * outputs, len(x)) @ x
    turned = together.view(replicas, outputs, inputs).mT
    return turned.contiguous() if out is None else out.copy_(turned)


def _towards_inputs(along_units: Tensor, weight: Tensor, axes: int) -> Tensor:
    towards = torch.bmm(weight, along_units).mT
    return towards if axes == 3 else towards.sum(0)


InPlace = tuple[Callable[[Tensor], Tensor], Callable[[Tensor, Tensor], Tensor]]


def _sigmoid_backward(gradient: Tensor, output: Tensor) -> Tensor:
    return torch.ops.aten.sigmoid_backward.grad_input(gradient, output, grad_input=gradient)


def _tanh_backward(gradient: Tensor, output: Tensor) -> Tensor:
    return torch.ops.aten.tanh_backward.grad_input(gradient, output, grad_input=gradient)


_BACKWARD: dict[type[nn.Module], InPlace] = {
    nn.Sigmoid: (torch.sigmoid_, _sigmoid_backward),
    nn.Tanh: (torch.tanh_, _tanh_backward),
    nn.ReLU: (torch.relu_, lambda gradient, output: gradient.mul_(output > 0)),
    nn.Identity: (lambda output: output, lambda gradient, _: gradient),
}
"""Of each activation, itself in place, and what its derivative makes of a gradient, in place."""
