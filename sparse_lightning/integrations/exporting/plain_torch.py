"""A network as plain torch: a program of `torch.export` and a state for `nn.Sequential`."""

import io
import json
import warnings
from pathlib import Path

import torch
from torch import nn

from sparse_lightning.integrations.exporting.description import describe
from sparse_lightning.integrations.exporting.pruned import ExportedNetwork
from sparse_lightning.weights import to_safetensors

PROGRAM, STATE, DESCRIPTION = "network.pt2", "network.safetensors", "network.json"


def save_torch(made: ExportedNetwork, path: Path) -> None:
    """Write a folder that torch alone can use.

    `network.pt2` is the program from encoded inputs, 32-bit floats `(row, input)`, to the outputs,
    for any number of rows; `network.safetensors` the state of the `nn.Sequential` whose layers
    `network.json` lists, with the encoding of the table.

    Args:
        made: what to write.
        path: of the folder, which must not exist.
    """
    path.mkdir()
    (path / PROGRAM).write_bytes(program(made))
    (path / STATE).write_bytes(to_safetensors(made.model))
    text = json.dumps(describe(made), indent=2, ensure_ascii=False)
    (path / DESCRIPTION).write_text(text, encoding="utf-8")


def program(made: ExportedNetwork) -> bytes:
    """The file of a `torch.export` program."""
    # Two rows: what is traced with one is taken to hold for one only.
    rows = torch.zeros(2, len(made.network.encoding.input_names))
    plain = nn.Sequential(*(_plain(layer) for layer in made.model)).eval()
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own use of what it has deprecated
        exported = torch.export.export(
            plain, (rows,), dynamic_shapes=({0: torch.export.Dim("row")},), strict=False
        )
        torch.export.save(exported, content)
    return content.getvalue()


def _plain(layer: nn.Module) -> nn.Module:
    return nn.Softmax(dim=-1) if isinstance(layer, nn.Softmax) else layer
