"""The command that searches for the groups' best strengths."""

import json
from pathlib import Path

import click

from sparse_lightning.cli import options
from sparse_lightning.cli.main import main
from sparse_lightning.cli.options import explained
from sparse_lightning.terminal import console, echo


@main.command("search")
@click.argument("project", type=click.Path(path_type=Path))
@click.option(
    "--trials", type=options.Whole(min=1), metavar="N", help="Of each group; sets search.trials."
)
@click.option(
    "--storage",
    type=options.Text(),
    metavar="URL",
    envvar="SPARSE_LIGHTNING_STORAGE",
    help="Where the search keeps its state; sets search.storage.",
)
@click.option(
    "--group",
    "groups",
    type=options.Text(),
    multiple=True,
    metavar="G",
    help="Only this group; may be repeated.",
)
@click.option("--fresh", is_flag=True, help="Begin anew, and forget the trials there are.")
@click.option(
    "--compare/--no-compare",
    default=True,
    help="Whether the groups are compared at their best settings on fresh seeds afterwards.",
)
@options.cluster
@options.overrides
@options.tracking_uri
@options.output
@explained
def search_command(
    project: Path,
    trials: int | None,
    storage: str | None,
    groups: tuple[str, ...],
    fresh: bool,
    compare: bool,
    workers: int | None,
    scheduler: str | None,
    overrides: tuple[str, ...],
    tracking_uri: str | None,
    output: Path | None,
) -> None:
    """Search for each group's best strengths, then compare the groups there.

    All groups get the same number of trials. A search that was interrupted goes on where it was.
    """
    options.one_cluster(workers, scheduler)
    from sparse_lightning.project import Project

    given = {"trials": trials, "storage": storage}
    settings = [
        f"search.{field}={json.dumps(value)}" for field, value in given.items() if value is not None
    ]
    loaded = options.with_table(Project.load(project, [*overrides, *settings]), project)

    from sparse_lightning.report.tables import search_table
    from sparse_lightning.training.progress import terminal_progress
    from sparse_lightning.workflows.searching import search_strengths

    progress = terminal_progress()
    try:
        searched = search_strengths(
            loaded, tracking_uri, output, progress, groups, fresh, compare, workers, scheduler
        )
    except KeyboardInterrupt as error:
        where = f"the trials are kept in {loaded.search.storage}"
        raise KeyboardInterrupt(f"{where}; the same command goes on from there") from error
    finally:
        progress.close()
    objective = loaded.search.objective
    console().print(search_table(searched.scores, objective, loaded.report.confidence))
    if searched.result.unfinished:
        echo(f"{searched.result.unfinished} trials are in the hands of other processes")
    if searched.study is not None:
        folder = output or Path("reports") / searched.study.project.name
        echo(f"report: {(folder / 'report.html').resolve()}")
