"""From project files, what they extend, and the options `--set` to the fields of a project."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from sparse_lightning._text import did_you_mean
from sparse_lightning.errors import ProjectError
from sparse_lightning.project.groups import NAMED_GROUPS
from sparse_lightning.project.messages import EXTENDS, Location, Problem, join, show
from sparse_lightning.project.yaml import read_yaml
from sparse_lightning.secrets import without_secrets

LARGEST_FILE = 1_000_000
"""In bytes; what is larger is no project file, but perhaps a table."""

WHOLE: tuple[Location, ...] = (("regularizers", "groups"),)
"""Mappings that replace those of the file below: a study compares the groups that it names."""

DEEPEST = 3
"""So deep are a project's fields, as in `training.floor.tolerance`; YAML can nest without end."""


@dataclass(frozen=True)
class Setting:
    """Who sets a field, a file or an option: what messages about it begin with."""

    location: Location
    origin: str

    def concerns(self, location: Location) -> bool:
        """Whether it sets what is at a location, something there, or what it is part of."""
        return all(ours == theirs for ours, theirs in zip(self.location, location, strict=False))


@dataclass(frozen=True)
class Override:
    """One option `--set FIELD=VALUE`; `option` is its text as it was given, for messages."""

    location: tuple[str, ...]
    value: Any
    option: str

    @classmethod
    def parse(cls, text: str) -> "Override":
        """Read `training.epochs=50`; the value is YAML.

        Raises `ProjectError` if there is no `=`, a key is empty, the value is not YAML, or the
        field is one of files alone.
        """
        field, equals, value = text.partition("=")
        secret = field.strip().startswith("search.storage")
        option = f"--set {field}" if secret else f"--set {without_secrets(text)}"
        location = tuple(part.strip() for part in field.split("."))
        if not equals or not all(location):
            raise ProjectError(f"{option}: must be FIELD=VALUE, as in --set training.epochs=50")
        if location[0] == EXTENDS:
            raise ProjectError(f"{option}: only a project file can extend another one")
        return cls(location, read_yaml(value, option), option)

    @property
    def setting(self) -> Setting:
        return Setting(self.location, self.option)

    def apply(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields with this one set; `fields` itself stays as it is.

        Raises `ProjectError` if something on the way to the field has no fields.
        """
        return self._set(fields, ())

    def _set(self, fields: Any, above: tuple[str, ...]) -> dict[str, Any]:
        if fields is None or (above == _GROUPS and isinstance(fields, str)):
            fields = _default(above, fields)
        if not isinstance(fields, dict):
            raise ProjectError(
                f"{self.option}: {'.'.join(above)} is {show(fields)}, it has no fields"
            )
        key = self.location[len(above)]
        here = (*above, key)
        value = self.value if here == self.location else self._set(fields.get(key), here)
        return {**fields, key: value}


_GROUPS = ("regularizers", "groups")


def _default(location: tuple[str, ...], named: str | None) -> Any:
    # One strength of a default group, or of groups that have a name together, is set on top of
    # these groups, not in place of them.
    if location == _GROUPS:
        groups = NAMED_GROUPS.get(named or "default")
        return named if groups is None else {n: one.model_dump() for n, one in groups.items()}
    return {}


def read_file(file: Path) -> str:
    """The text of a project file; `ProjectError` if it is missing, unreadable or no text."""
    if not os.path.isfile(file):
        if os.path.isdir(file):
            raise ProjectError(f"{file}: is a folder, not a project file")
        if os.path.exists(file):
            raise ProjectError(f"{file}: is not a regular file")
        raise ProjectError(f"{file}: there is no such file{did_you_mean(file.name, _beside(file))}")
    try:
        if os.path.getsize(file) > LARGEST_FILE:
            raise ProjectError(f"{file}: is too large for a project file")
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ProjectError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ProjectError(
            f"{file}: is not a text file in UTF-8 (byte {error.start + 1}), so no project file"
        ) from error


def _beside(file: Path) -> list[str]:
    try:
        return [name for name in os.listdir(file.parent) if name.endswith((".yaml", ".yml"))]
    except (OSError, ValueError):
        return []


def fields_of(text: str, origin: str) -> dict[str, Any]:
    """The fields that a project file holds; `ProjectError` if it is not YAML, or no mapping."""
    fields = read_yaml(text, origin)
    if fields is None:
        raise ProjectError(
            f"{origin}: is empty; a project names at least table.source and network.units"
        )
    if not isinstance(fields, dict):
        raise ProjectError(f"{origin}: must hold fields such as `task: sae`, got {show(fields)}")
    return fields


def explain(
    problems: Sequence[Problem], more: int, origin: str, settings: Sequence[Setting]
) -> str:
    """One problem a line, each with the file or the option that it comes from.

    Of several settings the later one prevails; the project file `origin` is to blame for what
    nobody sets.
    """
    if all(setting.origin == origin for setting in settings):
        settings = ()  # who sets a field need not be looked for
    lines = (
        f"{_blame(problem.location, origin, settings)}: {problem.text}" for problem in problems
    )
    return join(lines, more)


def _blame(location: Location, origin: str, settings: Sequence[Setting]) -> str:
    return next(
        (setting.origin for setting in reversed(settings) if setting.concerns(location)), origin
    )


@dataclass(frozen=True)
class ProjectFile:
    """What a project file holds, together with the files that it extends.

    Attributes:
        fields: those of the file itself go before those that it extends.
        settings: every field with the file that sets it, the files below first.
        folder: where the table's relative path starts: that of the file that names the table.
    """

    fields: dict[str, Any]
    settings: tuple[Setting, ...]
    folder: Path


def read_project(
    text: str,
    origin: str,
    folder: Path,
    above: Mapping[Path, str] | None = None,
    extending: bool = True,
) -> ProjectFile:
    """Read the text of a project file, called `origin` in messages, and whatever it extends.

    Sections are merged field by field; lists and `regularizers.groups` replace those below. The
    name is not taken over, since each study has its own. The path that it extends starts at
    `folder`; `above` are the files that lead here with their names in messages; without `extending`
    it may extend none. Raises `ProjectError` if a file cannot be read, or `extends` is no path or
    leads back to its own file.
    """
    fields = fields_of(text, origin)
    if EXTENDS not in fields:
        return ProjectFile(fields, tuple(_settings(fields, origin)), folder)
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
    base = read_project(below, shown, file.parent, above)
    names_table = isinstance(fields.get("table"), dict) and "source" in fields["table"]
    return ProjectFile(
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
