import ast
import logging
import sys
import threading
import unicodedata
import warnings
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

import sparse_lightning
from sparse_lightning import secrets
from sparse_lightning._text import shortened
from sparse_lightning.cli import main
from sparse_lightning.cli.options import explained
from sparse_lightning.terminal import console, echo, guarded, presentable, visible

PACKAGE = Path(sparse_lightning.__file__).parent


def hidden(text: str) -> set[str]:
    """The characters of a text that a terminal would act on, or that nobody sees."""
    kinds = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return {sign for sign in text if unicodedata.category(sign) in kinds} - {"\n", "\t"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07 \x1b[31m", r"\x1b]0;title\x07 \x1b[31m"),
        ("a\rb\x00\x7f\x9b", r"a\rb\x00\x7f\x9b"),
        ("\u202egpj.exe\u2066\u200b\ufeff", r"\u202egpj.exe\u2066\u200b\ufeff"),
        ("\U000e0041\u3164\ud800\u2028", r"\U000e0041\u3164\ud800\u2028"),
        ("温度 λ é 한국어 ไทย 😀\n\tx", "温度 λ é 한국어 ไทย 😀\n\tx"),
        (r"C:\x1b", r"C:\x1b"),
    ],
)
def test_what_a_terminal_would_act_on_is_spelled_out(text, shown):
    assert visible(text) == shown


@given(st.text())
def test_whatever_is_shown_is_visible(text):
    assert not hidden(visible(text))
    assert visible(visible(text)) == visible(text)


@given(st.text(max_size=40))
def test_a_console_shows_visible_signs_only(text):
    screen = console()
    table = Table("name", title=Text(text), caption=Text(text))
    table.add_row(Text(text))
    with screen.capture() as captured:
        screen.print(table)
        screen.print(Text(text))
        screen.print(shortened(text, 20), markup=False)
    assert not hidden(captured.get())


def test_a_console_keeps_its_own_colours():
    screen = console()
    screen._force_terminal, screen._color_system = True, 1
    with screen.capture() as captured:
        screen.print(Text("a\x1b[0m", style="bold"))
    assert captured.get().count("\x1b") == 2
    assert r"a\x1b[0m" in captured.get()


def test_nothing_else_in_the_package_writes_to_a_terminal():
    found = []
    for file in PACKAGE.rglob("*.py"):
        name = file.relative_to(PACKAGE).as_posix()
        if name == "terminal.py":  # what all others use
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            written = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if written in ("print", "Console", "rich.print", "click.echo", "click.secho") or (
                written.startswith(("sys.stdout.", "sys.stderr.")) and written.endswith("write")
            ):
                found.append(f"{name}:{node.lineno}: {written}")
    assert not found


@pytest.fixture
def failing(monkeypatch):
    """A command that fails as it is told to, and what it prints."""
    monkeypatch.setattr(secrets, "_known", set())

    def outcome(error):
        @click.command()
        @explained
        def command():
            raise error

        return CliRunner().invoke(command, standalone_mode=True)

    return outcome


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (sparse_lightning.InputError("\x1b[31m http://me:pW0Rd@host"), 2),
        (sparse_lightning.TrackingError("\x1b[31m http://me:pW0Rd@host"), 1),
        (OSError(2, "no \x1b[31m", "http://me:pW0Rd@host"), 1),
        (KeyboardInterrupt("kept in \x1b[31m http://me:pW0Rd@host"), 130),
        (RuntimeError("\x1b[31m http://me:pW0Rd@host"), 1),
        (ExceptionGroup("\x1b[31m", [ValueError("http://me:pW0Rd@host")]), 1),
    ],
)
def test_every_error_is_told_visibly_and_without_passwords(failing, error, status):
    result = failing(error)
    assert result.exit_code == status
    said = "\n".join(line for line in result.output.splitlines() if "raise error" not in line)
    assert not hidden(said)
    assert "pW0Rd" not in said
    assert r"\x1b[31m" in said
    assert ("Traceback" in said) == isinstance(error, RuntimeError | ExceptionGroup)


@pytest.mark.parametrize(
    "line",
    [
        ["report", "--no\x1b[31m-such=http://me:pW0Rd@host"],
        ["report", "http://me:pW0Rd@host\x1b[31m"],
        ["http://me:pW0Rd@host\x1b[31m"],
        ["run", "--workers=http://me:pW0Rd@host\x1b[31m", "x"],
        ["report", "--experiment", "x", "--floor=http://me:pW0Rd@host\x1b[31m"],
        ["pca", "--table", "x", "--epochs=http://me:pW0Rd@host\x1b[31m"],
        ["check", "http://me:pW0Rd@host\x1b[31m"],
        ["docs", "http://me:pW0Rd@host\x1b[31m"],
        ["data", "show", "http://me:pW0Rd@host\x1b[31m"],
        ["export", "x", "--format=http://me:pW0Rd@host\x1b[31m"],
    ],
)
def test_no_usage_error_echoes_escape_sequences_or_passwords(line, workplace):
    result = CliRunner().invoke(main, line)
    assert result.exit_code == 2
    assert not hidden(result.output)
    assert "pW0Rd" not in result.output


def test_warnings_logs_and_lost_threads_are_told_the_same(capsys, caplog):
    logger = logging.getLogger("somebody.else")
    handler = logging.StreamHandler()
    logger.addHandler(handler)

    def lost():
        raise ValueError("\x1b[31m http://me:pW0" + "Rd@host")

    try:
        with guarded():
            # As Python writes a warning to standard error; pytest collects them instead.
            text = "\x1b[31m http://me:pW0Rd@host"
            sys.stderr.write(warnings.formatwarning(text, UserWarning, "x.py", 1))
            logger.warning("%s at %s", "\x1b[31m", "http://me:pW0Rd@host")
            try:
                lost()
            except ValueError:
                logger.exception("wrong")
            thread = threading.Thread(target=lost)
            thread.start()
            thread.join()
    finally:
        logger.removeHandler(handler)
    said = capsys.readouterr().err
    assert said.count("http://host") == 4
    assert not hidden(said)
    assert "pW0Rd" not in said + caplog.text
    assert logging.getLogRecordFactory() is logging.LogRecord


def test_echo_writes_to_either_stream(capsys):
    echo("a\x1b")
    echo("b\x1b", err=True, nl=False)
    assert tuple(capsys.readouterr()) == ("a\\x1b\n", "b\\x1b")
    assert presentable(ValueError("\x07")) == r"\x07"


def test_a_warning_for_users_names_no_line_of_code():
    with guarded():
        for kind in (sparse_lightning.TableWarning, UserWarning):
            shown = warnings.formatwarning("look\x1b", kind, "f.py", 3)
            assert shown == "warning: look\\x1b\n"
        other = warnings.formatwarning("look", FutureWarning, "f.py", 3)
    assert other.startswith("f.py:3: FutureWarning: look")
