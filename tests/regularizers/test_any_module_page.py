"""What docs/how-to/any-module.md shows runs as it stands there, from top to bottom."""

import logging

import pytest
from markdown_pages import ROOT, blocks_of

pytestmark = [pytest.mark.slow, pytest.mark.long]

PAGE = ROOT / "docs" / "how-to" / "any-module.md"


def test_the_examples_of_the_page_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logging.getLogger("pytorch_lightning"), "level", logging.ERROR)
    names = {}
    for block in blocks_of(PAGE, "python"):
        exec(compile(block.text, str(block), "exec"), names)
    assert 0 < names["left"] < 64 * 32 * 2 + 32 * 8 * 2
