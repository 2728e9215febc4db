import re

import numpy as np
import pytest
from studies import GROUPS, HOSTILE

from sparse_lightning.interpret.diagram import structure_html
from sparse_lightning.interpret.structure import Structure
from sparse_lightning.report.ranking import ranking

pytestmark = pytest.mark.slow


@pytest.fixture
def page(visit, wine_job):
    # Waiting for a function evaluates text, which the page's own policy rightly forbids.
    size = {"width": 1200, "height": 900}
    return visit(wine_job.report / "report.html", viewport=size, bypass_csp=True)


@pytest.fixture
def inner(page):
    """The comparison page within the report."""
    return page.frame_locator("iframe.page")


def test_the_page_opens_offline_with_all_groups(page, inner, wine_job):
    assert page.title() == "wine-small – sparse-lightning"
    assert inner.locator(".legend-entry bdi").all_text_contents() == ["unregularized", *GROUPS]
    table = page.locator("table.groups tbody th").all_text_contents()
    assert [name.strip() for name in table] == [
        one.group for one in ranking(wine_job.study.comparison)
    ]


def frame_box(page):
    """Top and height of the frame within the window, in CSS pixels."""
    return page.locator("iframe.page").evaluate(
        "frame => { const box = frame.getBoundingClientRect(); return [box.top, box.height]; }"
    )


def press_marker(page, inner, number):
    marker = inner.locator(".curves .marker").nth(number)
    marker.scroll_into_view_if_needed()
    box = marker.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_the_frame_holds_the_curves_alone_until_more_is_asked_for(page, inner):
    """The report has the answer, the groups and the rest itself."""
    assert inner.locator("table, select[aria-label=Language], .brush-fields").count() == 0
    assert inner.get_by_role("combobox", name="Light or dark").count() == 0
    _, height = frame_box(page)
    assert 400 < height < 720
    inner.get_by_text("Axes, region, files and runs").click()
    inner.get_by_role("heading", name="Selected runs").wait_for()
    page.locator("iframe.page").evaluate(
        """async frame => {
            const inside = frame.contentDocument.body;
            while (Math.abs(frame.getBoundingClientRect().height - inside.scrollHeight) > 3)
                await new Promise(requestAnimationFrame);
        }"""
    )
    assert frame_box(page)[1] > height + 300


def test_a_marker_opens_its_network_in_sight(page, inner):
    panels = inner.locator("article.network")
    for count, number in enumerate((0, 5), start=1):
        press_marker(page, inner, number)
        panels.nth(count - 1).locator(".unit").first.wait_for()
        inner.locator(".shown:focus").nth(0).wait_for()
        inner.locator(f".opened > g:nth-child({count})").wait_for()
        box = inner.locator(".shown").nth(count - 1).bounding_box()
        assert -2 <= box["y"] <= 60
    slider = panels.first.get_by_role("slider", name="Threshold")
    assert slider.is_visible()
    # A shared address leads to the networks it names.
    page.reload()
    inner.locator(".shown:focus .unit").first.wait_for()
    assert -2 <= inner.locator(".shown:focus").bounding_box()["y"] <= 60
    for _ in range(2):
        panels.first.get_by_role("button", name="Close").click()
    assert panels.count() == 0


def test_every_marker_opens_something(page, inner, wine_job):
    held = wine_job.study.view().page()["networks"]
    markers = inner.locator(".curves .marker")
    assert len(held) >= markers.count() == 12
    for number in range(markers.count()):
        press_marker(page, inner, number)
        inner.locator("article.network .unit").first.wait_for()
        inner.locator(".shown:focus").wait_for()


def test_the_view_is_in_the_address_of_the_report(page, inner):
    entry = inner.get_by_role("button", name="sL1+KL")
    entry.click()
    page.wait_for_url("**#hide=sL1%2BKL")
    page.locator(".groups a[href='#area_marker']").click()
    assert page.url.endswith("#area_marker")
    page.get_by_text("Curves over different ranges of x").wait_for()  # what was closed is open
    assert entry.get_attribute("aria-pressed") == "false"


def test_hostile_names_are_text(visit, odd_job):
    page = visit(odd_job.report / "report.html")
    inner = page.frame_locator("iframe.page")
    assert page.locator("h1").text_content() == HOSTILE
    assert page.locator("main img:not([src^='data:image/svg+xml'])").count() == 0
    assert HOSTILE in inner.locator(".legend-entry bdi").all_text_contents()
    assert inner.locator("img").count() == 0


@pytest.mark.parametrize("job", ["wine_job", "odd_job"])
def test_nothing_is_wider_than_a_telephone(visit, request, job):
    report = request.getfixturevalue(job).report / "report.html"
    page = visit(report, viewport={"width": 360, "height": 740})
    for details in page.locator("details").all():
        details.evaluate("element => { element.open = true; }")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360


def test_the_page_follows_a_dark_scheme(page, inner):
    brightness = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        inner.locator(f"html[data-theme={scheme}]").wait_for()
        for name, place in (("report", page), ("page", inner)):
            colours = place.locator("body").evaluate(
                "body => [getComputedStyle(body).backgroundColor, getComputedStyle(body).color]"
            )
            brightness[name, scheme] = [
                sum(map(int, re.findall(r"\d+", text)[:3])) for text in colours
            ]
    for name in ("report", "page"):
        assert brightness[name, "light"][0] > 600 > 200 > brightness[name, "light"][1]
        assert brightness[name, "dark"][0] < 200 < 500 < brightness[name, "dark"][1]


def test_links_beside_the_page_lead_to_its_files(page, wine_job):
    links = page.locator("footer a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert len(links) == 6
    assert all((wine_job.report / link).is_file() for link in links)


def test_components_are_a_picture_within_the_page(visit, components_job):
    page = visit(components_job.report / "report.html", viewport={"width": 360, "height": 740})
    page.get_by_text("Components", exact=True).click()
    picture = page.get_by_role("img", name="Contribution against loadings")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 600")
    assert picture.bounding_box()["width"] <= 360


def test_a_network_in_a_file_of_its_own_is_looked_into(visit, tmp_path):
    weight = np.array([[2.0, 0.5, 0.0], [0.0, 0.0, 1.0]])
    structure = Structure.of([weight, weight.T], [HOSTILE, "b", "c"], threshold=0)
    file = tmp_path / "structure.html"
    file.write_text(structure_html(structure, HOSTILE))
    page = visit(file, viewport={"width": 1000, "height": 800})
    assert page.title() == page.get_by_role("heading", level=2).text_content() == HOSTILE
    assert page.locator(".diagram .unit").count() == 3 + 2 + 3
    assert page.get_by_text("6 of 12 connections").count() == 1
    threshold = page.get_by_label("Threshold, exactly")
    threshold.fill("0.7")
    threshold.press("Enter")
    page.get_by_text("4 of 12 connections").wait_for()
    page.get_by_label("Language").select_option("ja")
    page.get_by_text("構造").first.wait_for()
    assert page.get_by_role("button", name="閉じる").count() == 0
