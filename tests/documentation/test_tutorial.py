"""The tutorial, carried out as it stands; `make gallery-images` keeps the pictures it makes."""

import os
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from markdown_pages import ROOT, Block, blocks_of
from server_processes import serving
from studies import working_in

pytestmark = [pytest.mark.slow, pytest.mark.long]

PAGE = ROOT / "docs" / "tutorial.md"
PICTURES = {
    "patients": "reports/patients/figures/pareto.png",
    "structure": "structure.png",
}


class Reader:
    """Types what the page shows: commands in a shell, Python in one session."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.names: dict[str, object] = {}

    def shell(self, commands: str) -> str:
        """What they print; they must succeed."""
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        kept = {name: text for name, text in os.environ.items() if not name.startswith("MLFLOW_")}
        done = subprocess.run(
            ["bash", "-e", "-c", commands],
            cwd=self.folder,
            env=kept | {"PATH": programs, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def python(self, block: Block) -> str:
        """What it prints."""
        with working_in(self.folder), redirect_stdout(StringIO()) as printed:
            exec(compile(block.text, str(block), "exec"), self.names)
        return printed.getvalue()


def test_the_way_from_a_csv_file_to_an_exported_model(tmp_path):
    reader = Reader(tmp_path)
    printed = shown = ""
    install, *blocks = blocks_of(PAGE)
    assert "pip install" in install.text  # `make wheel-check` goes this way
    for block in blocks:
        name, _, _ = block.text.removeprefix("# ").partition("\n")
        if block.language == "yaml" and name.endswith(".yaml"):
            (tmp_path / name).write_text(block.text)
        elif block.language == "python":
            printed = reader.python(block)
        elif block.text.startswith("mlflow server "):
            see_the_page(tmp_path, block.text.split()[2:])
        elif block.language == "sh":
            shown = reader.shell(block.text)
        elif "networks" in block.text:
            assert shown == block.text
        elif "share a code: " in block.text:
            assert ": what most of 5 seeds say" in printed
        elif "from ideal" in block.text:
            assert len(shown.splitlines()) == len(block.text.splitlines()) + 1  # and the path
        elif block.language == "text":
            assert printed.startswith("The network 10-6-10 has ")
    assert "registered: models:/patients/1" in shown
    for picture, file in PICTURES.items():
        assert (tmp_path / file).stat().st_size > 10_000
        if os.environ.get("KEEP_IMAGES"):
            shutil.copyfile(tmp_path / file, ROOT / f"docs/images/tutorial/{picture}.png")


def see_the_page(folder: Path, arguments: list[str]) -> None:
    """The study is on the page of the server that the page has just shown how to start."""
    with serving(folder, *arguments) as server:
        overview = server.get("sparse-lightning/api/overview").json()
    assert [study["name"] for study in overview["studies"]] == ["patients"]
