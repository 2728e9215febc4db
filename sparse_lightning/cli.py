"""The command line, `sparse-lightning …`; every MLproject entry point is one of its commands.

Heavy imports happen inside the commands, so that `--help` answers at once.
"""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

import click

from sparse_lightning import __version__
from sparse_lightning.errors import SparseLightningError

if TYPE_CHECKING:
    from sparse_lightning.study import Study


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sparse-lightning")
def main() -> None:
    """Compare sparsity regularizers on a table: train, track in MLflow, report Pareto curves.

    Exit status: 0 all went well, 1 a job failed, 2 a wrong option or bad input.
    """


def _explained(command: Callable[..., None]) -> Callable[..., None]:
    """End a command with a message and the exit status of its error, without a traceback."""

    @wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except SparseLightningError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(error.exit_status)
        except OSError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            click.echo("Interrupted: the study's run ends as KILLED.", err=True)
            sys.exit(130)

    return wrapper


_tracking_uri = click.option(
    "--tracking-uri", metavar="URI", help="MLflow store; default: as MLflow resolves it."
)
_output = click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of the report; default: reports/NAME.",
)
_set = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Set a field of the project file, as in training.epochs=50; may be repeated.",
)


@main.command("run")
@click.argument("project", type=click.Path(path_type=Path))
@_set
@_tracking_uri
@_output
@_explained
def run_command(
    project: Path, overrides: tuple[str, ...], tracking_uri: str | None, output: Path | None
) -> None:
    """Train, track and report the study of a project file."""
    from sparse_lightning.project import Project

    loaded = Project.load(project, overrides)

    from sparse_lightning.study import run
    from sparse_lightning.training.progress import terminal_progress

    progress = terminal_progress()
    try:
        study = run(loaded, tracking_uri, output, progress)
    finally:
        progress.close()
    _conclude(study, output or Path("reports") / loaded.name)


@main.command("report")
@click.option(
    "--experiment", metavar="NAME", help="The newest study of this experiment or project."
)
@click.option("--study", "run_id", metavar="RUN", help="The study with this run id.")
@_tracking_uri
@_output
@_explained
def report_command(
    experiment: str | None, run_id: str | None, tracking_uri: str | None, output: Path | None
) -> None:
    """Report a study again, from its tracked runs alone."""
    if bool(experiment) == bool(run_id):
        raise click.UsageError("give either --experiment NAME or --study RUN")
    from sparse_lightning.study import Study

    if run_id:
        study = Study.load(run_id, tracking_uri)
    else:
        study = Study.find(experiment or "", tracking_uri)
    folder = output or Path("reports") / study.project.name
    study.write_report(folder)
    _conclude(study, folder)


@main.command("check")
@click.argument("project", type=click.Path(path_type=Path))
@_set
@_explained
def check_command(project: Path, overrides: tuple[str, ...]) -> None:
    """Validate a project file and its table; train nothing."""
    from sparse_lightning.project import Project

    loaded = Project.load(project, overrides)

    from sparse_lightning.data.catalog import load_table
    from sparse_lightning.training.grid import replicas_of

    table = load_table(loaded.table, loaded.folder)
    rows, columns = table.frame.shape
    inputs = len(table.encoding.input_names)
    dropped = f"{table.rows_dropped} rows dropped"
    if table.rows_dropped:
        dropped += f" ({table.rows_missing} missing, {table.rows_rare} rare)"
    click.echo(f"{project}: {loaded.name}, {len(replicas_of(loaded))} networks")
    click.echo(f"{table.name}: {rows} rows, {columns} columns, {inputs} inputs, {dropped}")
    if table.target is not None:
        click.echo(f"target: {table.target.name}, {table.target.nunique()} classes")
    click.echo(", ".join(str(column) for column in table.frame.columns))


@main.group("data")
def data_group() -> None:
    """The packaged tables."""


@data_group.command("list")
@_explained
def data_list() -> None:
    """Name the packaged tables."""
    from sparse_lightning.data import catalog

    for name in catalog.names():
        table = catalog.describe(name)
        targets = f", targets {', '.join(table.targets)}" if table.targets else ""
        click.echo(
            f"{name}: {table.title}, {table.rows} rows, {len(table.columns)} columns, "
            f"{table.inputs} inputs{targets}"
        )


@data_group.command("show")
@click.argument("name")
@_explained
def data_show(name: str) -> None:
    """Tell columns, use, source and licence of a packaged table."""
    import yaml

    from sparse_lightning.data import catalog

    table = catalog.describe(name)
    click.echo(f"{table.title}\n{table.rows} rows, {len(table.columns)} columns")
    click.echo(f"columns: {', '.join(table.columns)}")
    if table.targets:
        click.echo(f"targets: {', '.join(table.targets)}")
    section = {"table": table.settings.model_dump(mode="json", exclude_defaults=True)}
    click.echo(f"in a project file, for {table.rows_used} rows and {table.inputs} inputs:")
    text = yaml.safe_dump(section, sort_keys=False, default_flow_style=None, width=100)
    click.echo(indent(text, "    "), nl=False)
    click.echo(f"source: {table.source}\nlicence: {table.licence}\ncite: {table.citation}")


def _conclude(study: "Study", folder: Path) -> None:
    """End standard output with the table of groups and the report's path."""
    from sparse_lightning.report import print_indices, published_values

    view = study.view()
    print_indices(view.comparison, published_values(view.task, view.dataset))
    click.echo(f"report: {(folder / 'report.html').resolve()}")


if __name__ == "__main__":
    main()
