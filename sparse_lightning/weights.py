"""A network's weights as a file: safetensors, from which nothing is unpickled."""

import json
from itertools import pairwise

import torch
from torch import nn

from sparse_lightning.errors import TrackingError
from sparse_lightning.population import ACTIVATIONS

_LAYERS = "layers"


def to_safetensors(model: nn.Sequential) -> bytes:
    """The weights of a network and, as metadata, its layers; read back by `from_safetensors`."""
    from safetensors.torch import save

    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    return save(weights, metadata={_LAYERS: json.dumps(layer_names(model))})


def layer_names(model: nn.Sequential) -> list[str]:
    """What each layer is: `dense` or the name of its activation."""
    names = {kind: name for name, kind in ACTIVATIONS.items()}
    return ["dense" if isinstance(layer, nn.Linear) else names[type(layer)] for layer in model]


def _linear(weight: torch.Tensor) -> nn.Linear:
    outputs, inputs = weight.shape
    if not weight.numel():
        raise ValueError("a layer has no weights")
    return nn.Linear(inputs, outputs)


def from_safetensors(content: bytes, origin: str) -> nn.Sequential:
    """The network that `to_safetensors` wrote; nothing is unpickled.

    Args:
        content: of the file.
        origin: what messages call it.

    Raises:
        TrackingError: this is no such file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        weights = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        layers = json.loads(header["__metadata__"][_LAYERS])
        model = nn.Sequential(
            *(
                _linear(weights[f"{place}.weight"]) if kind == "dense" else ACTIVATIONS[kind]()
                for place, kind in enumerate(layers)
            )
        )
        model.load_state_dict(weights)
        _check(model)
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise TrackingError(f"{origin} does not hold a network of this package: {error}") from error
    return model.eval()


def _check(model: nn.Sequential) -> None:
    """See to it that dense layers and activations alternate and fit, and weights are finite."""
    layers = list(model)
    dense = [layer for layer in layers[::2] if isinstance(layer, nn.Linear)]
    if not dense or len(layers) != 2 * len(dense):
        raise ValueError("its layers are not dense ones, each with an activation")
    if any(isinstance(layer, nn.Linear) for layer in layers[1::2]):
        raise ValueError("a dense layer has no activation")
    if any(below.out_features != above.in_features for below, above in pairwise(dense)):
        raise ValueError("its layers do not fit each other")
    if not all(bool(values.isfinite().all()) for values in model.state_dict().values()):
        raise ValueError("a weight is not finite")
