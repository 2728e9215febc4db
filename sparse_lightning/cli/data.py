"""The commands about packaged tables."""

from textwrap import indent

import click

from sparse_lightning.cli.main import main
from sparse_lightning.cli.options import explained
from sparse_lightning.terminal import echo


@main.group("data")
def data_group() -> None:
    """The packaged tables."""


@data_group.command("list")
@explained
def data_list() -> None:
    """Name the packaged tables."""
    from sparse_lightning.data import catalog

    for name in catalog.names():
        table = catalog.describe(name)
        targets = f", targets {', '.join(table.targets)}" if table.targets else ""
        echo(
            f"{name}: {table.title}, {table.rows} rows, {len(table.columns)} columns, "
            f"{table.inputs} inputs{targets}"
        )


@data_group.command("show")
@click.argument("name")
@explained
def data_show(name: str) -> None:
    """Tell columns, use, source and licence of a packaged table."""
    import yaml

    from sparse_lightning.data import catalog

    table = catalog.describe(name)
    echo(f"{table.title}\n{table.rows} rows, {len(table.columns)} columns")
    echo(f"columns: {', '.join(table.columns)}")
    if table.targets:
        echo(f"targets: {', '.join(table.targets)}")
    section = {"table": table.settings.model_dump(mode="json", exclude_defaults=True)}
    echo(f"in a project file, for {table.rows_used} rows and {table.inputs} inputs:")
    text = yaml.safe_dump(section, sort_keys=False, default_flow_style=None, width=100)
    echo(indent(text, "    "), nl=False)
    echo(f"source: {table.source}\nlicence: {table.licence}\ncite: {table.citation}")
