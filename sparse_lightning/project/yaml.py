"""YAML as project files use it: strict about keys, every mistake with its line and column."""

from collections.abc import Hashable
from typing import Any, NoReturn

import yaml

from sparse_lightning.errors import ProjectError
from sparse_lightning.secrets import cleaned, without_secrets

MOST_DIGITS = 400
"""A number has at most so many signs, which is more than the greatest float takes."""

MOST_FIELDS = 10_000
"""So many fields are looked at for `<<`, by which a small file can stand for any number of them."""

_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class _StrictLoader(yaml.SafeLoader):
    """A safe loader that refuses repeated keys, keys that are no text, and what grows too large."""

    _fields = 0

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        self._fields += len(node.value)
        if self._fields > MOST_FIELDS:
            self._refuse("too many fields are merged", node)
        super().flatten_mapping(node)

    def _refuse(self, problem: str, node: yaml.Node) -> NoReturn:
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if node.tag in _NUMBERS and len(node.value) > MOST_DIGITS:
            self._refuse(f"a number has at most {MOST_DIGITS} digits", node)
        try:
            return super().construct_object(node, deep=deep)
        except (
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            IndexError,
            OverflowError,
        ) as error:
            # What tags such as !!timestamp and !!int raise where the text is no such value.
            raise yaml.constructor.ConstructorError(
                None, None, f"{node.value!r:.80} cannot be read as {node.tag}", node.start_mark
            ) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            problem = None
            if not isinstance(key, str):
                problem = f"the key {key!r:.80} must be text (put it in quotes)"
            elif key in seen:
                problem = f"the key {key!r:.80} appears twice"
            if problem:
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read_yaml(text: str, origin: str) -> Any:
    """The value that one YAML document, called `origin` in messages, describes.

    It is made of dicts, lists, strings, numbers, dates and None. Raises `ProjectError` if the text
    is no YAML document, or a mapping has a key twice or one that is not text.
    """
    try:
        return yaml.load(text, _StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" line {mark.line + 1}, column {mark.column + 1}:" if mark else ""
        said = error.problem or error.context or "not valid YAML"
        raise ProjectError(f"{origin}:{place} {without_secrets(said)}") from cleaned(error)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ProjectError(
            f"{origin}: line {line}: YAML does not allow the character {text[error.position]!r}"
        ) from error
    except RecursionError as error:
        raise ProjectError(f"{origin}: nested too deeply") from error
