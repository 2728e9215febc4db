"""The documentation site as a reader has it, from the disk and without any network."""

import os
import subprocess
import sys

import pytest
from markdown_pages import ROOT
from page_opening import watch

pytestmark = [pytest.mark.slow, pytest.mark.long]

NARROW = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def reader(browser):
    """Opens pages without a network; whatever is asked of a host, or goes wrong, fails the test."""
    context = browser.new_context(offline=True, viewport=NARROW)
    page, problems = context.new_page(), []
    watch(page, problems)
    yield page
    context.close()
    assert problems == []


def test_every_page_opens_and_is_no_wider_than_a_phone(site, reader):
    pages = sorted(file for file in site.rglob("*.html") if file.name != "404.html")
    assert len(pages) > 25
    wide = []
    for file in pages:
        reader.goto(file.as_uri())
        assert reader.locator("article h1").count() == 1, file
        broken = "all => [...all].filter(image => !image.naturalWidth).map(image => image.src)"
        assert reader.locator("article img").evaluate_all(broken) == []
        if reader.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(file.relative_to(site))
    assert wide == []


def test_the_search_finds_a_regularizer(site, reader):
    reader.set_viewport_size({"width": 1280, "height": 900})
    reader.goto((site / "index.html").as_uri())
    reader.locator(".md-search__input").click()
    reader.keyboard.type("SelectiveL1")
    found = reader.locator(".md-search-result__link").first
    found.wait_for()
    assert "regularizers.html" in found.get_attribute("href")


def test_the_reference_shows_every_public_name_with_its_arguments(site, reader):
    import sparse_lightning as sl

    shown = set()
    for file in (site / "reference").rglob("*.html"):
        reader.goto(file.as_uri())
        shown |= set(reader.locator("h2[id], h3[id]").evaluate_all("all => all.map(one => one.id)"))
    assert {f"sparse_lightning.{name}" for name in sl.__all__} <= shown
