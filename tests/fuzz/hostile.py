"""Hostile values, texts and files, and what a case of fuzzing may come to."""

import copy
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from sparse_lightning.errors import SparseLightningError

CASES = max(300, settings.default.max_examples if settings.default else 300)
"""How many cases of each kind; the profile `nightly` has more."""

SECONDS = 20.0
"""A case that computes longer hangs; and so does one that waits `PATIENCE` times as long."""

PATIENCE = 30
"""Other processes may leave a case little of a machine's time."""

MARKUP = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "[red]",
]
ESCAPES = [
    "../../x",
    "/etc/passwd",
    "..",
    ".",
    "a/b",
    "a\\b",
    "~root",
    "~nobody-here/x",
    "CON",
    "x/",
]
ODD = [
    "",
    " ",
    "\n",
    "a\nb",
    "\t",
    "\x00",
    "a\x00b",
    "\x1b[31m",
    "\x7f",
    "\u202e",
    "\ufeff",
    "\ud800",
]
FORMATS = ["%s", "{x}", "{0}", "$x$", "$\\frac{", "\\", "'", '"', "''", '"a', "_", "__class__"]
NUMERIC = ["1:30", "1e999", "-1e999", "nan", "inf", "0x1F", "007", "1_000", "1,000", "1.5.2", "٣"]
TEXTS = [*MARKUP, *ESCAPES, *ODD, *FORMATS, *NUMERIC, "x" * 500, "é" * 200, "none", "L1+sh+sh", "+"]
NUMBERS = [
    *(0, -0.0, -1, 1, 2, 1.5, 0.1, 10**9, 10**12, 10**30, 2**31, 2**32, 2**63, -(2**63) - 1),
    *(
        10**400,
        -(10**400),
        1e308,
        -1e308,
        5e-324,
        1e-300,
        float("nan"),
        float("inf"),
        -float("inf"),
    ),
]


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


texts = st.sampled_from(TEXTS) | st.text(max_size=12)
numbers = st.sampled_from(NUMBERS) | st.integers(-3, 100) | st.floats()
scalars = (
    st.sampled_from([None, True, False, date(2001, 1, 1), datetime(9999, 12, 31), b"\xff\x00"])
    | numbers
    | texts
)
containers = st.sampled_from(
    [[], {}, [[]], [None], [1, 1], list(range(3000)), {"a": {"b": {"c": {}}}}, nested(60), {"": 1}]
)
for _ in range(2):
    inner = scalars | containers
    containers |= st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
values = (scalars | containers).map(copy.deepcopy)  # a later change must not reach the samples


class HangError(Exception):
    """A case takes longer than any may."""


@contextmanager
def in_time(seconds: float = SECONDS) -> Iterator[None]:
    """Raise where the case does not end; hypothesis' own deadline only tells once it has ended."""

    def stop(*_: Any) -> None:
        raise HangError(f"no end after {seconds:g} s")

    clocks = {
        signal.SIGPROF: (signal.ITIMER_PROF, seconds),
        signal.SIGALRM: (signal.ITIMER_REAL, seconds * PATIENCE),
    }
    before = {kind: signal.signal(kind, stop) for kind in clocks}
    for clock, most in clocks.values():
        signal.setitimer(clock, most)
    try:
        yield
    finally:
        for kind, (clock, _) in clocks.items():
            signal.setitimer(clock, 0)
            signal.signal(kind, before[kind])


def outcome(action: Callable[[], Any]) -> Any:
    """What an action returns, or None where it raised an error of this package's own."""
    with in_time():
        try:
            return action()
        except SparseLightningError as error:
            message = str(error)
    assert message.strip()
    assert len(message) < 40_000
    return None


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The keys to every part of nested mappings and lists."""
    yield place
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from places(inner, (*place, key))


@st.composite
def mutated(draw: st.DrawFn, sound: Any, most: int = 3) -> Any:
    """Nested mappings and lists of which parts are deleted, replaced, doubled or renamed."""
    made = copy.deepcopy(sound)
    for _ in range(draw(st.integers(1, most))):
        place = draw(st.sampled_from([p for p in places(made) if p] or [()]))
        if not place:
            return draw(values)
        holder = made
        for key in place[:-1]:
            holder = holder[key]
        key, change = (
            place[-1],
            draw(st.sampled_from(["replace"] * 4 + ["delete", "rename", "add"])),
        )
        if change == "delete":
            del holder[key]
        elif change == "rename" and isinstance(holder, dict):
            holder[draw(texts)] = holder.pop(key)
        elif change == "add" and isinstance(holder, list):
            holder.insert(key, draw(values))
        else:
            holder[key] = draw(values)
    return made


@st.composite
def spoiled(draw: st.DrawFn, sound: bytes, snippets: list[bytes], most: int = 4) -> bytes:
    """Bytes with pieces cut out, overwritten, repeated or put in."""
    made = bytearray(sound)
    for _ in range(draw(st.integers(1, most))):
        start = draw(st.integers(0, len(made)))
        length = draw(st.integers(0, 12) | st.integers(0, max(len(made), 1)))
        piece = draw(st.sampled_from(snippets) | st.binary(max_size=8))
        change = draw(st.sampled_from(["insert", "cut", "overwrite", "repeat", "flip"]))
        if change == "insert":
            made[start:start] = piece
        elif change == "cut":
            del made[start : start + length]
        elif change == "overwrite":
            made[start : start + len(piece)] = piece
        elif change == "repeat":
            made[start:start] = made[start : start + length]
        elif start < len(made):
            made[start] ^= 1 << draw(st.integers(0, 7))
    return bytes(made)
