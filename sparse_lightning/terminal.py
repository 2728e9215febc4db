"""All that this package writes to a terminal: visible signs only, and no passwords.

A store, a table and a project file hold what anybody may have written. Escape sequences in it
would move the cursor, change titles or hide text; marks of writing direction disguise it.
"""

import logging
import threading
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import click

from sparse_lightning.secrets import traceback_of, without_secrets

if TYPE_CHECKING:
    from rich.console import Console

_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters and marks without a shape, beside the categories of such characters."""

_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def visible(text: str) -> str:
    r"""A text whose control and invisible characters are spelled out, as in `\x1b` and `\u202e`.

    Line feeds and tabs stay: texts are laid out with them.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spelled(sign) if _is_hidden(sign) else sign for sign in text)


def presentable(text: object) -> str:
    """A text as a terminal is given it: visible, and without passwords."""
    return visible(without_secrets(str(text)))


def echo(text: object = "", *, err: bool = False, nl: bool = True) -> None:
    """Write a line to standard output, or to standard error."""
    click.echo(presentable(text), err=err, nl=nl)


def console(
    *, stderr: bool = False, file: IO[str] | None = None, width: int | None = None
) -> "Console":
    """A console of rich that shows visible signs only, in tables, bars and titles too.

    It writes to standard output or error, or to a `file`, and is as wide as the terminal, or
    `width` characters.
    """
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class VisibleConsole(Console):
        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                if segment.control:  # rich's own: the movements of a bar
                    yield segment
                else:
                    yield Segment(visible(segment.text), segment.style)

    return VisibleConsole(stderr=stderr, file=file, width=width)


@contextmanager
def guarded() -> Iterator[None]:
    """While the command line runs: warnings, logs and lost threads are shown as `echo` shows.

    They are the whole process's; so is the command line.
    """
    record, line, hook = logging.getLogRecordFactory(), warnings.formatwarning, threading.excepthook

    def clean_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        return _cleaned(record(*args, **kwargs))

    def clean_warning(
        message: Warning | str, category: type[Warning], *args: Any, **kwargs: Any
    ) -> str:
        ours = category.__module__.startswith(__package__ or "")
        if ours or category is UserWarning:  # for who runs a command, not for who writes code
            return presentable(f"warning: {message}\n")
        return presentable(line(message, category, *args, **kwargs))

    def clean_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            echo(traceback_of(args.exc_value), err=True)

    logging.setLogRecordFactory(clean_record)
    warnings.formatwarning = clean_warning
    threading.excepthook = clean_thread
    try:
        yield
    finally:
        logging.setLogRecordFactory(record)
        warnings.formatwarning = line
        threading.excepthook = hook


def _cleaned(record: logging.LogRecord) -> logging.LogRecord:
    try:
        message = record.getMessage()
    except Exception:  # a wrong format: logging itself says so where it is written
        return record
    record.msg, record.args = presentable(message), ()
    if record.exc_info and record.exc_info[1] is not None:
        record.exc_text = presentable(traceback_of(record.exc_info[1]))
    return record


def _is_hidden(sign: str) -> bool:
    if sign in "\n\t":
        return False
    return unicodedata.category(sign) in _HIDDEN or sign in _INVISIBLE


def _spelled(sign: str) -> str:
    return sign.encode("unicode_escape").decode()
