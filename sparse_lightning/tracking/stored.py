"""A network as the store holds it: weights as arrays, which reports read without torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparse_lightning.data.encoding import Encoding
from sparse_lightning.interpret.class_paths import ClassPaths
from sparse_lightning.interpret.mappings import Mappings
from sparse_lightning.interpret.structure import Structure
from sparse_lightning.weights import Layer, model_of

if TYPE_CHECKING:
    from sparse_lightning.network import Network


@dataclass(frozen=True, eq=False)
class StoredNetwork:
    """What is kept of a network, and what can be read of it as it lies there.

    Attributes:
        layers: from the encoded inputs to their reconstruction, or to the classes.
        encoding: as in `Network`; likewise the others.
        params: what the network is.
        run_id: the MLflow run that holds it.
        task: `sae`, `pca` or `classifier`.
        classes: the names of a classifier's outputs.
    """

    layers: Sequence[Layer]
    encoding: Encoding
    params: dict[str, Any]
    run_id: str
    task: str
    classes: tuple[str, ...]

    def network(self) -> "Network":
        """The network itself, which can be applied to rows."""
        from sparse_lightning.network import Network

        model = model_of(self.layers)
        return Network(model, self.encoding, self.params, self.run_id, self.task, self.classes)

    @property
    def weights(self) -> list[np.ndarray]:
        """Of its dense layers in the order of the data, `(output, input)`."""
        return [layer.weight for layer in self.layers if layer.weight is not None]

    def structure(self, threshold: float) -> Structure:
        """As `Network.structure`."""
        outputs = self.classes if self.task == "classifier" else None
        encoding = self.encoding
        return Structure.of(self.layers, encoding.input_names, outputs, encoding.groups, threshold)

    def mappings(self, threshold: float) -> Mappings | ClassPaths:
        """As `Network.mappings`."""
        structure = self.structure(threshold)
        return (Mappings if structure.is_autoencoder else ClassPaths).of(structure)
