"""The commands that show what is installed with the package: tables and documentation."""

from pathlib import Path
from textwrap import indent

import click

from sparse_lightning.cli.main import main
from sparse_lightning.cli.options import explained
from sparse_lightning.terminal import console, echo

PAGES = (
    "tutorial.md",
    "how-to/*.md",
    "method.md",
    "results.md",
    "understanding.md",
    "path-range.md",
    "speed.md",
    "reliability.md",
)
"""Those that say something without the program that builds the documentation."""


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


@main.command("docs")
@click.argument("page", required=False, metavar="[PAGE]")
@click.option("--path", is_flag=True, help="Tell only where the page's file is.")
@explained
def docs_command(page: str | None, path: bool) -> None:
    """Show a page of the documentation in the terminal, or name all of them."""
    files = pages()
    if page is None:
        width = max(map(len, files))
        for name, file in files.items():
            echo(f"{name:{width}}  {file if path else _title(file)}")
        return
    if page not in files:
        from sparse_lightning._text import did_you_mean
        from sparse_lightning.errors import InputError

        hint = did_you_mean(page, files)
        raise InputError(f"there is no page {page!r}{hint}; the pages are {', '.join(files)}")
    if path:
        echo(files[page])
        return
    from rich.markdown import Markdown

    screen = console()
    shown = Markdown(files[page].read_text(encoding="utf-8"), hyperlinks=False)
    if screen.is_terminal:
        with screen.pager(styles=True):
            screen.print(shown)
    else:
        screen.print(shown)


def pages() -> dict[str, Path]:
    """The files of the documentation by the names that the command takes.

    They are in the installed package, or in its repository.
    """
    package = Path(__file__).parents[1]
    folder = next(one for one in (package / "manual", package.parent / "docs") if one.is_dir())
    found = (file for pattern in PAGES for file in sorted(folder.glob(pattern)))
    return {file.stem: file for file in found if file.stem != "index"}


def _title(file: Path) -> str:
    first = file.read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("# ")
