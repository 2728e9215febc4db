"""Command lines that nobody should type: an exit status of 0, 1 or 2, and never a traceback."""

import shutil
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hostile import CASES, ESCAPES, FORMATS, MARKUP, NUMERIC, in_time, texts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stored_studies import Stored
from studies import working_in

from sparse_lightning.cli import main
from sparse_lightning.errors import TrainingError

pytestmark = pytest.mark.long

WORDS = [
    *(
        *ESCAPES,
        *FORMATS,
        *MARKUP,
        *NUMERIC,
        "sae",
        "my.csv",
        "project.yaml",
        "wine",
        "L1",
        "1",
        "0",
    ),
    *("-1", "8,8", "a", "kind", "training.epochs=1", "network.units=[1000000000]", "name=../../x"),
    *("extends=x", "a.b.c=1", "=", "training=1", "table.source=/etc/passwd", "x=[", "--", "-h"),
]
STORES = [
    "",
    "nowhere/x.db",
    "sqlite:///missing/x.db",
    "sqlite:///mlflow.db",
    "ftp://x",
    "x://y",
    ":",
]
# What would start processes, wait for a network, or lead out of the sandbox by the user's own wish.
LEFT_OUT = {"--workers", "--scheduler", "--storage"}
FOLDERS = ["out", "my.csv", "out/deep", "a" * 300, "out\n", "<b>", "é", " ", "project.yaml/x"]


def commands(
    group: click.Group, above: tuple[str, ...] = ()
) -> dict[tuple[str, ...], click.Command]:
    found: dict[tuple[str, ...], click.Command] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= commands(command, (*above, name))
        else:
            found[*above, name] = command
    return found


TREE = commands(main)


@st.composite
def lines(draw: st.DrawFn, runs: list[str]) -> list[str]:
    """The words of a command line: a command, its arguments, some options, perhaps a stray word."""
    path = draw(st.sampled_from(sorted(TREE)))
    word = st.sampled_from([*WORDS, *runs]) | st.sampled_from(runs) | texts
    line = list(path)
    for parameter in TREE[path].params:
        if isinstance(parameter, click.Argument) and draw(st.integers(0, 9)):
            usual = "project.yaml" if parameter.name == "project" else "wine"
            line.append(draw(st.just(usual) | word))
        elif isinstance(parameter, click.Option) and not LEFT_OUT & {*parameter.opts}:
            if draw(st.integers(0, 2)) and not (parameter.required and draw(st.integers(0, 5))):
                continue
            line.append(parameter.opts[0])
            if parameter.opts[0] == "--output":
                line.append(draw(st.sampled_from(FOLDERS)))
            elif parameter.opts[0] == "--tracking-uri":
                line.append(draw(st.sampled_from(STORES)))
            elif not parameter.is_flag:
                choice = parameter.type
                usual = (
                    st.sampled_from(choice.choices) if isinstance(choice, click.Choice) else word
                )
                line.append(draw(usual | word))
    if not draw(st.integers(0, 9)):
        line.insert(draw(st.integers(0, len(line))), draw(word))
    # No system hands a NUL over.
    return [text.encode("utf-8", "replace").decode().replace("\0", "") for text in line]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, stored: dict[str, Stored]) -> Path:
    """A working folder with a finished study, in which nothing is trained any more."""
    folder = tmp_path_factory.mktemp("outside") / "work"
    shutil.copytree(stored["sae"].job.folder, folder)
    (folder / "project.yaml").write_text(
        "table: {source: my.csv, columns: [a, b]}\nnetwork: {units: [1]}\n"
        "training: {epochs: 1, seeds: [1]}\nregularizers: {groups: {L1: {}}}\n"
    )
    return folder


def tree(folder: Path) -> dict[Path, tuple[int, int]]:
    """Every file below a folder with its size and time, but for what lies in `work`."""
    found = [file for file in folder.rglob("*") if (folder / "work") not in (file, *file.parents)]
    return {file: (file.stat().st_size, file.stat().st_mtime_ns) for file in found}


@settings(
    max_examples=CASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_any_command_line_ends_with_a_status(place: Path, stored: dict[str, Stored], data: Any):
    study = stored["sae"].job.study
    line = data.draw(lines([study.run_id, *study.networks["run_id"][:2]]))

    def refuse(*_: Any, **__: Any) -> Any:
        raise TrainingError("nothing is trained here")

    with working_in(place), pytest.MonkeyPatch.context() as patch, in_time(60):
        patch.setattr("sparse_lightning.workflows.running.train_on", refuse)
        patch.setattr("sparse_lightning.search.searching.train_floor", refuse)
        patch.setattr("sparse_lightning.workflows.side_by_side.Processes", refuse)
        before = tree(place.parent)
        result = CliRunner().invoke(main, line)
    assert isinstance(result.exception, SystemExit | None), (line, result.exception)
    assert result.exit_code in (0, 1, 2), line
    assert "Traceback" not in result.output, line
    assert result.exit_code == 0 or result.stderr.strip(), line
    assert tree(place.parent) == before, line
