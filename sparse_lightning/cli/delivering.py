"""The command that completes what a tracking store has not taken."""

from pathlib import Path

import click

from sparse_lightning.cli import options
from sparse_lightning.cli.main import main
from sparse_lightning.cli.options import explained
from sparse_lightning.cli.reporting import conclude
from sparse_lightning.terminal import echo


@main.command("deliver")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@options.tracking_uri
@explained
def deliver_command(folder: Path | None, tracking_uri: str | None) -> None:
    """Deliver to the tracking store what it has not taken, and complete its jobs.

    FOLDER is of one job or of several; default: `undelivered` in the working folder. Studies get
    their reports.
    """
    from sparse_lightning.workflows.delivering import deliver

    delivered = deliver(folder, tracking_uri)
    for job in delivered:
        echo(f"{job.name}: {job.records} records delivered to run {job.run_id}")
        if job.killed:
            echo(
                f"{job.name}: was broken off, so its run ended as killed and there is no report; "
                "the same command goes on from what it has kept"
            )
        if job.study is not None and job.report is not None:
            conclude(job.study, job.report)
    if not delivered:
        echo("nothing is undelivered")
