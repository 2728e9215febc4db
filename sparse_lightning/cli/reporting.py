"""The commands that report what was trained before."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sparse_lightning.cli import options
from sparse_lightning.cli.main import main
from sparse_lightning.cli.options import explained

if TYPE_CHECKING:
    from sparse_lightning.study import Study


@main.command("report")
@click.option(
    "--experiment", metavar="NAME", help="The newest study of this experiment or project."
)
@click.option("--study", "run_id", metavar="RUN", help="The study with this run id.")
@options.tracking_uri
@options.output
@explained
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
    conclude(study, folder)


def conclude(study: "Study", folder: Path) -> None:
    """End standard output with the table of groups and the report's path."""
    from sparse_lightning.report import print_indices

    view = study.view()
    print_indices(view.comparison, view.published)
    click.echo(f"report: {(folder / 'report.html').resolve()}")
