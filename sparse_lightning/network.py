"""Network: one trained network with the encoding of its table, as its user reads and applies it."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from sparse_lightning.data.encoding import Encoding
from sparse_lightning.errors import TrackingError
from sparse_lightning.population import ACTIVATIONS

_LAYERS = "layers"


@dataclass(frozen=True, eq=False)
class Network:
    """An autoencoder taken out of its population.

    Attributes:
        model: `nn.Linear` layers and activations, from the encoded inputs to their reconstruction.
        encoding: how the user's columns become the inputs.
        params: what the network is: group, regularizer, l1_weight, …, seed.
        run_id: the MLflow run that holds it.
    """

    model: nn.Sequential
    encoding: Encoding
    params: dict[str, Any]
    run_id: str

    def encode(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The innermost codes of rows of the table, one column a code unit.

        Args:
            frame: the columns that the network was trained on, in the user's units.

        Raises:
            TableError: a column is missing, or a value is missing, no number or an unknown level.
        """
        codes = self._apply(self.model[: len(self.model) // 2], frame)
        names = [f"code {unit}" for unit in range(1, codes.shape[1] + 1)]
        return pd.DataFrame(codes, index=frame.index, columns=names)

    def reconstruct(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The table that the network makes of rows of the table, in the user's columns and units.

        Args:
            frame: the columns that the network was trained on, in the user's units.

        Raises:
            TableError: a column is missing, or a value is missing, no number or an unknown level.
        """
        return self.encoding.inverse(self._apply(self.model, frame)).set_axis(frame.index)

    def _apply(self, model: nn.Module, frame: pd.DataFrame) -> np.ndarray:
        with torch.no_grad():
            return model(torch.from_numpy(self.encoding.transform(frame))).numpy()


def to_safetensors(model: nn.Sequential) -> bytes:
    """The weights of a network and, as metadata, its layers; read back by `from_safetensors`."""
    from safetensors.torch import save

    names = {kind: name for name, kind in ACTIVATIONS.items()}
    layers = ["dense" if isinstance(layer, nn.Linear) else names[type(layer)] for layer in model]
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    return save(weights, metadata={_LAYERS: json.dumps(layers)})


def _linear(weight: torch.Tensor) -> nn.Linear:
    outputs, inputs = weight.shape
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
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise TrackingError(f"{origin} does not hold a network of this package: {error}") from error
    return model.eval()
