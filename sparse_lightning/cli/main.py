"""The command `sparse-lightning`, of which all others are parts."""

import click

from sparse_lightning import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sparse-lightning")
def main() -> None:
    """Compare sparsity regularizers on a table: train, track in MLflow, report Pareto curves.

    Exit status: 0 all went well, 1 a job failed, 2 a wrong option or bad input.
    """
