"""What README and docs show exists: names, options, fields, entry points, targets and files."""

import ast
import re
import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest
import yaml
from markdown_pages import FENCED, PAGES, ROOT, all_blocks

import sparse_lightning as sl
from sparse_lightning.cli import main

SYNOPSIS = re.compile(r"[\[|…]| N\b| NAME\b")
"""Stands for several commands: brackets, alternatives, numbers to be filled in."""

TYPED = re.compile(r"^ {4}((?:sparse-lightning|mlflow run \.) [^#\n]*)", re.MULTILINE)
NAMED = re.compile(r"`((?:sparse-lightning|mlflow run \.) [^`]*)`")


def commands(program):
    """Commands in code, to be typed, and in sentences, where what they need may be left out."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", "  ")
        code = FENCED.sub(lambda block: re.sub("^", "    ", block.group(3), flags=re.M), text)
        for pattern, typed in ((TYPED, True), (NAMED, False)):
            for match in pattern.finditer(code):
                command = " ".join(match.group(1).split())
                if command.startswith(program):
                    found.append((page, command, typed))
    return [
        pytest.param(command, typed, id=f"{page.relative_to(ROOT)}: {command}")
        for page, command, typed in dict.fromkeys(found)
    ]


def words(node):
    return [inner for inner in ast.walk(node) if isinstance(inner, ast.Attribute)]


@pytest.mark.parametrize("block", all_blocks("python"), ids=str)
def test_python_compiles_and_uses_names_that_exist(block):
    tree = ast.parse(block.text, filename=str(block))
    for word in words(tree):
        if isinstance(word.value, ast.Name) and word.value.id == "sl":
            assert hasattr(sl, word.attr), f"{block}: sl.{word.attr}"
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("sparse_lightning"):
            for name in node.names:
                assert hasattr(import_module(str(node.module)), name.name), f"{block}: {name.name}"


@pytest.mark.parametrize(("command", "typed"), commands("sparse-lightning"))
def test_a_command_is_understood(command, typed):
    group, rest = main, shlex.split(re.sub(r"[\[\]…]", " ", command))[1:]
    while isinstance(group, click.Group) and (typed or rest):
        name, *others = rest.pop(0).split("|")
        assert {name, *others} <= set(group.commands), command
        group = group.commands[name]
    if SYNOPSIS.search(command) or not typed:
        options = {
            option
            for parameter in group.params
            for option in (*parameter.opts, *parameter.secondary_opts)
        }
        assert {word for word in rest if word.startswith("--")} <= options, command
    else:
        group.make_context(name, rest)


@pytest.mark.parametrize(("command", "typed"), commands("mlflow run ."))
def test_an_entry_point_and_its_parameters_are_in_mlproject(command, typed):
    entries = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]
    given = shlex.split(command)
    entry = given[given.index("-e") + 1] if "-e" in given else "main"
    if not typed and entry == "NAME":
        return  # any of them
    parameters = {
        given[place + 1].split("=")[0] for place, word in enumerate(given) if word == "-P"
    }
    assert parameters - {"…"} <= set(entries[entry].get("parameters", {})), command


@pytest.mark.parametrize("block", all_blocks("yaml"), ids=str)
def test_a_project_file_holds_known_fields(block):
    if "thrifty" in block.text:
        return  # tests/regularizers/test_installed_penalties.py installs this penalty
    fields = yaml.safe_load(block.text)
    fields.pop("extends", None)
    for section, needed in (("table", {"source": "my.csv"}), ("network", {"units": [8]})):
        fields[section] = needed | fields.get(section, {})
    sl.Project(**fields)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_targets_of_make_exist(page):
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"(?:`|^ *)make ([a-z][a-z0-9-]*)", page.read_text(), re.MULTILINE)
    assert set(named) <= targets


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")), ids=lambda page: page.name)
def test_files_that_a_page_of_the_repository_links_exist(page):
    # Of the pages in docs, and of what they link within pages, `make docs` sees to it.
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / Path(link)).exists()] == []
