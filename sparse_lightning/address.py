"""Addresses of stores, databases and schedulers, which may hold a password and never show it."""

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, quote_plus, unquote, unquote_plus

if TYPE_CHECKING:  # whose import takes as long as all else of `--help`
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

HIDDEN = "***"
"""What stands in the place of something that must not be read."""

HARMLESS = frozenset(
    {
        *("application_name", "cache", "charset", "check_same_thread", "client_encoding"),
        *("connect_timeout", "database", "dbname", "driver", "encoding", "endpoint"),
        *("endpoint_url", "host", "hostaddr", "hostname", "immutable", "isolation_level"),
        *("keepalives", "mode", "nolock", "pool_size", "port", "region", "sslmode"),
        *("target_session_attrs", "timeout", "uri", "vfs"),
    }
)
"""The only fields whose values are shown; of all others it is not known what they hold."""

SECRET = re.compile(
    r"pass|pwd|secret|token|signature|credential|auth|private|api[-_.]?key|access[-_.]?key"
    r"|account[-_.]?key|odbc_connect|^sig$|^key$|[-_.]key$",
    re.IGNORECASE,
)
"""What the names of fields have that surely hold a secret."""

SHORTEST = 4
"""Passwords of fewer characters are found by their place only, as they are parts of words."""

_SCHEME = re.compile(r"((?:jdbc:)?[a-z][a-z0-9+._-]*):(?=/)", re.IGNORECASE)
_FILES = re.compile(r"(sqlite|file|dbfs|models|runs|mlflow-artifacts|duckdb)\b", re.IGNORECASE)
# Percent-encoded once or several times, as where one address is a part of another.
_AT = re.compile(r"@|%(?:25)*40")
_COLON = re.compile(r":|%(?:25)*3a", re.IGNORECASE)
_FIELDS = re.compile(r"([?#&;])")
_HOST = re.compile(r"(?:[^:/@]*|\[[^\]/@]*\])(?::\d*)?(?:/.*)?", re.DOTALL)
_NAME = re.compile(r"[\w.%-]{1,40}")
_PLAIN = re.compile(r"[\w.,:/\\+~ -]*")


class Address:
    """An address that shows itself without user, password and secret fields, whatever prints it.

    It is made from what MLflow, SQLAlchemy or Dask takes, or from another address. Two addresses
    are equal where their texts are. Only `revealed` gives the text itself.
    """

    __slots__ = ("_text",)

    _text: str

    def __init__(self, text: "str | Address"):
        revealed = text._text if isinstance(text, Address) else str(text)
        object.__setattr__(self, "_text", revealed)

    def revealed(self) -> str:
        """The whole address, for who connects to it; never for a message, a file or a log."""
        return self._text

    @property
    def hides(self) -> bool:
        """Whether there is something that is not shown."""
        return str(self) != self._text

    @property
    def secrets(self) -> frozenset[str]:
        """What must not be read wherever it stands: the password as it may be written."""
        found = set(_secrets(self._text))
        forms = {
            form
            for text in found
            for raw in (text, unquote(text), unquote_plus(text))
            for form in (raw, repr(raw)[1:-1], *_encoded(raw))
        }
        user, at, _ = _parts(self._text)[1].rpartition("@")
        if at and found:  # as the header of HTTP's basic authentication has them
            both = (user, unquote(user))
            forms |= {b64encode(one.encode("utf-8", "replace")).decode() for one in both}
        return frozenset(form for form in forms if len(form) >= SHORTEST)

    @property
    def is_web(self) -> bool:
        """Whether it is one of HTTP."""
        return self._text.lower().startswith(("http://", "https://"))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"an address cannot be changed, and has no {name} to be set")

    def __str__(self) -> str:
        return _shown(self._text)

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and self._text == other._text

    def __hash__(self) -> int:
        return hash((Address, self._text))

    def __reduce__(self) -> tuple[Any, ...]:
        return Address, (self._text,)

    @classmethod
    def checked(cls, value: object) -> Self:
        """An address, as a field of a project takes it.

        The PydanticCustomError says what is wrong without the value, which may hold a password.
        """
        from pydantic_core import PydanticCustomError

        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise PydanticCustomError("invalid", "must be text (put it in quotes)")
        if not value.strip():
            raise PydanticCustomError("invalid", "must not be empty")
        if not value.isprintable():
            raise PydanticCustomError("invalid", "must be one line without control characters")
        return cls(value)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: "GetCoreSchemaHandler"
    ) -> "CoreSchema":
        from pydantic_core import core_schema

        return core_schema.json_or_python_schema(
            json_schema=core_schema.no_info_after_validator_function(
                cls.checked, core_schema.str_schema()
            ),
            python_schema=core_schema.no_info_plain_validator_function(cls.checked),
            serialization=core_schema.to_string_ser_schema(),
        )


