"""A network's weights as a file: safetensors, from which nothing is unpickled."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sparse_lightning.errors import DamagedError

if TYPE_CHECKING:
    # Loaded when it is needed: reports read weights as arrays, without torch.
    from torch import nn

ACTIVATION_KINDS = ("sigmoid", "tanh", "relu", "linear", "softmax")
"""The names of the activations that `population` has."""

FLOATS = {np.dtype(kind) for kind in ("float16", "float32", "float64")}
"""What weights are made of: a file of bytes would be eight times as large in memory."""

_LAYERS = "layers"
_DENSE = "dense"


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of a network, as its file holds it.

    Attributes:
        kind: `dense`, or the name of an activation.
        weight: of a dense layer, `(output, input)`.
        bias: of a dense layer, `(output,)`.
    """

    kind: str
    weight: np.ndarray | None = None
    bias: np.ndarray | None = None


def to_safetensors(model: "nn.Sequential") -> bytes:
    """The weights of a network and, as metadata, its layers; read back by `from_safetensors`."""
    from safetensors.torch import save

    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    return save(weights, metadata={_LAYERS: json.dumps(layer_names(model))})


def layer_names(model: "nn.Sequential") -> list[str]:
    """What each layer is: `dense` or the name of its activation."""
    from torch import nn

    from sparse_lightning.nn.layers import ACTIVATIONS

    names = {kind: name for name, kind in ACTIVATIONS.items()}
    return [_DENSE if isinstance(layer, nn.Linear) else names[type(layer)] for layer in model]


def metadata_of(content: bytes) -> dict[str, str]:
    """The texts that a safetensors file holds beside its tensors.

    Raises:
        KeyError, TypeError, ValueError: it holds none, or is no such file.
    """
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return header["__metadata__"]


def read_layers(content: bytes, origin: str) -> tuple[Layer, ...]:
    """The layers that `to_safetensors` wrote, as arrays; nothing is unpickled.

    Args:
        content: of the file.
        origin: what messages call it.

    Raises:
        DamagedError: this is no such file.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        weights = load(content)
        kinds = [str(kind) for kind in json.loads(metadata_of(content)[_LAYERS])]
        layers = tuple(
            Layer(kind, weights.pop(f"{place}.weight"), weights.pop(f"{place}.bias"))
            if kind == _DENSE
            else Layer(kind)
            for place, kind in enumerate(kinds)
        )
        if weights:
            raise ValueError(f"no layer has {min(weights)}")
        _check(layers)
    except (SafetensorError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise DamagedError(f"{origin} does not hold a network of this package: {error}") from error
    return layers


def _check(layers: Sequence[Layer]) -> None:
    """See to it that dense layers and activations alternate and fit, and weights are finite."""
    weights = []
    for layer in layers[::2]:
        if layer.weight is None or layer.bias is None:
            raise ValueError("its layers are not dense ones, each with an activation")
        if not {layer.weight.dtype, layer.bias.dtype} <= FLOATS:
            raise ValueError(f"weights of the type {layer.weight.dtype}")
        if layer.weight.ndim != 2 or layer.bias.shape != layer.weight.shape[:1]:
            raise ValueError(f"weights {layer.weight.shape} with biases {layer.bias.shape}")
        if not layer.weight.size:
            raise ValueError("a layer has no weights")
        if not (np.isfinite(layer.weight).all() and np.isfinite(layer.bias).all()):
            raise ValueError("a weight is not finite")
        weights.append(layer.weight)
    if not weights or len(layers) != 2 * len(weights):
        raise ValueError("its layers are not dense ones, each with an activation")
    for layer in layers[1::2]:
        if layer.weight is not None:
            raise ValueError("a dense layer has no activation")
        if layer.kind not in ACTIVATION_KINDS:
            raise ValueError(f"there is no activation {layer.kind!r}")
    if any(len(below) != above.shape[1] for below, above in pairwise(weights)):
        raise ValueError("its layers do not fit each other")


def model_of(layers: Sequence[Layer]) -> "nn.Sequential":
    """The torch network of these layers."""
    import torch
    from torch import nn

    from sparse_lightning.nn.layers import ACTIVATIONS

    def made(layer: Layer) -> nn.Module:
        if layer.weight is None or layer.bias is None:
            return ACTIVATIONS[layer.kind]()
        outputs, inputs = layer.weight.shape
        linear = nn.Linear(inputs, outputs)
        linear.load_state_dict(
            {"weight": torch.tensor(layer.weight), "bias": torch.tensor(layer.bias)}
        )
        return linear

    return nn.Sequential(*(made(layer) for layer in layers)).eval()


def from_safetensors(content: bytes, origin: str) -> "nn.Sequential":
    """The network that `to_safetensors` wrote; nothing is unpickled.

    Args:
        content: of the file.
        origin: what messages call it.

    Raises:
        DamagedError: this is no such file.
    """
    return model_of(read_layers(content, origin))
