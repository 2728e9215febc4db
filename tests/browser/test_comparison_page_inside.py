"""Looking into networks."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture
def network(served):
    return served.network("sL1+sh")


@pytest.fixture
def page(opener, served, network):
    page = opener.open(study=served.study, open=network)
    page.locator(".diagram .unit").first.wait_for()
    return page


def test_the_whole_network_is_shown(page, served, network):
    detail = served.document(f"networks/{network}")
    panel = page.locator("article.network")
    expect(panel.get_by_role("heading", level=2)).to_have_text(detail["name"])
    expect(panel.locator(".unit")).to_have_count(12 + 4 + 12)
    labels = "all => all.map(text => text.lastChild.textContent)"
    names = panel.locator(".labels text").evaluate_all(labels)
    assert sorted(names) == sorted(2 * [variable["name"] for variable in detail["variables"]])
    sentences = panel.locator(".in-words li").all_text_contents()
    count = detail["connections"]
    assert sentences[0] == (
        f"The network 12-4-12 has {count} connections that count (|w| > {detail['threshold']})."
    )
    assert len(sentences) > 2
    losses = panel.locator(".losses tbody tr")
    expect(losses).to_have_count(12)
    shown = [float(row.locator("td").nth(1).text_content()) for row in losses.all()]
    assert shown == sorted(shown)
    assert shown == pytest.approx(sorted(row["loss"] for row in detail["losses"]), rel=6e-3)
    history = served.document(f"networks/{network}/history")["metrics"]
    drawn = [name for name, course in history.items() if len(course["steps"]) > 1]
    assert drawn
    charts = panel.locator(".course-charts .line-chart")
    assert charts.locator("bdi").all_text_contents() == drawn
    assert "M" in (charts.first.locator(".course").get_attribute("d") or "")


def test_the_threshold_changes_connections_and_error_as_tracked(page, served, network):
    detail = served.document(f"networks/{network}")
    sweep = detail["sweep"]
    facts = page.locator(".threshold-facts")
    exact = page.get_by_label("Threshold, exactly")
    last = len(sweep["thresholds"]) - 1
    for place in (last // 3, last // 2, last - 1):
        threshold, error = sweep["thresholds"][place], sweep["squared_error"][place]
        exact.fill(repr(threshold))
        count = f"{sweep['connections'][place]} of 96 connection"
        expect(facts).to_contain_text(count)
        (said,) = re.findall(r"Squared error ([\d.]+)", facts.text_content())
        assert float(said) == pytest.approx(error, rel=6e-4)
    said = f"threshold={sweep['thresholds'][last - 1]:g}(:|%3A){network}"
    expect(page).to_have_url(re.compile(said))
    page.get_by_role("button", name=re.compile("As counted")).click()
    expect(facts).to_contain_text(f"{detail['connections']} of 96 connections")
    slider = page.locator(".threshold-track input")
    slider.press("Home")
    expect(facts).to_contain_text("96 of 96 connections")
    expect(page.locator(".in-words h3")).to_contain_text("|w| > 0")
    slider.press("End")
    expect(facts).to_contain_text("0 of 96 connections")
    expect(page.locator(".in-words li").first).to_contain_text("has 0 connections")
    expect(page.locator(".diagram .lines .line")).to_have_count(0)


def test_the_diagram_is_zoomed_moved_and_asked(page):
    def scale():
        transform = page.locator(".diagram svg g[transform]").first.get_attribute("transform")
        return float(re.findall(r"scale\(([\d.]+)\)", transform)[0])

    before = scale()
    page.get_by_role("button", name="Zoom in").click()
    assert scale() > before
    page.get_by_role("button", name="Zoom out").click()
    page.get_by_role("button", name="Zoom out").click()
    assert scale() < before
    page.get_by_role("button", name="Whole diagram").click()
    unit = page.locator(".unit.code").first
    unit.scroll_into_view_if_needed()
    unit.hover()
    expect(page.locator(".diagram-tip")).to_contain_text("code 1")
    unit.click()
    listed = page.locator(".connections-of")
    expect(listed).to_contain_text("Connections of code 1")
    listed.locator("button.connection").first.click()
    expect(listed).not_to_contain_text("Connections of code 1")
    listed.get_by_role("button", name="Close").click()
    expect(listed).to_have_count(0)


def test_two_networks_side_by_side(page, served, network):
    page.set_viewport_size({"width": 2000, "height": 1000})
    others = [served.network("L1"), served.network("sL1+KL")]
    names = dict(zip(served.runs["ids"], served.runs["names"], strict=True))
    panels = page.locator("article.network")
    for place, other in enumerate(others):
        page.get_by_role("button", name=f"Look inside: {names[other]}", exact=True).click()
        expect(panels).to_have_count(2)
        expect(panels.last.get_by_role("heading", level=2)).to_have_text(names[other])
        first = [network, others[0]][place]
        expect(panels.first.get_by_role("heading", level=2)).to_have_text(names[first])
    panels.last.locator(".unit").first.wait_for()
    left, right = panels.first.bounding_box(), panels.last.bounding_box()
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"]
    panels.first.get_by_role("button", name="Close").first.click()
    expect(panels).to_have_count(1)
    page.go_back()
    expect(panels).to_have_count(2)


def test_a_run_without_a_network_says_so(opener, served):
    opener.allowed.append("status of 404")
    page = opener.open(experiment=served.foreign.experiment, open=served.foreign.ids[0])
    expect(page.locator("article.network").get_by_role("alert")).to_be_visible()
    page.locator("article.network").get_by_role("button", name="Close").click()
    expect(page.locator("article.network")).to_have_count(0)
