"""What is kept of the fits of a study, so that it goes on after it was killed."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from sparse_lightning._files import write_atomically
from sparse_lightning.errors import CheckpointError, TrainingError
from sparse_lightning.weights import metadata_of

logger = logging.getLogger(__name__)

EVERY = 30.0
"""In seconds: so much of a fit's training is lost at most, and the epoch after that."""

State = dict[str, Any]
"""Nested, as `states` writes it."""


@runtime_checkable
class Checkpoints(Protocol):
    """The states of fits by their names; a fit has one, which the next one replaces."""

    every: float
    """In seconds: how often the state of a fit that goes on is kept."""

    def read(self, name: str) -> State | None:
        """The state of a fit, None without one; raises `CheckpointError` if it cannot be used."""
        ...

    def write(self, name: str, state: State) -> None:
        """Store the state of a fit; raises `TrainingError` if it holds what cannot be stored."""
        ...


class NoCheckpoints:
    """Keeps nothing."""

    every = float("inf")

    def read(self, name: str) -> None: ...

    def write(self, name: str, state: State) -> None: ...


@dataclass
class CarriedCheckpoints:
    """Keeps the finished fits of a process that another one waits for, in memory.

    `fits` are the ones that it was given, `new` those that it has written, both by name.
    """

    fits: Mapping[str, State]
    new: dict[str, State] = field(default_factory=dict)
    every: float = float("inf")

    def read(self, name: str) -> State | None:
        return self.fits.get(name)

    def write(self, name: str, state: State) -> None:
        self.new[name] = state


class TitledCheckpoints:
    """Keeps fits with others, under names that begin with `title`."""

    def __init__(self, checkpoints: Checkpoints, title: str):
        self._checkpoints = checkpoints
        self._title = title
        self.every = checkpoints.every

    def read(self, name: str) -> State | None:
        return self._checkpoints.read(self._title + name)

    def write(self, name: str, state: State) -> None:
        self._checkpoints.write(self._title + name, state)


class FolderCheckpoints:
    """Keeps fits as safetensors files, each written as a whole or not at all.

    A state is written every so many seconds, `EVERY` by default. `unwritten` says why the state of
    some fit could not be written; it is "" where all were.
    """

    def __init__(self, folder: Path, study: str, every: float | None = None):
        self.unwritten = ""
        self.folder = folder
        self.study = study
        self.every = EVERY if every is None else every

    def read(self, name: str) -> State | None:
        path = self._path(name)
        try:
            state, about = from_bytes(path.read_bytes())
        except FileNotFoundError:
            return None
        except StateError as error:
            raise CheckpointError(
                f"{path}: the checkpoint is torn: {error}; remove this file, and what it holds is "
                "trained again, or begin the study anew with --fresh"
            ) from error
        if about != self._about(name):
            raise CheckpointError(
                f"{path}: the checkpoint is one of another study or fit, "
                f"{about.get('fit', 'unnamed')!r}; remove this file, or begin the study anew with "
                "--fresh"
            )
        return state

    def write(self, name: str, state: State) -> None:
        try:
            content = to_bytes(state, self._about(name))
        except TypeError as error:
            raise TrainingError(
                f"{name}: the state of the fit cannot be kept: {error}; the state_dict() of a "
                "penalty must hold tensors, numbers, texts, lists and dicts only"
            ) from error
        try:
            write_atomically(self._path(name), content, durable=True, private=True)
        except OSError as error:
            # A full disk is no reason to end what is trained: what was kept before stays.
            self.unwritten = error.strerror or str(error)
            logger.warning(
                "%s: cannot be written: %s; a study that is killed loses what it trains from here",
                error.filename,
                error.strerror,
            )

    def _path(self, name: str) -> Path:
        return self.folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.safetensors"

    def _about(self, name: str) -> dict[str, str]:
        return {"study": self.study, "fit": name}


_TREE, _DIGEST = "tree", "sha256"


class StateError(ValueError):
    """A file holds no state of this kind, or not all of one."""


def to_bytes(state: Any, about: Mapping[str, str]) -> bytes:
    """A state as the content of a safetensors file, with the texts `about` beside it.

    A state is nested dicts, lists and tuples of tensors, numbers, texts, truth values and None;
    anything else is a TypeError.
    """
    from safetensors.torch import save

    tensors: dict[str, Tensor] = {}
    tree = json.dumps(_plain(state, tensors))
    return save(tensors, {**about, _TREE: tree, _DIGEST: _digest(tensors, tree)})


def from_bytes(content: bytes) -> tuple[Any, dict[str, str]]:
    """The state in a file that `to_bytes` wrote, its tensors on the CPU, and the texts beside it.

    Raises `StateError` if it is no such file, or was changed or cut.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load(content)
        about = metadata_of(content)
        tree, digest = about.pop(_TREE), about.pop(_DIGEST)
        if _digest(tensors, tree) != digest:
            raise StateError("its content is not what was written")
        return _nested(json.loads(tree), tensors), about
    except (SafetensorError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise StateError(str(error) or repr(error)) from error
    except json.JSONDecodeError as error:
        raise StateError(f"its header is broken: {error}") from error


def _digest(tensors: Mapping[str, Tensor], tree: str) -> str:
    found = hashlib.sha256(tree.encode())
    for name in sorted(tensors):
        # Seen as bytes, since NumPy has not all types of torch.
        found.update(tensors[name].reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def _plain(value: Any, tensors: dict[str, Tensor]) -> Any:
    """A value as JSON knows it; tensors go into `tensors`, of which it holds the names."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Tensor):
        name, order = str(len(tensors)), _layout(value)
        # Safetensors takes no two tensors that share their memory.
        tensors[name] = value.detach().to("cpu", copy=True).permute(order).contiguous()
        return {"tensor": [name, order]}
    if isinstance(value, Mapping):
        return {
            "dict": [[_plain(key, tensors), _plain(one, tensors)] for key, one in value.items()]
        }
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_plain(one, tensors) for one in value]}
    raise TypeError(f"a value of the type {type(value).__qualname__} cannot be kept in a file")


def _layout(tensor: Tensor) -> list[int]:
    """The axes in the order of the memory, which fused optimizers and the last bits depend on."""
    return sorted(range(tensor.ndim), key=lambda axis: -tensor.stride(axis))


def _nested(plain: Any, tensors: Mapping[str, Tensor]) -> Any:
    if not isinstance(plain, dict):
        return plain
    ((kind, content),) = plain.items()
    if kind == "tensor":
        name, order = content
        return tensors[name].permute([order.index(axis) for axis in range(len(order))])
    if kind == "dict":
        return {_nested(key, tensors): _nested(one, tensors) for key, one in content}
    values = [_nested(one, tensors) for one in content]
    return values if kind == "list" else tuple(values)
