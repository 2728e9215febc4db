"""Which columns of a table are used, and what is said of them that they do not say themselves."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    PlainSerializer,
    PlainValidator,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from sparse_lightning.project.messages import Location, invalid, invalid_fields, show
from sparse_lightning.project.types import Settings, distinct, listed, names_of

WORDS = ("number", "text", "date", "leave_out")
"""What a column can be called by one word."""


def _level(value: object) -> str:
    # YAML reads 1, 2.5 and yes as numbers and truths; a table's levels are called as they are read.
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        raise invalid(f"must hold levels, text or numbers, got {show(value)} (put it in quotes)")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _levels(value: object) -> object:
    return None if value is None else distinct(tuple(_level(one) for one in listed(value)))


Levels = Annotated[tuple[str, ...] | None, BeforeValidator(_levels)]


def _format(value: object) -> object:
    if value is None or (isinstance(value, str) and value):
        return value
    raise invalid(f"date must be how dates are written, such as '%d/%m/%Y', got {show(value)}")


class ColumnKind(Settings):
    """What one column is; in a project file a word stands for it, or one of the other fields.

    Attributes:
        kind: `number`; `text`, names of kinds of things, each an input; `date`; `leave_out`.
        ordered: the levels of the column in their order: its input is the place of the level.
        levels: the levels that have an input; all others are one.
        date: how its texts write dates, such as `%d/%m/%Y`.
    """

    kind: Literal["number", "text", "date", "leave_out"] | None = None
    ordered: Levels = None
    levels: Levels = None
    date: Annotated[str | None, BeforeValidator(_format)] = None

    @model_validator(mode="before")
    @classmethod
    def _word_or_field(cls, value: Any) -> Any:
        if isinstance(value, str) and value in WORDS:
            return {"kind": value}
        if isinstance(value, dict) and len(value) == 1 and set(value) <= set(cls.model_fields):
            return value
        if isinstance(value, cls):
            return value
        raise invalid(
            f"must be {', '.join(WORDS)}, or one of ordered: [LEVEL, …], levels: [LEVEL, …], "
            f"date: FORMAT, got {show(value)}"
        )

    @model_validator(mode="after")
    def _several_levels(self) -> Self:
        if self.ordered is not None and len(self.ordered) < 2:
            raise invalid(f"ordered must hold at least 2 levels, got {show(list(self.ordered))}")
        return self

    @model_serializer(mode="wrap")
    def _shortest(self, handler: SerializerFunctionWrapHandler) -> Any:
        given = {name: value for name, value in handler(self).items() if value is not None}
        return given.get("kind", given)


def _columns(value: object) -> object:
    if isinstance(value, str):
        if value not in ("auto", "all"):
            raise invalid(
                "must be auto, all, a list of column names or a mapping of columns to what they "
                f"are, got {show(value)} (write [{value}])"
            )
        return value
    return _kinds(value) if isinstance(value, dict) else names_of(value)


def _kinds(value: dict[Any, Any]) -> dict[str, ColumnKind]:
    kinds, found = {}, list[tuple[Location, str]]()
    for name, kind in value.items():
        if not isinstance(name, str) or not name:
            raise invalid(f"must have names of columns, got {show(name)} (put it in quotes)")
        try:
            kinds[name] = ColumnKind.model_validate(kind)
        except ValidationError as error:
            found += [((name,), one["msg"]) for one in error.errors(include_url=False)[:1]]
    if not value:
        raise invalid("must say of at least one column what it is, got {}")
    if found:
        raise invalid_fields(found)
    return kinds


def _plainly(columns: Any) -> Any:
    """As a project file has it."""
    if not isinstance(columns, dict):
        return list(columns) if isinstance(columns, tuple) else columns
    return {name: kind.model_dump(mode="json") for name, kind in columns.items()}


Columns = Annotated[
    Literal["auto", "all"] | tuple[str, ...] | dict[str, ColumnKind],
    PlainValidator(_columns),
    PlainSerializer(_plainly),
]
"""Which columns are used: a mapping says of some what they are, and leaves the others to `auto`."""
