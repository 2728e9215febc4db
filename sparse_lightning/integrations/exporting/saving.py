"""Networks as folders of files, in one of several formats."""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

from sparse_lightning._text import did_you_mean
from sparse_lightning.errors import InputError, check_type
from sparse_lightning.integrations.exporting.onnx import to_onnx
from sparse_lightning.integrations.exporting.plain_torch import save_torch
from sparse_lightning.integrations.exporting.pruned import ExportedNetwork, exported
from sparse_lightning.integrations.exporting.pyfunc import save_pyfunc
from sparse_lightning.network import Network

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
        path: of the folder, which must not exist; on an error there is none.
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


def save_exported(made: ExportedNetwork, path: Path, format: str) -> Path:
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
            written = Path(folder, "model")
            _WRITERS[format](made, written)
            written.rename(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error
    return path


def _save_onnx(made: ExportedNetwork, path: Path) -> None:
    content = to_onnx(made)
    path.mkdir()
    (path / "network.onnx").write_bytes(content)


_WRITERS: dict[str, Callable[[ExportedNetwork, Path], None]] = {
    "pyfunc": save_pyfunc,
    "onnx": _save_onnx,
    "torch": save_torch,
}
