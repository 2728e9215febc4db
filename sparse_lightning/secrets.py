"""Passwords in what others say: the messages of MLflow, of databases, of the network."""

import os
import re
import traceback
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from typing import TypeVar

from sparse_lightning.address import HIDDEN, SHORTEST, Address

ENVIRONMENT = (
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "PGPASSWORD",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
"""The variables by which other programs are given passwords."""

E = TypeVar("E", bound=BaseException)

# Of this process: a message does not say whose password stands in it, nor where it begins.
_known: set[str] = set()

_WORD = re.compile(r"\S+")
_OPENING = "'\"([{<`"
_CLOSING = "'\")]}>`,.;:"
_SCHEME = re.compile(r"[A-Za-z][\w+.-]*:/")
_FIELD = re.compile(
    r"([\w.%-]*(?:passw|pwd|passphrase|secret|token|signature|credential|authorization|api[-_]?key"
    r"|access[-_]?key|account[-_]?key|private[-_]?key|odbc_connect|\bsig)[\w.%-]*)"
    r"(\s*=\s*|['\"]\s*[:=]\s*)(?!\s)('[^'\n]*'|\"[^\"\n]*\"|[^\s&]+)",
    re.IGNORECASE,
)
_HEADER = re.compile(r"(authorization['\"]?\s*[:=]\s*['\"]?(?:basic|bearer)\s+)\S+", re.IGNORECASE)

_TEXTS = ("message", "msg", "reason", "strerror", "filename", "filename2", "statement", "detail")
"""Where errors keep what they say, beside their arguments."""


def keep_secret(address: Address) -> Address:
    """Let `without_secrets` know the password of an address that this process connects to."""
    _known.update(address.secrets)
    return address


def without_secrets(text: str) -> str:
    """A text of any program, without the passwords in its addresses and fields or known by now."""
    for secret in sorted(_literals(), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    if "@" in text or "://" in text:
        text = _WORD.sub(lambda word: _of_word(word[0]), text)
    if "=" in text or ":" in text:
        text = _HEADER.sub(rf"\1{HIDDEN}", text)
        text = _FIELD.sub(rf"\1\2{HIDDEN}", text)
    return text


def cleaned(error: E) -> E | None:
    """The same error with no password in what it and its causes say; type and code stay.

    Ours are raised `from` it, as a traceback shows it too. None: it says a password that cannot be
    taken out.
    """
    seen: set[int] = set()
    return error if _clean(error, seen) else None


def traceback_of(error: BaseException) -> str:
    """The traceback of an error and of its causes, without passwords."""
    return without_secrets("".join(traceback.format_exception(error)))


def _literals() -> Iterator[str]:
    yield from _known
    user = os.environ.get("MLFLOW_TRACKING_USERNAME", "")
    for name in ENVIRONMENT:
        secret = os.environ.get(name, "")
        if len(secret) >= SHORTEST:
            yield secret
            yield b64encode(f"{user}:{secret}".encode()).decode()


def _of_word(word: str) -> str:
    core = word.lstrip(_OPENING)
    opening = word[: len(word) - len(core)]
    closing = core[len(core.rstrip(_CLOSING)) :]
    core = core[: len(core) - len(closing)]
    scheme = _SCHEME.search(core)
    if scheme is None:
        place = core.find("@")
        return opening + str(Address(core)) + closing if ":" in core[: max(place, 0)] else word
    before, address = core[: scheme.start()], core[scheme.start() :]
    if "@" in before and ":" in before:
        return f"{opening}{HIDDEN}{closing}"
    return opening + before + str(Address(address)) + closing


def _clean(error: BaseException, seen: set[int]) -> bool:
    """Take the passwords out of an error; returns whether none is left."""
    if id(error) in seen:
        return True
    seen.add(id(error))
    for name in ("__cause__", "__context__"):
        link = getattr(error, name)
        if link is not None and not _clean(link, seen):
            setattr(error, name, None)
    orig = getattr(error, "orig", None)
    if isinstance(orig, BaseException):
        _clean(orig, seen)
    error.args = tuple(_value(one, seen) for one in error.args)
    for name in (*_TEXTS, "json", "__notes__"):
        held = getattr(error, name, None)
        value = _value(held, seen)
        if value is not held:
            with suppress(AttributeError, TypeError):
                setattr(error, name, value)
    said = f"{error!r} {error}"
    return without_secrets(said) == said


def _value(value: object, seen: set[int]) -> object:
    if isinstance(value, str):
        text = without_secrets(value)
        return value if text == value else text
    if isinstance(value, BaseException):
        return value if _clean(value, seen) else type(value).__name__
    if isinstance(value, list):
        return [_value(one, seen) for one in value]
    if isinstance(value, dict):
        return {key: _value(one, seen) for key, one in value.items()}
    return value


def first_line(error: BaseException) -> str:
    """The first line of what an error says, without passwords; its kind where it says nothing."""
    said = without_secrets(str(error)).strip()
    return said.splitlines()[0] if said else type(error).__name__
