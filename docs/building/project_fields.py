"""The fields of project files as tables, made from the models that validate them.

mkdocs calls `on_page_markdown` for every page; `<!-- project fields -->` becomes the tables there.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from griffe import Docstring, DocstringSectionKind

from sparse_lightning.project import Project

FIELDS = "<!-- project fields -->"
DEFAULTS = "<!-- project defaults -->"

BOUNDS = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
BOUNDS |= {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}  # as pydantic writes those of own types


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Mkdocs' hook: the page with what is generated in its place."""
    if DEFAULTS in markdown:
        smallest = Project(table={"source": "my.csv"}, network={"units": [8]}).dump_yaml()
        markdown = markdown.replace(DEFAULTS, f"```yaml\n{smallest}```")
    return markdown.replace(FIELDS, "\n".join(tables())) if FIELDS in markdown else markdown


def tables() -> Iterator[str]:
    """The lines of a heading, a sentence and a table for every section of a project file."""
    schema = Project.model_json_schema()
    yield from _section("", schema, schema["$defs"], {})


def _section(
    path: str, model: dict[str, Any], models: dict[str, Any], told: dict[str, str]
) -> Iterator[str]:
    """A section and those below it; `told` holds where the models are that have been shown."""
    intro, meanings = _documented(model["description"])
    if path:
        yield f"\n## `{path}` {{ #{_anchor(path)} }}\n\n{intro}\n"
    yield "| field | takes | default | meaning |\n|---|---|---|---|"
    below = []
    for name, field in model["properties"].items():
        section = _model_in(field)
        shown = f"`{name}`"
        if section is not None:
            suffix = {"array": "[]", "object": ".NAME"}.get(field.get("type", ""), "")
            place = f"{path}.{name}{suffix}".removeprefix(".")
            if section not in told:
                told[section] = place
                below.append((place, models[section]))
            shown = f"[{shown}](#{_anchor(told[section])})"
        cells = (shown, _takes(field), _default(name, field, model), meanings[name])
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    for place, section in below:
        yield from _section(place, section, models, told)


def _documented(text: str) -> tuple[str, dict[str, str]]:
    """What a docstring says of a model, and of each of its fields."""
    intro, meanings = "", {}
    for section in Docstring(text).parse("google", warnings=False):
        if section.kind is DocstringSectionKind.text and not intro:
            intro = section.value
        if section.kind is DocstringSectionKind.attributes:
            meanings = {one.name: " ".join(one.description.split()) for one in section.value}
    return intro, meanings


def _model_in(field: dict[str, Any]) -> str | None:
    """The name of the model that a field holds, alone, in a list or by name."""
    found = re.search(r'"\$ref": "#/\$defs/(\w+)"', json.dumps(field))
    return found.group(1) if found else None


def _takes(field: dict[str, Any]) -> str:
    """What values a field takes, in words."""
    if "anyOf" in field:
        return " or ".join(_takes(one) for one in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    match field.get("type"):
        case "array":
            return f"list of: {_takes(field['items'])}"
        case "object":
            return f"mapping of names to: {_takes(field['additionalProperties'])}"
        case "number" | "integer" as kind:
            bounds = {sign: field[key] for key, sign in BOUNDS.items() if key in field}
            if "<" in bounds:
                bounds.pop("≤", None)
            word = {"number": "number", "integer": "whole number"}[kind]
            return " ".join([word, *(f"{sign} {bound}" for sign, bound in bounds.items())])
        case "string":
            return "text"
        case "boolean":
            return "`true`, `false`"
        case "null":
            return "`null`"
    return "section"


def _default(name: str, field: dict[str, Any], model: dict[str, Any]) -> str:
    if name in model.get("required", ()):
        return "needed"
    value = field.get("default")
    if value is None or value == "" or (isinstance(value, dict) and len(value) > 2):
        return ""
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _anchor(path: str) -> str:
    return re.sub(r"\W+", "-", path).strip("-").lower()
