"""The options that compare the runs of any experiment, and what they ask for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

DIRECTIONS = click.Choice(["auto", "min", "max"])


class _Number(click.ParamType):
    """A finite number; nothing where the text is empty, as MLproject's defaults are."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        import math

        if value is None or not str(value).strip():
            return None
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.fail(f"must be a finite number, got {value!r}", param, ctx)
        return number


_OPTIONS = (
    click.option("--x", metavar="METRIC", help="Compare any runs: what they cost."),
    click.option("--y", metavar="METRIC", help="How good they are."),
    click.option("--group", metavar="PARAM", help="A param or tag by which runs are grouped."),
    click.option(
        "--marker",
        multiple=True,
        metavar="PARAM",
        help="Runs of a group that agree in it are averaged; may be repeated.",
    ),
    click.option("--replicate", metavar="PARAM", help="What averaged runs differ in, as a seed."),
    click.option(
        "--x-direction", type=DIRECTIONS, default="auto", help="Which x is good; auto: by its name."
    ),
    click.option(
        "--y-direction", type=DIRECTIONS, default="auto", help="Which y is good; auto: by its name."
    ),
    click.option("--filter", "condition", default="", help="In MLflow's filter language."),
    click.option(
        "--floor", type=_Number(), metavar="V", help="The best y; default: that of the runs."
    ),
    click.option("--floor-group", metavar="GROUP", help="Reaches the floor and is not compared."),
    click.option(
        "--null",
        type=_Number(),
        metavar="V",
        help="The y worth nothing; default: the worst.",
    ),
    click.option(
        "--total",
        type=_Number(),
        metavar="V",
        help="The x worth nothing; default: the worst.",
    ),
)


def comparing(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a comparison of any runs."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def asked(given: dict[str, Any]) -> dict[str, Any]:
    """What was given of these options: an empty text is nothing, as MLproject's defaults are."""
    marker = tuple(name for name in given["marker"] if name)
    kept = {
        name: value
        for name, value in given.items()
        if value not in (None, "", "auto") and name != "marker"
    }
    return kept | ({"marker": marker} if marker else {})


def folder_of(experiment: str) -> Path:
    """The folder of an experiment's report: its name, without what could lead elsewhere."""
    kept = "".join(
        sign if sign.isprintable() and sign not in '/\\:*?"<>|' else "-" for sign in experiment
    )
    short = kept.strip(" .-").encode()[:200].decode(errors="ignore").rstrip(" .-")
    return Path("reports") / f"{short or 'experiment'}-runs"
