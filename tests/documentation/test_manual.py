"""`sparse-lightning docs`: the pages that are installed with the package."""

import pytest
from click.testing import CliRunner
from markdown_pages import ROOT

from sparse_lightning.cli import main
from sparse_lightning.cli.packaged import pages


def said(*arguments, status=0):
    done = CliRunner().invoke(main, ["docs", *arguments])
    assert done.exit_code == status, done.output
    return done.output


def test_the_pages_are_listed_with_their_titles():
    lines = said().splitlines()
    assert lines[0].split(maxsplit=1) == [
        "tutorial",
        "Tutorial: from a CSV file to a network in words",
    ]
    assert len(lines) == len(pages())


def test_every_guide_is_a_page_that_can_be_shown():
    guides = {file.stem for file in (ROOT / "docs" / "how-to").glob("*.md")} - {"index"}
    assert guides < set(pages())
    for page in pages():
        assert len(said(page)) > 500


def test_a_file_is_named():
    assert said("export", "--path").strip() == str(ROOT / "docs" / "how-to" / "export.md")


@pytest.mark.parametrize("page", ["estimatrs", "index", "../README"])
def test_an_unknown_page_is_told_with_those_there_are(page):
    message = said(page, status=2)
    assert f"there is no page {page!r}" in message
    assert "the pages are tutorial, " in message
