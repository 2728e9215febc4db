"""The commands that report what was trained before, by this package or by any tool."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sparse_lightning.cli import options
from sparse_lightning.cli.main import main
from sparse_lightning.cli.options import brief, explained
from sparse_lightning.terminal import console, echo

DIRECTIONS = click.Choice(["auto", "min", "max"])


class _Number(options.Number):
    """A finite number; nothing where the text is empty, as MLproject's defaults are."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(value, param, ctx) if str(value).strip() else None


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
    filled = {
        name: value
        for name, value in given.items()
        if value not in (None, "", "auto") and name != "marker"
    }
    return filled | ({"marker": marker} if marker else {})


def folder_of(experiment: str) -> Path:
    """The folder of an experiment's report: its name, without what could lead elsewhere."""
    harmless = "".join(
        sign if sign.isprintable() and sign not in '/\\:*?"<>|' else "-" for sign in experiment
    )
    short = harmless.strip(" .-").encode()[:200].decode(errors="ignore").rstrip(" .-")
    return Path("reports") / f"{short or 'experiment'}-runs"


if TYPE_CHECKING:
    from sparse_lightning.workflows import Study


@main.command("report")
@click.option(
    "--experiment",
    type=options.Text(),
    metavar="NAME",
    help="The newest study of this experiment or project.",
)
@click.option(
    "--study", "run_id", type=options.Text(), metavar="RUN", help="The study with this run id."
)
@comparing
@options.tracking_uri
@options.output
@explained
@brief
def report_command(
    experiment: str | None,
    run_id: str | None,
    tracking_uri: str | None,
    output: Path | None,
    **given: Any,
) -> None:
    """Report a study again, from its tracked runs alone, or compare the runs of any experiment.

    With one of the options from --x to --total, the runs of the experiment are compared whatever
    tool logged them; what is not given is chosen by what the runs have.
    """
    if bool(experiment) == bool(run_id):
        raise click.UsageError("give either --experiment NAME or --study RUN")
    wanted = asked(given)
    if wanted and not experiment:
        names = ", ".join(f"--{_option(name)}" for name in wanted)
        raise click.UsageError(f"{names}: goes with --experiment NAME, not with --study RUN")
    _end_abandoned(tracking_uri)
    if wanted and experiment:
        _report_runs(experiment, wanted, tracking_uri, output or folder_of(experiment))
        return
    from sparse_lightning.workflows import Study

    if run_id:
        study = Study.load(run_id, tracking_uri)
    else:
        study = Study.find(experiment or "", tracking_uri)
    folder = output or Path("reports") / study.project.name
    study.write_report(folder)
    conclude(study, folder)


@main.command("overview")
@click.argument("studies", nargs=-1, required=True, metavar="STUDY…")
@click.option("--title", metavar="TEXT", help="Of the page.")
@click.option(
    "--index",
    type=click.Choice(["area_marker", "area_axis", "hypervolume_gap"]),
    default="hypervolume_gap",
    show_default=True,
    help="The index that comes first.",
)
@options.tracking_uri
@options.output
@explained
@brief
def overview_command(
    studies: tuple[str, ...],
    title: str | None,
    index: str,
    tracking_uri: str | None,
    output: Path | None,
) -> None:
    """Put several tracked studies side by side on one page, group by group.

    A STUDY is the name of an experiment or project, or the id of a study's run; one argument may
    hold several, separated by commas.
    """
    import pandas as pd

    from sparse_lightning.report.tables import overview_table
    from sparse_lightning.workflows.overview import overview

    names = [name.strip() for name in ",".join(studies).split(",")]
    page = overview(names, tracking_uri, output, title, index)
    console().print(overview_table(pd.read_csv(page.with_suffix(".csv")), index))
    echo(f"report: {page.resolve()}")


def _end_abandoned(tracking_uri: str | None) -> None:
    """End the runs of processes that have died; who may only read the store reads on."""
    from sparse_lightning.errors import TrackingError
    from sparse_lightning.tracking import Store
    from sparse_lightning.tracking.owners import end_abandoned

    store = Store(tracking_uri, new=False)
    try:
        ended = end_abandoned(store)
    except TrackingError as error:
        echo(f"runs whose process has died may be left running: {error}", err=True)
        return
    if ended:
        echo(f"ended as KILLED, since their process has died: {', '.join(ended)}", err=True)


def _option(name: str) -> str:
    return {"condition": "filter"}.get(name, name.replace("_", "-"))


def _report_runs(
    experiment: str, wanted: dict[str, Any], tracking_uri: str | None, folder: Path
) -> None:
    from sparse_lightning.report import print_indices
    from sparse_lightning.tracking.axes import Request
    from sparse_lightning.workflows.experiment import report_experiment

    view = report_experiment(experiment, Request(**wanted), folder, tracking_uri)
    print_indices(view.comparison, replicate="replicate")
    for sentence in (*view.assumed, *view.left_out):
        echo(sentence, err=True)
    echo(f"report: {(folder / 'report.html').resolve()}")


def conclude(study: "Study", folder: Path) -> None:
    """End standard output with the answer, the table of groups and the report's path."""
    from sparse_lightning.report import print_indices
    from sparse_lightning.report.answer import answer

    view = study.view()
    for line in answer(view):
        echo(line)
    print_indices(view.comparison, view.published)
    echo(f"runs: {study.opening}", err=True)
    echo(f"report: {(folder / 'report.html').resolve()}")
