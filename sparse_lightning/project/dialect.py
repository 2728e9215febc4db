"""How a text file is to be read, where that is not left to the file."""

import codecs
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from sparse_lightning.project.messages import invalid, invalid_fields, show
from sparse_lightning.project.types import Count, Settings, Text


def _sign(value: str) -> str:
    if len(value) != 1 or not value.isascii() or value.isalnum() or value in '\r\n\0."':
        raise invalid(f"must be one sign that cells do not hold, got {show(value)}")
    return value


def _encoding(value: str) -> str:
    try:
        name = codecs.lookup(value).name
        is_text = "é".encode(value, "replace") is not None and name not in _NO_ENCODINGS
    except (LookupError, ValueError):
        is_text = False
    if not is_text:
        raise invalid(f"must be an encoding, such as utf-8, cp1252 or cp932, got {show(value)}")
    return value


_NO_ENCODINGS = frozenset(
    {"utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs"}
)
"""What Python calls encodings, and tables are not written in."""


class DialectSettings(Settings):
    """How a text file is read where its beginning does not tell, or tells it wrong.

    Attributes:
        delimiter: the sign between cells, such as `;` or `|`.
        quote: the sign around cells that hold a delimiter.
        decimal: the sign before fractions.
        thousands: the sign between groups of three digits; `" "` is any space.
        encoding: of the file, as Python names it: `utf-8`, `cp1252`, `cp932` (Shift-JIS).
        header_line: the line, counted from 1, that holds the names of the columns.
    """

    delimiter: Annotated[Text, AfterValidator(_sign)] | None = None
    quote: Literal['"', "'"] | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[",", ".", " ", "'"] | None = None
    encoding: Annotated[Text, AfterValidator(_encoding)] | None = None
    header_line: Count | None = None

    @model_validator(mode="after")
    def _signs_differ(self) -> Self:
        if self.thousands is not None and self.thousands == self.decimal:
            raise invalid_fields([(("thousands",), f"must not be decimal, {show(self.decimal)}")])
        return self
