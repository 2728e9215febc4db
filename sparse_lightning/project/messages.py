"""Messages on what is wrong or different in a project: field, value and what is allowed."""

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeGuard, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from sparse_lightning._text import nearest
from sparse_lightning.errors import ProjectError
from sparse_lightning.secrets import without_secrets

Location = tuple[str | int, ...]

EXTENDS = "extends"
"""The one field of a project file that is no field of a project: what it stands for is."""

OTHER_NAMES = {"components": "units", "n_components": "units", "lr": "learning_rate"}
"""What fields are called elsewhere, where the names are not alike."""

NO_TABLE = (
    "table.source is missing: name a packaged table or a file. A study of a frame is begun, and "
    "goes on, in Python: run(project, table=frame)"
)
"""Of a project without a table, in a command or in Python."""

MOST_LINES = 20
"""A message has at most so many lines; the rest is counted."""

MOST_FOUND = 100
"""So many problems of one kind are looked for; a file that has more is no project."""

LONGEST_KEY = 300
"""A longer key is shortened, as is one that would spread over several lines."""

_WHOLE_NUMBER = "must be a whole number, got {got}"
_NUMBER = "must be a number, got {got}"
_TEXT = "must be text, got {got} (put it in quotes)"
_SWITCH = "must be true or false, got {got}"
_MAPPING = "must be a mapping of fields, got {got}"

_TEXTS = {
    "missing": "is missing",
    "greater_than_equal": "must be at least {ge}, got {got}",
    "greater_than": "must be greater than {gt}, got {got}",
    "less_than_equal": "must be at most {le}, got {got}",
    "less_than": "must be less than {lt}, got {got}",
    "finite_number": "must be finite, got {got}",
    "literal_error": "must be one of [{allowed}], got {got}",
    "too_short": "must hold at least {min_length}",
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "string_type": _TEXT,
    "string_unicode": "must be text, got a character that is none",
    "bool_type": _SWITCH,
    "bool_parsing": _SWITCH,
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
}
"""Predicates for pydantic's kinds of errors, with the keys of their contexts."""


class _Values(reprlib.Repr):
    def repr_str(self, x: str, level: int) -> str:
        # Before it is shortened: half of an address does not tell where its password is.
        return super().repr_str(without_secrets(x), level)


_values = _Values()
_values.maxstring = _values.maxother = _values.maxlong = 80


def show(value: object) -> str:
    """A value as it looks in YAML, shortened where it is long."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return _values.repr(value)


def show_name(name: str) -> str:
    """A name without quotes, unless it is long or would spread over several lines."""
    name = without_secrets(name)
    return name if name.isprintable() and len(name) < LONGEST_KEY else show(name)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a project: the keys and indices of the field, and a sentence."""

    location: Location
    text: str


class InvalidProjectError(ProjectError):
    """A project whose fields are wrong: at most `MOST_LINES` problems, and the number of others."""

    def __init__(self, problems: Sequence[Problem], more: int = 0):
        self.problems = tuple(problems)
        self.more = more
        super().__init__(join((problem.text for problem in problems), more))


def join(lines: Iterable[str], more: int = 0) -> str:
    """One problem a line, and how many more there are."""
    return "\n".join([*lines, f"… and {more} more"] if more else lines)


def invalid(text: str) -> PydanticCustomError:
    """The error that a validator raises; `text` is a predicate of the field: `must be …`."""
    # Lone surrogates, which YAML can write, are no characters for pydantic.
    shown = text.encode("utf-8", "backslashreplace").decode()
    return PydanticCustomError("invalid", "{text}", {"text": shown})


def invalid_fields(found: Iterable[tuple[Location, str]]) -> ValidationError:
    """The error that a validator of several fields raises, from locations and predicates."""
    details: list[InitErrorDetails] = [
        {"type": invalid(text), "loc": location, "input": None}
        for location, text in islice(found, MOST_FOUND)
    ]
    return ValidationError.from_exception_data("project", details)


def path(location: Location) -> str:
    """A location as the user would write it: `training.seeds[2]`."""
    shown = ""
    for part in location:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            part = show_name(part)
            shown += f".{part}" if shown else part
    return shown


def problems(error: ValidationError, model: type[BaseModel]) -> tuple[list[Problem], int]:
    """What is wrong, in this package's words: the first `MOST_LINES` problems, and how many more.

    The model that was validated knows the fields there are.
    """
    found = []
    # Nobody reads thousands of messages, and a file of unknown keys would take minutes to explain.
    for details in error.errors(include_url=False)[:MOST_LINES]:
        location = details["loc"]
        # pydantic marks a bad key of a mapping by a last part "[key]"; a user may write that too.
        if location and location[-1] == "[key]" and details["type"] != "extra_forbidden":
            location = location[:-1]
        found.append(Problem(location, f"{path(location)} {_predicate(details, location, model)}"))
    return found, error.error_count() - len(found)


def _predicate(details: ErrorDetails, location: Location, model: type[BaseModel]) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_field(location, model)
    if kind not in _TEXTS:
        return details["msg"]
    allowed = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
    return _TEXTS[kind].format(got=show(details["input"]), allowed=allowed, **context)


def _unknown_field(location: Location, model: type[BaseModel]) -> str:
    name = str(location[-1])
    known = list(_model_at(location[:-1], model).model_fields)
    if len(location) == 1:
        known.append(EXTENDS)
    found = nearest(name, known)
    if found is None and OTHER_NAMES.get(name) in known:
        found = OTHER_NAMES[name]
    if found is None:
        # Perhaps it was written in the wrong section.
        found = next((path(place) for place in _fields(model) if place[-1] == name), None)
    hint = "" if found is None else f"; did you mean {found}?"
    return f"is not a known field{hint} (known: {', '.join(known)})"


def _model_at(location: Location, model: type[BaseModel]) -> type[BaseModel]:
    annotation: Any = model
    for part in location:
        if _is_model(annotation):
            annotation = annotation.model_fields[str(part)].annotation
        else:  # the values of dict[str, …] or tuple[…, ...]
            annotation = next(filter(_is_model, get_args(annotation)))
        if type(None) in get_args(annotation):
            annotation = get_args(annotation)[0]
    return annotation


def _is_model(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _fields(model: type[BaseModel]) -> Iterable[Location]:
    for name, field in model.model_fields.items():
        yield (name,)
        if _is_model(field.annotation):
            yield from ((name, *deeper) for deeper in _fields(field.annotation))


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
