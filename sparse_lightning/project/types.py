"""The kinds of values that the fields of a project take."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from sparse_lightning.project.messages import invalid, show

LONGEST_NAME = 250
"""In bytes: file systems allow 255 to the name of a folder."""

LARGEST_SEED = 2**32 - 1

SMALLEST, LARGEST = 2.0**-126, (2 - 2.0**-23) * 2.0**127
"""Between these lies what 32 bits hold with all digits; strengths become such numbers."""

LARGEST_COUNT = 10**9
"""Of epochs, rows, units and the like; what is larger is a slip, and overflows in other places."""

MOST_VALUES = 100_000
"""In one list."""


class Settings(BaseModel):
    """A section of a project file: it cannot be changed, and knows every one of its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=False)


def _no_switch(value: object) -> object:
    # YAML reads yes, no, on and off as true and false, which Python takes for 1 and 0.
    if isinstance(value, bool):
        raise invalid(f"must be a number, got {show(value)}")
    return value


def _in_32_bits(value: float) -> float:
    if value and not SMALLEST <= abs(value) <= LARGEST:
        raise invalid(
            f"must be a number that 32 bits hold, {SMALLEST:.3g} to {LARGEST:.3g}, got {value:g}"
        )
    return value


def listed(value: object) -> tuple[Any, ...]:
    """A list of a project file; PydanticCustomError if it is none, empty or too long."""
    if not isinstance(value, list | tuple | range):
        scalar = isinstance(value, int | float | str) and not isinstance(value, bool)
        hint = f" (write [{value}])" if scalar and len(str(value)) < 40 else ""
        raise invalid(f"must be a list, got {show(value)}{hint}")
    if not value:
        raise invalid("must hold at least one value")
    if len(value) > MOST_VALUES:
        raise invalid(f"must hold at most {MOST_VALUES} values, got {len(value)}")
    return tuple(value)


def distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same values; PydanticCustomError if one is there twice."""
    seen = set()
    for value in values:
        if value in seen:
            raise invalid(f"must hold different values, got {show(value)} twice")
        seen.add(value)
    return values


def names_of(value: object) -> object:
    """Names of columns, each once; PydanticCustomError if they are none."""
    names = listed(value)
    for name in names:
        if not isinstance(name, str) or not name:
            raise invalid(f"must hold names of columns, got {show(name)} (put it in quotes)")
    return distinct(names)


def _target(value: object) -> object:
    if not isinstance(value, str | list | tuple):
        raise invalid(
            f"must be the name of a column, or a list of names, got {show(value)} (put it in "
            "quotes)"
        )
    return value if isinstance(value, str) else names_of(value)


def _auto_or(least: int, allowed: str) -> BeforeValidator:
    """What takes `auto` or a whole number, and says what is `allowed` instead of another value."""

    def check(value: object) -> object:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            if value > LARGEST_COUNT:
                raise invalid(f"must be at most {LARGEST_COUNT}, got {show(value)}")
            return value
        if value != "auto":
            raise invalid(f"must be {allowed}, got {show(value)}")
        return value

    return BeforeValidator(check)


def _auto_too(allowed: str) -> WrapValidator:
    """What takes `auto` besides what it takes, and says what is `allowed` instead of other words.

    Unlike a union of types it names the place of what is wrong inside a list.
    """

    def check(value: object, others: ValidatorFunctionWrapHandler) -> Any:
        if isinstance(value, str) and not value.strip("+-.0123456789"):
            return others(value)
        if isinstance(value, str) and value != "auto":
            raise invalid(f"must be auto or {allowed}, got {show(value)}")
        return value if value == "auto" else others(value)

    return WrapValidator(check)


def _line(value: str) -> str:
    if not value.strip():
        raise invalid(f"must not be empty, got {show(value)}")
    if not value.isprintable():
        raise invalid(f"must be one line without control characters, got {show(value)}")
    return value


def check_name(value: str) -> str:
    """A name that may become the name of a folder.

    Raises PydanticCustomError if it is empty, long, more than a line, hidden, or a path.
    """
    _line(value)
    if (size := len(value.encode())) > LONGEST_NAME:
        unit = "characters" if size == len(value) else "bytes in UTF-8"
        raise invalid(f"must have at most {LONGEST_NAME} {unit}, got {size}")
    if value != value.strip():
        raise invalid(f"must not begin or end with a space, got {show(value)}")
    if value.startswith(".") or "/" in value or "\\" in value:
        raise invalid(f"must not begin with a dot or hold / or \\, got {show(value)}")
    return value


Text = Annotated[str, Field(strict=True)]
Line = Annotated[Text, AfterValidator(_line)]
Name = Annotated[Text, AfterValidator(check_name)]

Number = Annotated[float, BeforeValidator(_no_switch)]
Strength = Annotated[Number, Field(ge=0), AfterValidator(_in_32_bits)]
Positive = Annotated[Number, Field(gt=0), AfterValidator(_in_32_bits)]
Proportion = Annotated[Number, Field(ge=0, le=1)]
Probability = Annotated[Number, Field(gt=0, lt=1)]
Whole = Annotated[int, BeforeValidator(_no_switch), Field(le=LARGEST_COUNT)]
Count = Annotated[Whole, Field(ge=1)]
Seed = Annotated[int, BeforeValidator(_no_switch), Field(ge=0, le=LARGEST_SEED)]

Strengths = Annotated[tuple[Strength, ...], BeforeValidator(listed), AfterValidator(distinct)]
Counts = Annotated[tuple[Count, ...], BeforeValidator(listed)]
Seeds = Annotated[tuple[Seed, ...], BeforeValidator(listed), AfterValidator(distinct)]
Names = Annotated[tuple[str, ...], BeforeValidator(names_of)]
Target = Annotated[str | tuple[str, ...], BeforeValidator(_target)]
Folds = Annotated[Literal["auto"] | int, _auto_or(0, "auto, 0 or a whole number of at least 2")]
Chunk = Annotated[Literal["auto"] | int, _auto_or(1, "auto or a whole number of at least 1")]

if TYPE_CHECKING:
    Path = tuple[float, ...] | Literal["auto"]
    Epochs = FineTuning = int | Literal["auto"]
else:
    _as_it_is = PlainSerializer(lambda value: value)
    Path = Annotated[Strengths, _auto_too("a list"), _as_it_is]
    Epochs = Annotated[Count, _auto_too("a whole number"), _as_it_is]
    FineTuning = Annotated[Annotated[Whole, Field(ge=0)], _auto_too("a whole number"), _as_it_is]
