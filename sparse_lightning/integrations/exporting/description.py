"""What every format tells of a network beside its weights."""

from typing import Any

from sparse_lightning.integrations.exporting.pruned import ExportedNetwork
from sparse_lightning.weights import layer_names

VERSION = 1
"""Of the description; `tabular_network.py` reads it without this package."""


def describe(made: ExportedNetwork) -> dict[str, Any]:
    """The network as JSON can hold it, without its weights.

    Args:
        made: what is exported.

    Returns:
        version; task; run_id; connection_threshold and connections; layers, `dense` or an
        activation each; code_layers, how many of them lead to the codes; encoding, as
        `Encoding.to_dict` gives it; inputs, their names; classes; outputs, the columns of the
        MLflow model.
    """
    network = made.network
    return {
        "version": VERSION,
        "task": network.task,
        "run_id": network.run_id,
        "connection_threshold": made.threshold,
        "connections": made.connections,
        "layers": layer_names(made.model),
        "code_layers": made.code_layers,
        "encoding": network.encoding.to_dict(),
        "inputs": list(network.encoding.input_names),
        "codes": list(made.codes),
        "classes": list(network.classes),
        "outputs": list(made.columns),
    }
