"""The commands that train: the study of a project file, or one described by options."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sparse_lightning.cli import options
from sparse_lightning.cli.main import main
from sparse_lightning.cli.options import explained
from sparse_lightning.cli.reporting import conclude
from sparse_lightning.terminal import console, echo

if TYPE_CHECKING:
    from sparse_lightning.project import Project


@main.command("run")
@click.argument("project", type=click.Path(path_type=Path))
@options.cluster
@options.overrides
@options.tracking_uri
@options.output
@options.resume
@explained
def run_command(
    project: Path,
    workers: int | None,
    scheduler: str | None,
    overrides: tuple[str, ...],
    tracking_uri: str | None,
    output: Path | None,
    resume: bool,
) -> None:
    """Train, track and report the study of a project file.

    A study that was interrupted, even killed, goes on where it was.
    """
    options.one_cluster(workers, scheduler)
    from sparse_lightning.project import Project

    loaded = options.with_table(Project.load(project, overrides), project)
    _run(loaded, tracking_uri, output, resume, workers, scheduler)


def _numbers(_: click.Context, option: click.Parameter, text: str) -> list[int]:
    numbers = [options.whole_number(part) for part in text.split(",")]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        raise click.BadParameter(
            f"must be whole numbers separated by commas, as in 10,8, got {text!r}"
        )
    return known


_table = click.option(
    "--table",
    type=options.Text(),
    required=True,
    metavar="SOURCE",
    help="wine, ctg, census, or a file: CSV, TSV, Parquet, Feather, Excel.",
)
_units = click.option(
    "--units",
    default="8",
    show_default=True,
    metavar="N[,N…]",
    callback=_numbers,
    help="Hidden units of each greedy stage.",
)
_epochs = click.option(
    "--epochs",
    type=options.WholeOrAuto(),
    default="auto",
    show_default=True,
    help="Of each stage; auto: until the networks have settled.",
)
_name = click.option(
    "--name", type=options.Text(), help="Of the experiment; default: the table's name and the task."
)


def _described_options(command: Callable[..., None]) -> Callable[..., None]:
    """What every command takes that describes a study by options."""
    rest = (options.overrides, options.tracking_uri, options.output, options.resume, explained)
    for decorate in reversed((_epochs, _name, *rest)):
        command = decorate(command)
    return command


@main.command("sae")
@_table
@_units
@_described_options
def sae_command(table: str, units: list[int], **rest: Any) -> None:
    """Compare the regularizers on stacked autoencoders of a table."""
    _described("sae", {"source": table}, units, **rest)


@main.command("classifier")
@_table
@click.option(
    "--target", type=options.Text(), required=True, metavar="COLUMN", help="The column to predict."
)
@_units
@_described_options
def classifier_command(table: str, target: str, units: list[int], **rest: Any) -> None:
    """Compare the regularizers on classifiers of a table's rows."""
    _described("classifier", {"source": table, "target": target}, units, **rest)


@main.command("regressor")
@_table
@click.option(
    "--target",
    required=True,
    metavar="COLUMN[,COLUMN…]",
    callback=options.columns,
    help="The numbers to predict; a name that holds a comma in double quotes.",
)
@_units
@_described_options
def regressor_command(table: str, target: list[str], units: list[int], **rest: Any) -> None:
    """Compare the regularizers on networks that predict numbers."""
    _described("regressor", {"source": table, "target": target}, units, **rest)


@main.command("pca")
@_table
@click.option("--components", type=options.Whole(), default=10, show_default=True, help="How many.")
@_described_options
def pca_command(table: str, components: int, **rest: Any) -> None:
    """Compare the regularizers on principal components of a table."""
    _described("pca", {"source": table}, [components], **rest)


@main.command("table1")
@click.option("--own-range", is_flag=True, help="Each group at its own best range of λ.")
@click.option("--quick", is_flag=True, help="A few epochs and two seeds, to see that it runs.")
@click.option(
    "--jobs",
    type=options.Whole(min=1),
    metavar="N",
    help="Train N columns at a time; default: one a core, or on a GPU one.",
)
@options.tracking_uri
@options.output
@options.resume
@explained
def table1_command(
    own_range: bool,
    quick: bool,
    jobs: int | None,
    tracking_uri: str | None,
    output: Path | None,
    resume: bool,
) -> None:
    """Train and report the six columns of the publication's table 1."""
    import pandas as pd

    from sparse_lightning.report.tables import overview_table
    from sparse_lightning.training.progress import terminal_progress
    from sparse_lightning.workflows.table1 import table1

    progress = terminal_progress()
    try:
        page = table1(tracking_uri, output, quick, progress, own_range, fresh=not resume, jobs=jobs)
    finally:
        progress.close()
    index = "hypervolume_gap" if own_range else "area_marker"
    console().print(overview_table(pd.read_csv(page.with_suffix(".csv")), index))
    echo(f"report: {page.resolve()}")


def _described(
    task: str,
    table: dict[str, Any],
    units: list[int],
    epochs: int | str,
    name: str | None,
    overrides: tuple[str, ...],
    tracking_uri: str | None,
    output: Path | None,
    resume: bool,
) -> None:
    import json

    from sparse_lightning.project import Project

    stem = Path(table["source"]).name.split(".")[0] or "table"
    fields = {
        "name": name or f"{stem}-{task}",
        "task": task,
        "table": table,
        "network": {"units": units},
        "training": {"epochs": epochs},
    }
    # JSON is YAML, and quotes whatever a name holds.
    project = Project.parse(json.dumps(fields), overrides, origin=f"sparse-lightning {task}")
    _run(project, tracking_uri, output, resume)


def _run(
    project: "Project",
    tracking_uri: str | None,
    output: Path | None,
    resume: bool,
    workers: int | None = None,
    scheduler: str | None = None,
) -> None:
    from sparse_lightning.training.executors import cluster_of
    from sparse_lightning.training.progress import terminal_progress
    from sparse_lightning.workflows import run

    progress = terminal_progress()
    try:
        with cluster_of(workers, scheduler) as cluster:
            study = run(project, tracking_uri, output, progress, cluster=cluster, fresh=not resume)
    finally:
        progress.close()
    conclude(study, output or Path("reports") / project.name)
