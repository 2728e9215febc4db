"""What `evaluator_config` may hold."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from posixpath import normpath
from typing import Any

from sparse_lightning._text import did_you_mean
from sparse_lightning.errors import InputError


@dataclass(frozen=True)
class Settings:
    """The settings of one evaluation; docs/how-to/evaluate.md says what they do.

    Attributes:
        threshold: None: 0.01, or that of the export.
        autoencoder: None: where there are as many outputs as inputs, and the model is no classifier
            or regressor.
        code_layer: counted from the inputs, which are 0.
    """

    threshold: float | None = None
    share: float = 0.3
    autoencoder: bool | None = None
    outputs: tuple[str, ...] | None = None
    code_layer: int | None = None
    prefix: str = ""


_NAMES = {
    "connection_threshold": "threshold",
    "share": "share",
    "autoencoder": "autoencoder",
    "output_names": "outputs",
    "code_layer": "code_layer",
    "metric_prefix": "prefix",
}

_KINDS: dict[str, tuple[type, ...]] = {
    "threshold": (int, float),
    "share": (int, float),
    "autoencoder": (bool,),
    "code_layer": (int,),
    "prefix": (str,),
}


def settings_of(config: Mapping[str, Any]) -> Settings:
    """The settings that `evaluator_config` describes; those of other evaluators are passed over.

    An InputError refuses a value of the wrong type, or a name that is nearly one of these.
    """
    given: dict[str, Any] = {}
    for name, value in config.items():
        if name not in _NAMES:
            if near := did_you_mean(name, _NAMES):
                raise InputError(f"evaluator_config: {name!r} is no setting{near}")
            continue
        field = _NAMES[name]
        if field == "outputs":
            value = _outputs(value)
        elif value is not None and (
            not isinstance(value, _KINDS[field])
            or (isinstance(value, bool) and field != "autoencoder")
        ):
            kinds = " or ".join(kind.__name__ for kind in _KINDS[field])
            raise InputError(f"evaluator_config: {name} must be {kinds}, got {value!r}")
        if field == "prefix" and isinstance(value, str) and not _is_part_of_a_name(value):
            raise InputError(
                "evaluator_config: metric_prefix must hold at most 100 of the letters, digits, "
                f"spaces and _-.:/ that MLflow allows in names, and no path, got {value!r:.120}"
            )
        if value is not None:
            given[field] = value
    return Settings(**given)


def _is_part_of_a_name(prefix: str) -> bool:
    name = f"{prefix}x"
    allowed = re.fullmatch(r"[\w\-. :/]*", prefix) and len(prefix) <= 100
    return bool(allowed) and normpath(name) == name and not name.startswith(("/", ".."))


def _outputs(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise InputError(f"evaluator_config: output_names must be a list of names, got {value!r}")
    return tuple(str(name) for name in value)
