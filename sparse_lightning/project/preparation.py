"""The declared steps that prepare a table; `sparse_lightning.data` carries them out."""

import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from sparse_lightning.project.messages import Location, invalid, invalid_fields, show
from sparse_lightning.project.types import Names, Settings, Text, Whole


def _value(value: object) -> object:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        # An integer beyond 64 bits' floats is as little a value of a column as infinity.
        if abs(value) <= sys.float_info.max:
            return value
        hint = ""
    else:
        hint = "" if value is None or value == "" else " (put it in quotes)"
    raise invalid(f"must be a value of the column, text or a number, got {show(value)}{hint}")


Value = Annotated[str | int | float, BeforeValidator(_value)]


class DropRare(Settings):
    """Leave out every row that holds a rare level of a named column.

    The rows of each level are counted once, when rows with missing values are gone already.

    Attributes:
        columns: where to look.
        below: a level with fewer rows than this is rare.
    """

    columns: Names
    below: Annotated[Whole, Field(ge=2)]


class Dummies(Settings):
    """One 0/1 input for each level of a named column, the levels sorted.

    Attributes:
        columns: the columns.
        drop_first: no input for the first level of each, the reference: it is where all are 0.
    """

    columns: Names
    drop_first: bool = False


class Step(Settings):
    """One step: exactly one of its fields is given.

    Attributes:
        drop_rare: leave out rows with rare levels.
        binarize: column by column, the value that becomes 1; every other becomes 0.
        dummies: one 0/1 input a level.
    """

    drop_rare: DropRare | None = None
    binarize: Annotated[dict[Text, Value], Field(min_length=1)] | None = None
    dummies: Dummies | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_field(cls, step: Any) -> Any:
        if isinstance(step, Step):
            return step
        if not isinstance(step, dict) or len(step) != 1:
            known = ", ".join(cls.model_fields)
            raise invalid(f"must be a mapping with one key, one of [{known}], got {show(step)}")
        ((kind, value),) = step.items()
        if kind in cls.model_fields and value is None:
            raise invalid_fields([((kind,), "must be a mapping of fields, got null")])
        return step

    @model_serializer(mode="wrap")
    def _given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {kind: value for kind, value in handler(self).items() if value is not None}

    @property
    def kind(self) -> str:
        """The name of the field that is given."""
        return next(kind for kind in type(self).model_fields if getattr(self, kind) is not None)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the step names."""
        if self.binarize is not None:
            return tuple(self.binarize)
        step = self.drop_rare or self.dummies
        return step.columns if step else ()

    @property
    def recodes(self) -> bool:
        """Whether the step says how columns become inputs; else it leaves out rows."""
        return self.drop_rare is None


def _steps(value: object) -> object:
    if not isinstance(value, list | tuple):
        hint = " (begin each step with -)" if isinstance(value, dict) else ""
        raise invalid(f"must be a list of steps, got {show(value)}{hint}")
    return tuple(value)


Steps = Annotated[tuple[Step, ...], BeforeValidator(_steps)]


def repetitions(steps: Sequence[Step]) -> Iterator[tuple[Location, str]]:
    """What is wrong with steps that name a column twice, to recode it or to look for rare levels.

    Each problem is the location from `table` on, and a predicate.
    """
    seen: dict[tuple[bool, str], str] = {}
    for number, step in enumerate(steps):
        for column in step.columns:
            earlier = seen.get((step.recodes, column))
            if earlier is not None:
                yield (
                    ("prepare", number, step.kind),
                    f"holds the column {show(column)}, which {earlier} holds already",
                )
            seen[step.recodes, column] = f"table.prepare[{number}].{step.kind}"
