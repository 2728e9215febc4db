"""The command `sparse-lightning`, of which all others are parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from sparse_lightning import __version__
from sparse_lightning.terminal import presentable


class _Program(click.Group):
    """Commands whose usage errors hide passwords in what was typed, as all other output does."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _told():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _told():
            return super().invoke(ctx)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except click.ClickException as error:
        vars(error)["message"] = presentable(error.message)  # what was typed may hold a password
        raise


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sparse-lightning")
def main() -> None:
    """Compare sparsity regularizers on a table: train, track in MLflow, report Pareto curves.

    Exit status: 0 all went well, 1 a job failed, 2 a wrong option or bad input.
    """
