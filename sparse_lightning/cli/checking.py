"""The commands that look at a table and train nothing: `check` and `init`."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sparse_lightning.cli import options
from sparse_lightning.cli.main import main
from sparse_lightning.cli.options import explained
from sparse_lightning.terminal import echo

if TYPE_CHECKING:
    from sparse_lightning.data.table import Table
    from sparse_lightning.project import Project
    from sparse_lightning.project.types import Settings


@main.command("check")
@click.argument("project", type=click.Path(path_type=Path))
@options.overrides
@explained
def check_command(project: Path, overrides: tuple[str, ...]) -> None:
    """Validate a project file, its table and the accelerator; train nothing.

    It says what is made of every column, and how to change it.
    """
    from sparse_lightning.project import Project

    loaded = options.with_table(Project.load(project, overrides), project)

    from sparse_lightning.project.messages import show_name
    from sparse_lightning.training.grid import network_count
    from sparse_lightning.training.preparing import prepare

    table = prepare(loaded).table
    rows, columns = table.frame.shape
    inputs = len(table.encoding.input_names)
    dropped = f"{table.rows_dropped} rows dropped"
    if table.rows_dropped:
        dropped += f" ({table.rows_missing} missing, {table.rows_rare} rare)"
    echo(f"{project}: {loaded.name}, {network_count(loaded)} networks")
    echo(f"{table.name}: {rows} rows, {columns} columns, {inputs} inputs, {dropped}")
    if table.reading:
        echo(f"read as: {table.reading}")
    if table.target is not None:
        echo(f"target: {table.target.name}, {table.target.nunique()} classes")
    if table.numbers is not None:
        echo(f"target: {', '.join(show_name(str(name)) for name in table.numbers)}, numbers")
    echo(_parts(table))
    for line in _lines(table):
        echo(line)
    echo("the same as a project file says it, to be changed there:")
    echo(_as_yaml(table))


UNITS = 8
"""Hidden units, or components, of a project file that is written."""


@main.command("init")
@click.argument("table", type=options.Text())
@click.option(
    "--task",
    type=click.Choice(["sae", "classifier", "regressor", "pca"]),
    help="Default: classifier with a target of classes, regressor with numbers, else sae.",
)
@click.option(
    "--target",
    metavar="COLUMN[,COLUMN…]",
    callback=options.columns,
    help="The column to predict, or several of numbers; a name with a comma in double quotes.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Default: the table's name and .yaml; a file that is there is never replaced.",
)
@explained
def init_command(
    table: str, task: str | None, target: list[str] | None, output: Path | None
) -> None:
    """Write a project file for a table, with what was found in it; then edit and `run` it."""
    from sparse_lightning._files import write_atomically
    from sparse_lightning.errors import InputError
    from sparse_lightning.project import Project
    from sparse_lightning.training.preparing import prepare

    file = output or Path(f"{Path(table).name.split('.')[0] or 'table'}.yaml")
    if file.exists():
        raise InputError(f"{file} is there already: name another with --output, or delete it")
    source: dict[str, Any] = {"source": table}
    if target is not None:
        source["target"] = target[0] if len(target) == 1 else target
    task = task or _task(source, target)

    def project_of(units: int) -> Project:
        return Project(name=file.stem, task=task, table=source, network={"units": [units]})

    # There are as many components as inputs, at most.
    found = prepare(project_of(1 if task == "pca" else UNITS)).table
    inputs = len(found.encoding.input_names)
    project = project_of(min(UNITS, inputs) if task == "pca" else UNITS)
    write_atomically(file, _commented(project, found, file).encode())
    echo(f"{file}: {len(found.readings)} columns; next: sparse-lightning run {file}")


def _task(source: dict[str, Any], target: list[str] | None) -> str:
    """The task that the target is for: several columns, or one that measures, are numbers."""
    from sparse_lightning.data.catalog import has_measures
    from sparse_lightning.project import Project

    if target is None:
        return "sae"
    if len(target) > 1:
        return "regressor"
    # A whole project, so that what is wrong with the table's address is said as in a project file.
    table = Project(name="t", task="classifier", table=source, network={"units": [1]}).table
    measures = has_measures(table, Path())
    return "regressor" if measures else "classifier"


def _parts(table: "Table") -> str:
    """How many rows train, choose and judge."""
    from sparse_lightning.data.examples import PARTS

    parts = table.split.parts
    if parts is None:
        folds = table.split.folds
        return f"rows: all train{f', judged in {folds} folds' if folds else ''}"
    counts = {name: int((parts == number).sum()) for name, number in PARTS.items()}
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return f"rows: {len(parts) - sum(counts.values())} training, {told}"


def _lines(table: "Table") -> Iterator[str]:
    """One line a column: what it is, how many inputs it became, and why."""
    from sparse_lightning._text import counted
    from sparse_lightning.project.messages import show_name

    names = [show_name(one.name) for one in table.readings]
    width = min(40, max(map(len, names), default=0))
    for name, one in zip(names, table.readings, strict=True):
        inputs = f", {counted(one.inputs, 'input')}" if one.inputs > 1 else ""
        missing = f", {one.missing} missing" if one.missing else ""
        yield f"  {name:{width}}  {one.kind}{inputs}{missing}{f': {one.why}' if one.why else ''}"


def _as_yaml(table: "Table") -> str:
    """What `table.columns` says to have the same again."""
    pins = {one.name: one.pin for one in table.readings if one.kind != "recoded"}
    lines = [f"    {_quoted(name)}: {_pin(pin)}" for name, pin in pins.items()]
    return "\n".join(["table:", "  columns:", *lines])


def _quoted(name: str) -> str:
    """A name as YAML reads it, in quotes unless it is a plain word."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_ ]*[A-Za-z0-9_]", name)
    switches = ("yes", "no", "on", "off", "true", "false", "null")
    if plain and len(name) < 100 and name.lower() not in switches:
        return name
    return json.dumps(name, ensure_ascii=not name.isprintable())


