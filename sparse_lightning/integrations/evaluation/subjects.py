"""The network inside what MLflow evaluates."""

import inspect
from dataclasses import dataclass
from typing import Any

from mlflow.exceptions import MlflowException
from torch import nn

from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.number_target import NumberTarget
from sparse_lightning.errors import InputError
from sparse_lightning.network import Network
from sparse_lightning.weights import layers_from


@dataclass(frozen=True, eq=False)
class Subject:
    """What is evaluated: any torch module.

    Attributes:
        network: the same as a network of this package, which knows its table; None of others.
        threshold: the threshold at which such a network was exported.
    """

    module: nn.Module
    network: Network | None = None
    threshold: float = 0.01


def subject_of(model: Any) -> Subject | None:
    """The network inside a `PyFuncModel`, or inside what MLflow makes of a callable.

    None where there is no torch module.
    """
    for candidate in _candidates(model):
        if isinstance(candidate, nn.Module):
            return Subject(candidate)
        if hasattr(candidate, "description") and hasattr(candidate, "weights"):
            return _exported(candidate)
    return None


def _candidates(model: Any) -> list[Any]:
    found = [model]
    for reach in ("get_raw_model", "unwrap_python_model"):
        try:
            found.append(getattr(model, reach)())
        except (AttributeError, NotImplementedError, MlflowException):
            continue
    python_model = getattr(model, "python_model", None)
    if python_model is not None:
        found += [python_model, *_closed_over(python_model.predict)]
    return found


def _closed_over(predict: Any) -> list[Any]:
    """The module that was given as a function: MLflow wraps it into a method of a local class."""
    try:
        held = list(inspect.getclosurevars(inspect.unwrap(predict)).nonlocals.values())
    except TypeError:
        return []
    # A method of a module, e.g. `model.forward`, is as good as the module.
    return held + [getattr(one, "__self__", None) for one in held]


def _exported(model: Any) -> Subject:
    """A network as `exporting` writes it: numpy weights and a description."""
    described = model.description
    try:
        target = described.get("target")  # exports of earlier versions have none
        network = Network(
            layers_from(described["layers"], model.weights),
            Encoding.from_dict(described["encoding"]),
            {},
            described["run_id"],
            described["task"],
            tuple(described["classes"]),
            None if target is None else NumberTarget.from_dict(target),
        )
        threshold = float(described["connection_threshold"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"the model's description cannot be read: {error!r}") from error
    return Subject(network.model, network, threshold)
