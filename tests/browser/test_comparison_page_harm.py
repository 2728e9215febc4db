"""Names that others have written are texts, wherever they are shown."""

import csv
import io
from pathlib import Path
from xml.etree import ElementTree

import pytest
from page_opening import table
from page_store import HARM
from playwright.sync_api import expect

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture
def page(opener, served):
    return opener.open(
        experiment=served.harmful.experiment,
        x="size",
        y="error",
        group="params.group",
        marker="tags.comment",
        replicate="params.seed",
    )


def unharmed(page):
    # The name of the experiment is its title, as a text of no great length.
    title = page.title()
    assert title.endswith("– Pareto comparison")
    assert len(title) < 130
    assert page.locator("#page img, #page script, #page style").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_names_are_shown_as_they_are(page, served):
    stored = {served.client.get_run(run).data.params["group"] for run in served.harmful.ids}
    assert set(HARM) == stored
    assert set(page.locator(".legend-entry bdi").all_text_contents()) == stored
    assert {row[0] for row in table(page, "indices")} == stored
    rows = table(page, "runs")
    assert {row[3] for row in rows} == stored
    assert {row[4] for row in rows} == stored
    unharmed(page)
    markers = page.locator(".curves .marker")
    for marker in markers.all():
        box = marker.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        tip = page.locator(".plot-tooltip")
        expect(tip).to_be_visible()
        place, stage = tip.bounding_box(), page.locator(".pareto-stage").bounding_box()
        assert place["width"] <= stage["width"]
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= 1280
    page.locator(".pareto-stage").focus()
    for _ in HARM:
        page.keyboard.press("ArrowDown")
        assert len(page.locator(".plot-unseen").text_content()) < 600
    unharmed(page)


def test_names_in_forms_and_addresses(page, opener, served):
    button = page.locator(".legend-entry", has_text="document.title")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    page.get_by_label("Ordered by").select_option("area_axis")
    page.wait_for_url("**index=area_axis**")
    other = opener.open()
    other.goto(page.url)
    again = other.locator(".legend-entry", has_text="document.title")
    expect(again).to_have_attribute("aria-pressed", "false")
    unharmed(other)
    assert page.locator(".legend-entry").first.bounding_box()["width"] <= 260
    # Words in the address that name nothing there is, and such as mean harm.
    strange = opener.open()
    group = f"params.{HARM[0]}"
    chosen = {"experiment": served.harmful.experiment, "x": HARM[0], "y": HARM[3], "group": group}
    strange.goto(opener.address(**chosen, hide=HARM))
    expect(strange.locator(".empty")).to_have_text("No run has both metrics.")
    strange.get_by_role("button", name="As proposed").click()
    expect(strange.locator(".curves .marker")).to_have_count(5)
    unharmed(strange)


def test_names_in_files(page):
    def saved(button):
        with page.expect_download() as begun:
            page.get_by_role("button", name=button, exact=True).click()
        return begun.value.suggested_filename, Path(begun.value.path()).read_bytes()

    _, text = saved("Runs (CSV)")
    rows = list(csv.DictReader(io.StringIO(text.decode(), newline="")))
    assert {row["group"] for row in rows} == set(HARM)
    _, text = saved("Indices (CSV)")
    rows = list(csv.DictReader(io.StringIO(text.decode(), newline="")))
    assert {row["group"] for row in rows} == set(HARM)
    name, svg = saved("Picture (SVG)")
    assert name == "comparison.svg"
    kinds = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}
    assert not kinds & {"script", "img", "image", "foreignObject", "style"}
    assert saved("Picture (PNG)")[1].startswith(b"\x89PNG")
    unharmed(page)
