"""What several commands share: options, and errors that end in a message and an exit status."""

import atexit
import gc
import signal
import sys
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sparse_lightning._machine import uncollected
from sparse_lightning._text import spelled_number
from sparse_lightning.errors import ProjectError, SparseLightningError
from sparse_lightning.secrets import traceback_of
from sparse_lightning.terminal import echo, guarded

if TYPE_CHECKING:
    from sparse_lightning.project import Project


def explained(command: Callable[..., None]) -> Callable[..., None]:
    """End a command with a message and the exit status of its error.

    An error that nobody has foreseen ends in a traceback, but one without passwords.
    """

    @wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        # What ends jobs elsewhere (Slurm, Kubernetes, `timeout`) ends them as Ctrl-C does.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            with guarded():
                command(*args, **kwargs)
                sys.stdout.flush()
        except SparseLightningError as error:
            echo(f"Error: {error}", err=True)
            sys.exit(error.exit_status)
        except (BrokenPipeError, click.ClickException, click.exceptions.Exit, click.Abort):
            # Whoever reads the output wants no more of it, as `head`; or click has words for it.
            raise
        except OSError as error:
            echo(f"Error: {error}", err=True)
            sys.exit(1)
        except KeyboardInterrupt as error:
            echo(f"Interrupted{': ' if error.args else ''}{error}.", err=True)
            sys.exit(130)
        except Exception as error:
            echo(traceback_of(error), err=True, nl=False)
            sys.exit(1)

    return wrapper


def brief(command: Callable[..., None]) -> Callable[..., None]:
    """Run a command that reads much, keeps nearly all of it, and ends soon.

    To look for garbage would take a quarter of its time, half of that at the exit of the process,
    and gain a few megabytes.
    """

    @wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        atexit.register(gc.freeze)
        with uncollected():
            command(*args, **kwargs)

    return wrapper


class _NotEmpty(click.ParamType):
    """Anything but an empty text: an unset variable of a shell is no answer."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value).strip():
            self.fail("must not be empty", param, ctx)
        return super().convert(value, param, ctx)


class Text(_NotEmpty, click.types.StringParamType):
    """A text, and not an empty one."""


class Folder(_NotEmpty, click.Path):
    """The path of a folder; an empty one would be the working folder."""

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)


class Number(click.FloatRange):
    """A finite number as people spell it: no `1_0`, `nan` or digits of other scripts."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and spelled_number(value.strip()) is None:
            self.fail(f"must be a finite number, got {value!r}", param, ctx)
        return super().convert(value, param, ctx)  # pyright: ignore[reportArgumentType]


class Whole(click.IntRange):
    """A whole number as people spell it."""

    name = "whole number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and whole_number(value) is None:
            self.fail(f"must be a whole number, got {value!r}", param, ctx)
        return super().convert(value, param, ctx)  # pyright: ignore[reportArgumentType]


class WholeOrAuto(Whole):
    """A whole number as people spell it, or `auto`."""

    name = "whole number or auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if value == "auto" else super().convert(value, param, ctx)


def whole_number(text: str) -> int | None:
    """The whole number that a text spells; None of other texts."""
    number = spelled_number(text.strip())
    return int(text) if number is not None and text.strip().lstrip("+-").isdigit() else None


def columns(_: click.Context, option: click.Parameter, text: str | None) -> list[str] | None:
    """Names of columns, separated by commas; those that hold one are in double quotes."""
    import csv

    if text is None:
        return None
    try:
        (names,) = csv.reader([text], skipinitialspace=True, strict=True)
    except (ValueError, csv.Error):
        names = []
    names = [name.strip() for name in names]
    if not names or not all(names):
        raise click.BadParameter(
            f"must be names of columns separated by commas, as in weight,height, got {text!r}"
        )
    return names


tracking_uri = click.option(
    "--tracking-uri",
    type=Text(),
    metavar="URI",
    help="MLflow store; default: as MLflow resolves it.",
)
output = click.option(
    "--output",
    type=Folder(),
    metavar="DIR",
    help="Folder of the report; default: reports/NAME.",
)
resume = click.option(
    "--resume/--fresh",
    default=True,
    show_default=True,
    help="Go on with the unfinished study in the folder of the report, or begin anew.",
)
overrides = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Set a field of the project file, as in training.epochs=50; may be repeated.",
)


def cluster(command: Callable[..., None]) -> Callable[..., None]:
    """The options that let several processes or machines train."""
    command = click.option(
        "--scheduler",
        type=Text(),
        metavar="tcp://…",
        help="Train on the workers of a Dask scheduler.",
    )(command)
    return click.option(
        "--workers", type=Whole(min=1), metavar="N", help="Train on N processes, by Dask."
    )(command)


def with_table(project: "Project", path: Path) -> "Project":
    """The project of a file that a command takes, which must name its table."""
    from sparse_lightning.project.messages import NO_TABLE

    if not project.table.source:
        raise ProjectError(f"{path}: {NO_TABLE}")
    return project


def one_cluster(workers: int | None, scheduler: str | None) -> None:
    """Raise a usage error where both options name workers."""
    if workers and scheduler:
        raise click.UsageError("give either --workers N or --scheduler tcp://…")
