"""Nested states as files: the tensors as safetensors, the rest as JSON; nothing is unpickled."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from sparse_lightning.weights import metadata_of

_TREE, _DIGEST = "tree", "sha256"


class StateError(ValueError):
    """A file holds no state of this kind, or not all of one."""


def to_bytes(state: Any, about: Mapping[str, str]) -> bytes:
    """A state as the content of a safetensors file.

    Args:
        state: nested dicts, lists and tuples of tensors, numbers, texts, truth values and None.
        about: texts that are kept beside it.

    Raises:
        TypeError: the state holds something else.
    """
    from safetensors.torch import save

    tensors: dict[str, Tensor] = {}
    tree = json.dumps(_plain(state, tensors))
    return save(tensors, {**about, _TREE: tree, _DIGEST: _digest(tensors, tree)})


def from_bytes(content: bytes) -> tuple[Any, dict[str, str]]:
    """The state in a file that `to_bytes` wrote, its tensors on the CPU, and the texts beside it.

    Raises:
        StateError: it is no such file, or was changed or cut.
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
