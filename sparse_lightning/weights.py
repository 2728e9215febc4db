"""The layers of a network as arrays, and the file that holds them: safetensors, nothing pickled."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sparse_lightning.errors import DamagedError, InputError

if TYPE_CHECKING:
    # Loaded where a network computes: reports, exports and the server read arrays alone.
    from torch import nn

FLOATS = {np.dtype(kind) for kind in ("float16", "float32", "float64")}
"""What weights are made of: a file of bytes would be eight times as large in memory."""

_LAYERS = "layers"
_DENSE = "dense"


def _sigmoid(values: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(values))  # never overflows
    return np.where(values >= 0, 1, small) / (1 + small)


def _softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": lambda values: np.maximum(values, 0),
    "linear": lambda values: values,
    "softmax": _softmax,
}
"""The activations of `nn.layers`, for arrays `(…, unit)`."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A dense layer: weights `(output, input)`, biases `(output,)` and one of `ACTIVATIONS`."""

    weight: np.ndarray
    bias: np.ndarray
    activation: str = "linear"


def layers_of(model: "nn.Sequential") -> tuple[Layer, ...]:
    """The layers of a torch network in which `nn.Linear` and activations alternate.

    An InputError refuses other layers.
    """
    from torch import nn

    from sparse_lightning.nn.layers import ACTIVATIONS, flatten

    names = {kind: name for name, kind in ACTIVATIONS.items()}
    modules = flatten(model)
    layers = []
    for linear, activation in zip(modules[::2], modules[1::2], strict=False):
        if isinstance(linear, nn.Linear) and type(activation) in names:
            weight, bias = (
                tensor.detach().cpu().numpy().copy() for tensor in (linear.weight, linear.bias)
            )
            layers.append(Layer(weight, bias, names[type(activation)]))
    if not layers or 2 * len(layers) != len(modules):
        raise InputError("the layers of a network are nn.Linear ones, each with an activation")
    return tuple(layers)


def model_of(layers: Sequence[Layer]) -> "nn.Sequential":
    """The torch network of these layers, in evaluation mode."""
    import torch
    from torch import nn

    from sparse_lightning.nn.layers import ACTIVATIONS, linear_of

    modules: list[nn.Module] = []
    for layer in layers:
        linear = linear_of(
            *(
                torch.tensor(values, dtype=torch.float32, device="cpu")
                for values in (layer.weight, layer.bias)
            )
        )
        modules += [linear, ACTIVATIONS[layer.activation]()]
    return nn.Sequential(*modules).eval()


def layer_names(layers: Sequence[Layer]) -> list[str]:
    """The kinds of the torch network's modules: `dense` and an activation for each layer."""
    return [name for layer in layers for name in (_DENSE, layer.activation)]


def state_of(layers: Sequence[Layer]) -> dict[str, np.ndarray]:
    """Weights and biases, named as in the state of the torch network."""
    state = {}
    for place, layer in enumerate(layers):
        state[f"{2 * place}.weight"], state[f"{2 * place}.bias"] = layer.weight, layer.bias
    return state


def to_safetensors(layers: Sequence[Layer]) -> bytes:
    """The weights of a network and, as metadata, its layers; read back by `from_safetensors`."""
    from safetensors.numpy import save

    state = {name: np.ascontiguousarray(values) for name, values in state_of(layers).items()}
    return save(state, metadata={_LAYERS: json.dumps(layer_names(layers))})


def metadata_of(content: bytes) -> dict[str, str]:
    """The texts that a safetensors file holds beside its tensors.

    Where it holds none, or is no such file, a KeyError, TypeError or ValueError is raised.
    """
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return header["__metadata__"]


def from_safetensors(content: bytes, origin: str) -> tuple[Layer, ...]:
    """The layers that `to_safetensors` wrote; nothing is unpickled.

    A DamagedError, in which the file is called `origin`, says when this is no such file.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        state = load(content)
        return layers_from(json.loads(metadata_of(content)[_LAYERS]), state)
    except (SafetensorError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise DamagedError(f"{origin} does not hold a network of this package: {error}") from error


def layers_from(names: Sequence[object], state: dict[str, np.ndarray]) -> tuple[Layer, ...]:
    """The layers with these names, as of `layer_names`, and these weights, as of `state_of`.

    Where they are not those of a network, a KeyError, TypeError or ValueError is raised.
    """
    kinds, state = [str(name) for name in names], dict(state)
    if not kinds or len(kinds) % 2 or set(kinds[::2]) != {_DENSE}:
        raise ValueError("its layers are not dense ones, each with an activation")
    if _DENSE in kinds[1::2]:
        raise ValueError("a dense layer has no activation")
    layers = tuple(
        Layer(state.pop(f"{2 * place}.weight"), state.pop(f"{2 * place}.bias"), activation)
        for place, activation in enumerate(kinds[1::2])
    )
    if state:
        raise ValueError(f"no layer has {min(state)}")
    for layer in layers:
        _check(layer)
    if any(len(above.weight) != below.weight.shape[1] for above, below in pairwise(layers)):
        raise ValueError("its layers do not fit each other")
    return layers


def _check(layer: Layer) -> None:
    if layer.activation not in ACTIVATIONS:
        raise ValueError(f"there is no activation {layer.activation!r}")
    if not {layer.weight.dtype, layer.bias.dtype} <= FLOATS:
        raise ValueError(f"weights of the type {layer.weight.dtype}")
    if layer.weight.ndim != 2 or layer.bias.shape != layer.weight.shape[:1]:
        raise ValueError(f"weights {layer.weight.shape} with biases {layer.bias.shape}")
    if not layer.weight.size:
        raise ValueError("a layer has no weights")
    if not (np.isfinite(layer.weight).all() and np.isfinite(layer.bias).all()):
        raise ValueError("a weight is not finite")
