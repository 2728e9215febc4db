"""Curves, indices and the selected region."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from page_opening import said_in, table
from playwright.sync_api import expect

pytestmark = [pytest.mark.slow, pytest.mark.long]

INDICES = ("hypervolume_gap", "area_marker", "area_axis")
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
NUMBER = r"−?[\d.]+(?:×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?"


@pytest.fixture
def page(opener, served):
    return opener.open(study=served.study)


def says(text: str, value: float) -> bool:
    """Whether a printed number is this value, rounded to its last digit."""
    mantissa, _, power = text.partition("×10")
    power = int(power.translate(SUPERSCRIPTS) or 0)
    mantissa = mantissa.translate(SUPERSCRIPTS)
    last = 10.0 ** (power - len(mantissa.partition(".")[2]))
    return abs(float(mantissa) * 10.0**power - value) <= 0.5000001 * last


def marker_place(page, number):
    """Where a marker lies in the window."""
    marker = page.locator(".curves .marker").nth(number)
    marker.scroll_into_view_if_needed()
    box = marker.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def frame_of(served):
    """The networks as the server's document has them."""
    runs = served.runs
    columns = {name: runs["params"][name] for name in ("group", "l1_weight")}
    texts = {
        name: [column["levels"][code] if code >= 0 else "" for code in column["codes"]]
        for name, column in columns.items()
    }
    return pd.DataFrame(texts | {"x": "connections", "y": "squared_error"}).assign(
        x=runs["metrics"]["connections"], y=runs["metrics"]["squared_error"]
    )


def within(points, region):
    across = points["x"].between(region[0], region[2])
    return points[across & points["y"].between(region[1], region[3])]


def expect_selected(page, served, region, without=()):
    """Words and runs are of the points in the region, the indices of the markers in it."""
    networks = frame_of(served)
    networks = networks[~networks["group"].isin(without)]
    count = len(within(networks, region))
    assert 0 < count < 26
    by_marker = networks[networks["group"] != "none"].groupby(["group", "l1_weight"])[["x", "y"]]
    counts = (2 * within(by_marker.mean(), region).groupby("group").size()).to_dict()
    expect(page.get_by_text(f"{count} of 26 runs selected", exact=True)).to_have_count(2)
    expect(page.locator("section[aria-labelledby=runs] tbody tr")).to_have_count(min(count, 25))
    rows = page.locator("section[aria-labelledby=indices] tbody tr")
    expect(rows).to_have_count(len(counts))
    for group in counts:
        row = rows.filter(has=page.locator(f"bdi[title='{group}']"))
        expect(row.locator("td").first).to_have_text(str(counts[group]))


def test_indices_and_intervals_are_those_of_the_study(page, served):
    rows = served.job.study.indices.set_index("group")
    shown = table(page, "indices")
    assert sorted(row[0] for row in shown) == sorted(rows.index)
    gaps = rows.loc[[row[0] for row in shown], "hypervolume_gap"].to_numpy()
    assert (np.diff(gaps) > -1e-9).all()
    for group, networks, *cells, _ in shown:
        assert int(networks) == 4
        for cell, index in zip(cells, INDICES, strict=True):
            texts = re.findall(NUMBER, cell)
            assert len(texts) == 3, cell
            for text, end in zip(texts, ("", "_low", "_high"), strict=True):
                value = rows.loc[group, f"{index}{end}"]
                assert says(text, value), (group, index, end, text, value)


def test_what_is_settled_is_what_the_pairs_say(page, served):
    document = json.loads((served.job.report / "indices.json").read_text())
    settled = {
        frozenset((pair["first"], pair["second"])): pair["settled"]
        for pair in document["pairs"]
        if pair.get("index", "hypervolume_gap") == "hypervolume_gap"
    }
    best, *others = table(page, "indices")
    for row in others:
        assert row[-1] == ("worse" if settled[frozenset((best[0], row[0]))] else "level")
    level = any(row[-1] == "level" for row in others)
    assert best[-1] == ("level" if level else "best")
    page.get_by_label("Ordered by").select_option("area_axis")
    values = [float(row[4].partition("[")[0]) for row in table(page, "indices")]
    assert values == sorted(values)


def test_points_and_markers_are_drawn(page, served):
    # Two strengths in each of six groups, the mean over two seeds each; none is not compared.
    expect(page.locator(".curves .marker")).to_have_count(12)
    painted = page.locator("canvas.pareto-points").first.evaluate(
        """canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
            .data.filter((value, place) => place % 4 === 3 && value > 0).length"""
    )
    assert painted > 26
    expect(page.locator(".floor text")).to_have_text(re.compile(r"^best error without .* 0\.0182"))
    expect(page.locator(".corner text")).to_contain_text("error with no weights 0.0187")


