"""How the report of a study lies on the screen: the answer first, and not much to scroll."""

from pathlib import Path

import pytest
from markdown_pages import ROOT
from studies import Job

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="module")
def wine(make_job, tmp_path_factory) -> Job:
    """The red wine table as its own project has it, trained for a short time."""
    text = (ROOT / "projects" / "wine.yaml").read_text()
    quick = ("training.epochs=60", "training.seeds=[1, 2, 3]", "training.floor.max_cycles=2")
    strengths = "regularizers.l1_weights=[0.001, 0.01, 0.03, 0.06, 0.1, 0.2]"
    return make_job(
        tmp_path_factory.mktemp("wine"), f"name: wine\n{text}", *quick, strengths, drawn=True
    )


@pytest.fixture
def report(wine: Job) -> Path:
    return wine.report / "report.html"


def settled(page) -> None:
    """Wait until the curves are drawn and their frame is as high as they are."""
    page.frame_locator("iframe.page").locator(".curves .marker").first.wait_for()
    page.locator("iframe.page").evaluate(
        """async frame => {
            const inside = frame.contentDocument.body;
            while (Math.abs(frame.getBoundingClientRect().height - inside.scrollHeight) > 3)
                await new Promise(requestAnimationFrame);
        }"""
    )


def test_the_diagram_is_near_the_top_and_the_whole_is_short(visit, report):
    page = visit(report, viewport={"width": 1300, "height": 900}, bypass_csp=True)
    settled(page)
    assert page.evaluate("() => document.documentElement.scrollHeight") <= 3500
    diagram = page.get_by_role("img", name="Structure of").first.bounding_box()
    assert page.locator("iframe.page").bounding_box()["y"] < diagram["y"] <= 1600


def test_the_questions_come_in_their_order(visit, report):
    page = visit(report, viewport={"width": 1300, "height": 900}, bypass_csp=True)
    places = [heading.bounding_box()["y"] for heading in page.locator("h2").all()]
    assert places == sorted(places)
    assert page.locator("h2").all_text_contents()[-1] == "The rest"
    assert page.locator("table.choices tbody tr").count() <= 5
    assert page.locator("tr.recommended").count() == 1
    assert page.locator(".badge").count() == 3
    page.get_by_role("link", name="shown below").click()
    assert page.locator("#says").bounding_box()["y"] < 450


def test_a_network_of_the_table_is_looked_into_on_the_page(visit, report):
    page = visit(report, viewport={"width": 1300, "height": 900}, bypass_csp=True)
    page.get_by_role("link", name="look inside").first.click()
    inner = page.frame_locator("iframe.page")
    inner.get_by_role("slider", name="Threshold").wait_for()


@pytest.mark.parametrize("width", [375, 768, 1300, 1920])
def test_no_table_is_cut_off(visit, report, width):
    page = visit(report, viewport={"width": width, "height": 900}, bypass_csp=True)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    for name in ("choices", "groups", "bars"):
        table = page.locator(f"table.{name}").first.bounding_box()
        assert table["x"] >= 0
        assert table["x"] + table["width"] <= width
