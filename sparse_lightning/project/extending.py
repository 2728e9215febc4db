"""Project files that build on another one: `extends: ../wine_sae.yaml`."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from sparse_lightning.errors import ProjectError
from sparse_lightning.project.messages import EXTENDS, Location, show
from sparse_lightning.project.reading import Setting, fields_of, read_file

WHOLE: tuple[Location, ...] = (("regularizers", "groups"),)
"""Mappings that replace those of the file below: a study compares the groups that it names."""

DEEPEST = 3
"""So deep are a project's fields, as in `training.floor.tolerance`; YAML can nest without end."""


@dataclass(frozen=True)
class Written:
    """What a project file holds, together with the files that it extends.

    Attributes:
        fields: those of the file itself go before those that it extends.
        settings: every field with the file that sets it, the files below first.
        folder: where the table's relative path starts: that of the file that names the table.
    """

    fields: dict[str, Any]
    settings: tuple[Setting, ...]
    folder: Path


def written(
    text: str,
    origin: str,
    folder: Path,
    above: Mapping[Path, str] | None = None,
    extending: bool = True,
) -> Written:
    """Read the text of a project file, called `origin` in messages, and whatever it extends.

    Sections are merged field by field; lists and `regularizers.groups` replace those below. The
    name is not taken over, since each study has its own. The path that it extends starts at
    `folder`; `above` are the files that lead here with their names in messages; without `extending`
    it may extend none. Raises `ProjectError` if a file cannot be read, or `extends` is no path or
    leads back to its own file.
    """
    fields = fields_of(text, origin)
    if EXTENDS not in fields:
        return Written(fields, tuple(_settings(fields, origin)), folder)
    if not extending:
        raise ProjectError(f"{origin}: {EXTENDS} is only possible in a file of one's own")
    named = fields.pop(EXTENDS)
    if not isinstance(named, str) or not named.strip() or not named.isprintable():
        raise ProjectError(
            f"{origin}: {EXTENDS} must be the path of a project file, got {show(named)}"
        )
    file = (folder / named).resolve()
    above = {**(above or {}), (folder / Path(origin).name).resolve(): origin}
    if file in above:
        way = [*list(above.values())[list(above).index(file) :], above[file]]
        raise ProjectError(f"{origin}: {EXTENDS} leads in a circle: {' → '.join(way)}")
    try:
        below = read_file(file)
    except ProjectError as error:
        raise ProjectError(f"{origin}: {EXTENDS}: {error}") from error
    # Messages show the path as it leads from the file that the user named.
    shown = os.path.normpath(Path(origin).parent / named)
    base = written(below, shown, file.parent, above)
    names_table = isinstance(fields.get("table"), dict) and "source" in fields["table"]
    return Written(
        _merged({key: value for key, value in base.fields.items() if key != "name"}, fields),
        (*base.settings, *_settings(fields, origin)),
        folder if names_table else base.folder,
    )


def _merged(below: dict[str, Any], fields: dict[str, Any], place: Location = ()) -> dict[str, Any]:
    merged = dict(below)
    for key, value in fields.items():
        here = (*place, key)
        under = merged.get(key)
        if isinstance(under, dict) and _is_section(value, here):
            value = _merged(under, value, here)
        merged[key] = value
    return merged


def _settings(fields: dict[str, Any], origin: str, place: Location = ()) -> Iterator[Setting]:
    for key, value in fields.items():
        here = (*place, key)
        if value and _is_section(value, here):
            yield from _settings(value, origin, here)
        else:
            yield Setting(here, origin)


def _is_section(value: Any, place: Location) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict) and len(place) < DEEPEST and place not in WHOLE
