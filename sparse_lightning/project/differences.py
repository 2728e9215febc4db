"""What something was made with, beside what is asked for now."""

from collections.abc import Mapping
from typing import Any

from sparse_lightning.project.messages import show


def flat(value: Any, place: str = "") -> dict[str, Any]:
    """The fields of nested mappings by their places, as in `training.epochs`."""
    if not isinstance(value, dict):
        return {place: value}
    found: dict[str, Any] = {}
    for key, deeper in value.items():
        found |= flat(deeper, f"{place}.{key}" if place else key)
    return found


def differences(made_with: Mapping[str, Any], asked_for: Mapping[str, Any]) -> list[str]:
    """What differs between two flat mappings: `search.seed was 0 and is 1 now`, a field each."""
    return [
        f"{field} was {_shown(made_with, field)} and is {_shown(asked_for, field)} now"
        for field in dict.fromkeys([*made_with, *asked_for])
        if made_with.get(field) != asked_for.get(field)
    ]


def _shown(fields: Mapping[str, Any], field: str) -> str:
    return show(fields[field]) if field in fields else "not set"