def test_hovering_tells_marker_and_run(page):
    page.mouse.move(*marker_place(page, 0))
    tip = page.locator(".plot-tooltip")
    expect(tip).to_contain_text("l1_weight")
    expect(tip).to_contain_text("mean of 2 runs")
    expect(page.locator(".ring")).to_have_count(1)
    page.mouse.move(5, 5)
    expect(tip).to_have_count(0)
    # A run that no marker covers: the unregularized ones have none.
    page.get_by_label("connections from").scroll_into_view_if_needed()
    left, floor = page.locator(".floor line").evaluate(
        "line => { const box = line.getBoundingClientRect(); return [box.left, box.top]; }"
    )
    right = left + page.locator(".floor line").evaluate(
        "line => line.getBoundingClientRect().width"
    )
    ticks = page.locator(".pareto-back .ticks text")
    places = {
        float(text.text_content()): text.bounding_box()
        for text in ticks.all()
        if re.fullmatch(r"\d\d", text.text_content())
    }
    middles = {value: box["x"] + box["width"] / 2 for value, box in places.items()}
    a, b = min(middles), max(middles)
    x = middles[a] + (93 - a) / (b - a) * (middles[b] - middles[a])
    assert left < x < right
    page.mouse.move(x, floor)
    expect(tip).to_contain_text("none seed 1")
    expect(tip).to_contain_text("squared_error")
    expect(tip).to_contain_text("0.01819")


def test_a_region_is_drawn_and_everything_follows(page, served):
    stage = page.locator(".pareto-stage").bounding_box()
    page.mouse.move(stage["x"] + 0.45 * stage["width"], stage["y"] + 0.2 * stage["height"])
    page.mouse.down()
    page.mouse.move(stage["x"] + 0.6 * stage["width"], stage["y"] + 0.5 * stage["height"], steps=4)
    page.mouse.move(stage["x"] + 0.8 * stage["width"], stage["y"] + 0.95 * stage["height"], steps=4)
    page.mouse.up()
    # The address follows after a rest; with a later choice in it, it has the last region as well.
    page.get_by_label("Ordered by").select_option("area_axis")
    expect(page).to_have_url(re.compile("index=area_axis"))
    region = [float(end) for end in said_in(page.url)["region"][0].split(",")]
    expect_selected(page, served, region)
    fields = [float(field.input_value()) for field in page.locator(".brush-field input").all()]
    assert fields == pytest.approx([region[0], region[2], region[1], region[3]], rel=1e-4)
    assert page.locator("canvas.strong").evaluate("canvas => canvas.style.clipPath") != ""
    page.get_by_role("button", name="Clear the region").click()
    expect(page.locator("#comparison")).to_contain_text("26 of 26 runs selected")
    expect(page).not_to_have_url(re.compile("region="))


def test_a_region_is_given_in_numbers(page, served):
    for label, text in (
        ("connections from", "92"),
        ("squared error to", "0.0225"),
        ("squared error from", "0.0"),
        ("connections to", "95"),
    ):
        page.get_by_label(label).fill(text)
        page.get_by_label(label).press("Enter")
    expect_selected(page, served, (92, 0, 95, 0.0225))
    page.get_by_label("connections to").fill("many")
    page.get_by_label("connections to").press("Enter")
    assert page.get_by_label("connections to").evaluate("field => field.validationMessage")
    expect(page).to_have_url(re.compile("region=92(%2C|,)0(%2C|,)95(%2C|,)0.0225"))


def test_groups_are_switched_off(page, served):
    page.locator(".legend-entry", has_text="sL1+KL").click()
    expect(page).to_have_url(re.compile(r"hide=sL1%2BKL"))
    expect_selected(page, served, (0, 0, 1000, 1000), without=["sL1+KL"])
    expect(page.locator(".curves .marker")).to_have_count(10)


def test_a_marker_leads_inside_and_to_mlflow(page, served):
    at = marker_place(page, 11)
    page.mouse.click(*at)
    expect(page.locator("article.network")).to_have_count(1)
    (opened,) = said_in(page.url)["open"]
    assert opened in served.runs["ids"]
    at = marker_place(page, 11)
    with page.context.expect_page() as shown:
        page.keyboard.down("Control")
        page.mouse.click(*at)
        page.keyboard.up("Control")
    experiment = served.client.get_run(served.study).info.experiment_id
    root = served.server.address
    assert shown.value.url.startswith(f"{root}/#/experiments/{experiment}/runs/{opened}")


def test_the_selection_is_compared_by_mlflow(opener, page, served):
    """MLflow's own pages, as they are, understand the addresses."""
    page.get_by_label("connections to").fill("90")
    page.get_by_label("connections to").press("Enter")
    expect(page.locator("section[aria-labelledby=runs] tbody tr").first).to_be_visible()
    names = [row[0] for row in table(page, "runs")]
    assert 1 < len(names) < 26
    link = page.get_by_role("link", name="Open the selection in MLflow")
    outside = opener.context()
    # MLflow's own pages may ask what they like of nobody but this server.
    outside.route(
        lambda url: not url.startswith(served.server.address), lambda route: route.abort()
    )
    theirs = outside.new_page()
    theirs.goto(f"{served.page}{link.get_attribute('href')}")
    expect(theirs.get_by_text(f"Comparing {len(names)} Runs").first).to_be_visible(timeout=30_000)
    expect(theirs.get_by_text(names[0]).first).to_be_visible()
    theirs.goto(f"{served.page}{page.locator('tbody th a').first.get_attribute('href')}")
    expect(theirs.get_by_text(names[0]).first).to_be_visible(timeout=30_000)