def _pin(pin: "str | dict[str, str | list[str]]") -> str:
    if isinstance(pin, str):
        return pin
    ((field, value),) = pin.items()
    if isinstance(value, str):
        return f"{{{field}: {json.dumps(value, ensure_ascii=False)}}}"
    return f"{{{field}: [{', '.join(map(_quoted, value))}]}}"


def _commented(project: "Project", table: "Table", file: Path) -> str:
    """A project file with what was found in the table beside it."""
    from sparse_lightning.project.messages import show_name

    settings = project.table
    rows = len(table.frame)
    lines = [
        f"# {rows} rows, {len(table.readings)} columns, {len(table.encoding.input_names)} inputs;",
        f"# sparse-lightning check {show_name(file.name)} says it again, run trains.",
        f"task: {project.task}",
        "table:",
        f"  source: {json.dumps(_source(settings.source, file), ensure_ascii=False)}",
    ]
    if settings.target is not None:
        names = settings.targets
        shown = names[0] if len(names) == 1 else list(names)
        lines.append(f"  target: {json.dumps(shown, ensure_ascii=False)}")
    lines.append("  # number, text (names of things), date, leave_out, {ordered: [low, high]}")
    whys = {one.name: one.why for one in table.readings}
    pinned = _as_yaml(table).split("\n")[1:]
    names = [one.name for one in table.readings if one.kind != "recoded"]
    lines.append(pinned[0])
    for line, name in zip(pinned[1:], names, strict=True):
        why = " ".join(whys[name].split())
        lines.append(f"{line}  # {why}" if why else line)
    lines += ["network:", f"  units: {list(project.network.units)}  # hidden units"]
    return "\n".join([*lines, *_other_defaults(project), ""])


def _other_defaults(project: "Project") -> Iterator[str]:
    """Fields that a project file may leave out and that are changed most, as comments."""
    training, evaluation = project.training, project.evaluation
    yield "# Other fields have defaults, such as these; to change one, take away the # before it:"
    yield _default("training", training, ("epochs", "resample", "refit", "seeds"))
    weights = f"l1_weights: {_in_line(project.regularizers.l1_weights)}"
    yield f"# regularizers: {{{weights}, groups: default}}  # or published, or a mapping of groups"
    yield _default("evaluation", evaluation, ("validation", "test", "folds"))
    yield "# validation rows choose among the networks, test rows judge what was chosen."


def _default(section: str, settings: "Settings", fields: Sequence[str]) -> str:
    shown = (f"{field}: {_in_line(getattr(settings, field))}" for field in fields)
    return f"# {section}: {{{', '.join(shown)}}}"


def _in_line(value: object) -> str:
    """A switch, number, word or list as YAML in a line."""
    return value if isinstance(value, str) else json.dumps(value)


def _source(source: str, file: Path) -> str:
    """The table as a project file names it: relative paths start at the folder of that file."""
    from sparse_lightning.data.catalog import PACKAGED

    if source in PACKAGED or Path(source).is_absolute():
        return source
    return os.path.relpath(source, file.parent)
