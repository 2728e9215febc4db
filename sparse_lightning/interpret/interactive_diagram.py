"""The structure diagram of a network for the screen: the page, with the network inside."""

from typing import Any

from sparse_lightning._embedding import page_document
from sparse_lightning._text import shortened
from sparse_lightning.interpret.diagram import left_out
from sparse_lightning.interpret.strongest import strongest
from sparse_lightning.interpret.structure import Structure

MOST_WEIGHTS = 500_000
"""Of a larger network only the inputs and outputs are shown that are drawn in print."""


def structure_html(structure: Structure, title: str = "", threshold: float | None = None) -> str:
    """One network as a page that opens offline, to point at and to move the threshold.

    Args:
        structure: the network, best read at a threshold of 0: what it leaves out is not shown.
        title: the heading; none by default.
        threshold: the threshold that the page opens with; default: that of the structure.

    Raises:
        InputError: a hidden layer has more units than can be drawn.
    """
    drawn = strongest(structure)
    if sum(weight.size for weight in structure.weights) <= MOST_WEIGHTS:
        drawn = structure
    heading = shortened(title, 120) or "Structure of a network"
    name = "; ".join([heading, *left_out(structure, drawn)])
    network = _document(drawn, name, structure.threshold if threshold is None else threshold)
    return str(page_document({"network": network}, heading))


def _document(structure: Structure, name: str, threshold: float) -> dict[str, Any]:
    """The network as `GET api/networks/RUN` gives it, as far as a structure knows it."""
    return {
        "run_id": "",
        "name": name,
        "params": {},
        "metrics": {},
        "study": None,
        "task": "sae" if structure.is_autoencoder else "classifier",
        "code_layer": structure.code_layer,
        "layers": [{"units": list(units), "activation": None} for units in structure.names],
        "variables": [
            {"name": variable, "inputs": list(range(part.start, part.stop))}
            for variable, part in structure.groups
        ],
        "weights": [weight.astype(float).tolist() for weight in structure.weights],
        "biases": [],
        "threshold": threshold,
        "connections": structure.connections,
        "connections_total": sum(weight.size for weight in structure.weights),
        "dead_units": [(~alive).tolist() for alive in structure.alive],
        "sweep": None,
        "losses": None,
        "codes": None,
        "variables_read": None,
        "sentences": [],
    }
