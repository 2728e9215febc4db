"""Networks as folders of files, in one of several formats."""

import io
import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

from sparse_lightning._text import did_you_mean
from sparse_lightning.errors import InputError, check_type
from sparse_lightning.integrations.exporting.onnx import to_onnx
from sparse_lightning.integrations.exporting.pruned import ExportedNetwork, exported
from sparse_lightning.integrations.exporting.pyfunc import save_pyfunc
from sparse_lightning.network import Network
from sparse_lightning.weights import model_of, to_safetensors

Format = Literal["pyfunc", "onnx", "torch"]

FORMATS: tuple[str, ...] = get_args(Format)


def save_model(
    network: Network,
    path: str | os.PathLike[str],
    format: Format = "pyfunc",
    threshold: float = 0.01,
) -> Path:
    """Write a network into a folder that can be used without this package.

    Args:
        network: what to write.
        path: the folder, which must not exist; on an error there is none.
        format: `pyfunc`: an MLflow model, rows of the user's table in and out; `onnx`: one file,
            `network.onnx`; `torch`: a `torch.export` program and a state of `nn.Sequential`.
        threshold: weights with |w| up to it are left out; 0 writes the network as trained.

    Returns:
        The path.

    Raises:
        InputError: the folder exists or cannot be written, there is no such format, the package
            onnx is not installed, or the threshold is negative.
    """
    check_type(network, Network, "network", "a Network")
    check_type(format, str, "format", "text")
    check_type(path, str | os.PathLike, "path", "that of a folder")
    return save_exported(exported(network, threshold), Path(path), format)


def save_exported(network: ExportedNetwork, path: Path, format: str) -> Path:
    """Write a network that is ready for export; as `save_model`."""
    if format not in _WRITERS:
        raise InputError(
            f"there is no format {format!r}{did_you_mean(format, FORMATS)} "
            f"(formats: {', '.join(FORMATS)})"
        )
    if path.exists():
        raise InputError(f"{path} exists; name a folder that does not, or remove it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent, prefix=".export-") as folder:
            model = Path(folder, "model")
            _WRITERS[format](network, model)
            model.rename(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error
    return path


def _save_onnx(network: ExportedNetwork, path: Path) -> None:
    content = to_onnx(network)
    path.mkdir()
    (path / "network.onnx").write_bytes(content)


def _save_torch(network: ExportedNetwork, path: Path) -> None:
    """Write a folder that torch alone can use.

    `network.pt2` is the program from encoded inputs, 32-bit floats `(row, input)`, to the outputs,
    for any number of rows; `network.safetensors` the state of the `nn.Sequential` whose layers
    `network.json` lists, with the encoding of the table.
    """
    path.mkdir()
    (path / "network.pt2").write_bytes(_program(network))
    (path / "network.safetensors").write_bytes(to_safetensors(network.layers))
    text = json.dumps(network.description, indent=2, ensure_ascii=False)
    (path / "network.json").write_text(text, encoding="utf-8")


def _program(network: ExportedNetwork) -> bytes:
    """The file of a `torch.export` program."""
    import torch
    from torch import nn

    plain = nn.Sequential(
        *(
            # A program of torch alone knows no class of this package.
            nn.Softmax(dim=-1) if isinstance(layer, nn.Softmax) else layer
            for layer in model_of(network.layers)
        )
    ).eval()
    # Two rows: what is traced with one is taken to hold for one only.
    rows = torch.zeros(2, network.layers[0].weight.shape[1], dtype=torch.float32, device="cpu")
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own use of what it has deprecated
        program = torch.export.export(
            plain, (rows,), dynamic_shapes=({0: torch.export.Dim("row")},), strict=False
        )
        torch.export.save(program, content)
    return content.getvalue()


_WRITERS: dict[str, Callable[[ExportedNetwork, Path], None]] = {
    "pyfunc": save_pyfunc,
    "onnx": _save_onnx,
    "torch": _save_torch,
}