def _shown(text: str) -> str:
    scheme, rest = _parts(text)
    hidden, tail = _without_user(scheme, rest)
    if hidden and tail is None:
        return f"{scheme}{HIDDEN}"
    return scheme + _without_fields(tail or "")


def _parts(text: str) -> tuple[str, str]:
    """The scheme with its slashes, "" where there is none, and what comes after it."""
    found = _SCHEME.match(text)
    if found is None:
        return ("//", text[2:]) if text.startswith("//") else ("", text)
    start = found.end() + (2 if text.startswith("//", found.end()) else 0)
    return text[:start], text[start:]


def _without_user(scheme: str, rest: str) -> tuple[bool, str | None]:
    """Whether something stood before the host, and what comes after it; None: that is not sure."""
    ends = list(_AT.finditer(rest))
    if not ends or _is_path(scheme, rest):
        return False, rest
    first, last = ends[0], ends[-1]
    before = rest[: last.start()]
    colon = _COLON.search(before)
    if colon is None and "/" in rest[: first.start()]:
        return False, rest  # a path such as s3://bucket/me@home
    # A password may hold ? and #, and a field @. Where both can be, neither side is shown.
    sign = re.search("[?#]", before)
    if sign is not None:
        fields = "=" in before[sign.start() :]
        if fields or _HOST.fullmatch(before[: sign.start()]):
            return _ambiguous(rest, sign.start())
    return True, rest[last.end() :]


def _ambiguous(rest: str, sign: int) -> tuple[bool, str | None]:
    """The same where `@` stands in what may be a field."""
    head = rest[:sign]
    # No colon and no `@` before it: neither SQLAlchemy nor any other would see a user there.
    if not _AT.search(head) and not _COLON.search(head) and not _COLON.search(rest[sign:]):
        return False, rest
    return True, None


def _is_path(scheme: str, rest: str) -> bool:
    """Whether no user can be in an address: a file's, or one of MLflow's own."""
    if not scheme:
        return rest.startswith(("/", ".", "~"))
    named = _FILES.match(scheme) is not None
    return named and (rest.startswith("/") or not scheme.endswith("//"))


def _without_fields(text: str) -> str:
    head, *pieces = _FIELDS.split(text)
    shown = re.sub(
        r"([^/=,\s]+)=([^/]+)",
        lambda found: f"{found[1]}={HIDDEN}" if SECRET.search(_plain(found[1])) else found[0],
        head,
    )
    certain = True
    for sign, piece in zip(pieces[::2], pieces[1::2], strict=True):
        name, equals, value = piece.partition("=")
        visible = piece
        if equals and not _is_harmless(name, value):
            # After a hidden value, what looks like a name may be the rest of it.
            known = certain or SECRET.search(_plain(name))
            visible = f"{name if known and _NAME.fullmatch(name) else HIDDEN}={HIDDEN}"
            certain = False
        elif not equals and piece and not (sign == "#" and piece.startswith("/")):
            visible, certain = HIDDEN, False
        shown += sign + visible
    return shown


def _is_harmless(name: str, value: str) -> bool:
    return _plain(name).lower() in HARMLESS and _PLAIN.fullmatch(_plain(value)) is not None


def _plain(text: str) -> str:
    """Without percent-encoding, however often it was applied."""
    while (decoded := unquote_plus(text)) != text:
        text = decoded
    return text


def _encoded(text: str) -> set[str]:
    """A text percent-encoded, as the libraries do it."""
    forms = {quote(text, safe) for safe in ("", "/", " +")} | {quote_plus(text)}
    return forms | {re.sub("%..", lambda sign: sign[0].lower(), form) for form in forms}


def _secrets(text: str) -> set[str]:
    """The passwords and secret fields of an address, as they stand there."""
    scheme, rest = _parts(text)
    found: set[str] = set()
    if not _is_path(scheme, rest):
        for end in _AT.finditer(rest):
            user = rest[: end.start()]
            colon = _COLON.search(user)
            if colon is not None:
                password = user[colon.end() :]
                # Who reads it as another address than it is meant for quotes parts of it.
                found |= {password, *re.split(r"[/?#@:]", password)}
            elif "/" not in user and scheme.lower().startswith("http"):
                found.add(user)  # a token; of a database it is a name, which is no secret
    for piece in _FIELDS.split(rest)[2::2]:
        name, equals, value = piece.partition("=")
        if equals and SECRET.search(_plain(name)):
            found.add(value)
    return found
