"""The wheel as a new user has it: described, installed and used in the README's very commands."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import pytest
import requests
from markdown_pages import ROOT, blocks_of
from readme_renderer import markdown
from sklearn.datasets import load_wine

from sparse_lightning import __version__

pytestmark = [pytest.mark.wheel, pytest.mark.slow, pytest.mark.long]

WHEELS = ROOT / "build/wheels"
"""What the locks name, verified by its hashes: `make wheel-check` has put it there."""
WHEEL = ROOT / "dist" / f"sparse_lightning-{__version__}-py3-none-any.whl"
DEADLINE = 1500
"""Seconds for all commands; an unloaded machine takes a small part of them."""


@pytest.fixture(scope="module")
def metadata():
    with ZipFile(WHEEL) as wheel:
        name = next(one for one in wheel.namelist() if one.endswith(".dist-info/METADATA"))
        return HeaderParser().parsestr(wheel.read(name).decode())


def test_the_description_renders_and_links_nothing_that_is_not_there(metadata):
    text = metadata.get_payload()
    assert metadata["Description-Content-Type"] == "text/markdown"
    html = markdown.render(text)
    assert html is not None
    assert re.findall(r'(?:src|href)="(?!https?://|#)[^"]*"', html) == []
    assert "<img" not in html
    assert "--8<--" not in text
    assert "sparse-lightning run my_study.yaml" in text


def test_the_licences_of_all_that_is_in_the_wheel_are_named(metadata):
    libraries = (ROOT / "sparse_lightning/page/built/licenses.md").read_text()
    named = set(re.findall(r"^## .* \(([\w.-]+)\)$", libraries, re.MULTILINE))
    assert named | {"Apache-2.0", "CC-BY-4.0"} == set(metadata["License-Expression"].split(" AND "))
    with ZipFile(WHEEL) as wheel:
        files = set(wheel.namelist())
    for file in metadata.get_all("License-File"):
        assert f"sparse_lightning-{__version__}.dist-info/licenses/{file}" in files


def test_the_documentation_is_in_the_wheel():
    with ZipFile(WHEEL) as wheel:
        files = {
            file.removeprefix("sparse_lightning/manual/")
            for file in wheel.namelist()
            if file.startswith("sparse_lightning/manual/")
        }
    guides = {f"how-to/{file.name}" for file in (ROOT / "docs/how-to").glob("*.md")}
    pages = ("tutorial", "method", "results", "speed", "reliability")
    pages += ("understanding", "path-range")
    assert files == guides | {f"{page}.md" for page in pages}


def test_a_new_user_gets_from_the_wheel_to_the_page_by_the_commands_of_the_readme(tmp_path):
    project, commands = (next(blocks_of(ROOT / "README.md", kind)).text for kind in ("yaml", "sh"))
    assert len(commands.splitlines()) <= 5
    shutil.copy(WHEEL, tmp_path)
    (tmp_path / "my_study.yaml").write_text(project)
    load_wine(as_frame=True).data.to_csv(tmp_path / "my.csv", index=False)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["bash", "-e", "-c", commands],
            cwd=tmp_path,
            env=settings_of_a_new_user() | {"MLFLOW_PORT": str(port)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            overview = first_answer(process, log, f"http://127.0.0.1:{port}/sparse-lightning/")
            asked = subprocess.run(
                [tmp_path / "venv/bin/sparse-lightning", "docs", "tutorial", "--path"],
                cwd=tmp_path,
                env=settings_of_a_new_user(),
                capture_output=True,
                text=True,
                check=True,
            )
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)
    assert [study["name"] for study in overview["studies"]] == ["my_study"]
    assert (tmp_path / "reports/my_study/report.html").is_file()
    assert Path(asked.stdout.strip()).is_relative_to(tmp_path / "venv")


def settings_of_a_new_user():
    """An environment that knows nothing of this repository, with an index of verified files."""
    foreign = {"PYTHONPATH", "VIRTUAL_ENV", "PIP_CONSTRAINT"}
    kept = {
        name: text
        for name, text in os.environ.items()
        if name not in foreign and not name.startswith("MLFLOW_")
    }
    own = {Path(sys.prefix) / "bin", ROOT / ".venv/bin"}
    programs = [one for one in os.environ["PATH"].split(os.pathsep) if Path(one) not in own]
    return kept | {
        "PATH": os.pathsep.join([str(Path(sys.base_prefix) / "bin"), *programs]),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": WHEELS.as_uri(),
    }


def first_answer(process, log, page):
    """What there is to choose from on the page, as soon as it is served."""
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            answer = requests.get(f"{page}api/overview", timeout=60)
            answer.raise_for_status()
            return answer.json()
        except requests.ConnectionError:
            time.sleep(0.5)
    raise AssertionError(f"no page after {DEADLINE} seconds:\n{log.read_text()}")
