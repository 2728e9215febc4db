"""What is taken away: pictures, tables, addresses, registered models."""

import csv
import io
import json
import re
import struct
from pathlib import Path
from xml.etree import ElementTree

import pytest
from page_opening import table
from playwright.sync_api import expect
from studies import GROUPS

pytestmark = [pytest.mark.slow, pytest.mark.long]

INDICES = ("area_marker", "area_axis", "hypervolume_gap")


@pytest.fixture
def page(opener, served):
    return opener.open(study=served.study)


def saved(page, button, within=None) -> tuple[str, bytes]:
    with page.expect_download() as begun:
        (within or page).get_by_role("button", name=button, exact=True).click()
    return begun.value.suggested_filename, Path(begun.value.path()).read_bytes()


def check_picture(svg: bytes) -> ElementTree.Element:
    """Well-formed, and in need of nothing outside itself."""
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    for element in root.iter():
        kind = element.tag.rpartition("}")[2]
        assert kind not in ("script", "style", "image", "foreignObject", "use"), kind
        for name, value in element.attrib.items():
            assert "href" not in name
            assert not name.startswith("on")
            for name in re.findall(r"url\((.*?)\)", value):
                assert root.find(f".//*[@id='{name.removeprefix('#')}']") is not None
            assert "var(" not in value
    return root


def test_the_curves_as_pictures(page):
    name, png = saved(page, "Picture (PNG)")
    assert name == "wine-small.png"
    assert png.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", png[16:24])
    stage = page.locator(".pareto-stage").bounding_box()
    assert width >= 2 * stage["width"]
    assert height >= 2 * stage["height"]
    name, svg = saved(page, "Picture (SVG)")
    assert name == "wine-small.svg"
    root = check_picture(svg)
    texts = {"".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert texts >= {"unregularized", *GROUPS}
    circles = list(root.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(circles) == 26


def test_a_diagram_as_pictures(opener, served):
    page = opener.open(study=served.study, open=served.network("L1"))
    panel = page.locator("article.network")
    panel.locator(".unit").first.wait_for()
    name, svg = saved(page, "Picture (SVG)", panel)
    assert name.endswith(".svg")
    texts = "".join(check_picture(svg).itertext())
    assert "alcohol" in texts
    assert "L1" in texts
    assert saved(page, "Picture (PNG)", panel)[1].startswith(b"\x89PNG\r\n")


def test_tables_hold_what_is_selected(page, served):
    page.get_by_label("connections to").fill("91")
    page.get_by_label("connections to").press("Enter")
    expect(page.locator("#comparison")).not_to_contain_text("26 of 26")
    shown = table(page, "runs")
    name, text = saved(page, "Runs (CSV)")
    assert name == "wine-small.csv"
    rows = list(csv.DictReader(io.StringIO(text.decode(), newline="")))
    assert sorted(row["name"] for row in rows) == sorted(row[0] for row in shown)
    for row in rows:
        place = served.runs["ids"].index(row["run_id"])
        assert float(row["connections"]) == served.runs["metrics"]["connections"][place] <= 91
        assert float(row["squared_error"]) == served.runs["metrics"]["squared_error"][place]
        column = served.runs["params"]["group"]
        assert row["group"] == column["levels"][column["codes"][place]]
    _, document = saved(page, "All that is shown (JSON)")
    held = json.loads(document)
    assert {run["run_id"] for run in held["runs"]} == {row["run_id"] for row in rows}
    assert held["columns"]["x"] == "connections"
    assert [group["group"] for group in held["groups"]] == [r[0] for r in table(page, "indices")]


def test_indices_are_taken_away_exactly(page, served):
    _, text = saved(page, "Indices (CSV)")
    rows = {row["group"]: row for row in csv.DictReader(io.StringIO(text.decode(), newline=""))}
    meant = served.job.study.indices.set_index("group")
    assert set(rows) == set(GROUPS)
    _, document = saved(page, "All that is shown (JSON)")
    groups = {group["group"]: group for group in json.loads(document)["groups"]}
    for group, row in rows.items():
        for index in INDICES:
            for end in ("", "_low", "_high"):
                value = meant.loc[group, f"{index}{end}"]
                assert float(row[f"{index}{end}"]) == pytest.approx(value, rel=1e-9)
                held = groups[group]["indices"][index][end.strip("_") or "value"]
                assert held == pytest.approx(value, rel=1e-9)


def test_the_address_is_copied(opener, served):
    page = opener.open({"permissions": ["clipboard-read", "clipboard-write"]}, study=served.study)
    page.get_by_label("Ordered by").select_option("area_axis")
    page.get_by_role("button", name="Copy the address of this view").click()
    expect(page.get_by_role("button", name="Copied.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == opener.address(study=served.study, index="area_axis")


def test_a_network_is_registered(opener, served):
    network = served.network("sL1")
    page = opener.open(study=served.study, open=network)
    opener.allowed.append("status of 400")
    page.get_by_role("button", name="Register as a model").click()
    dialog = page.get_by_role("dialog")
    button = dialog.get_by_role("button", name="Register as a model")
    expect(button).to_be_disabled()
    dialog.get_by_label("Name of the model").fill("a/b:c")
    button.click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_label("Name of the model").fill("small wine")
    button.click()
    done = dialog.get_by_role("status")
    # The first model that a worker makes waits until torch is loaded.
    expect(done).to_have_text("small wine is registered, version 1.", timeout=60_000)
    expect(dialog.get_by_role("alert")).to_have_count(0)
    version = served.client.get_model_version("small wine", "1")
    assert version.run_id == network
    href = done.get_by_role("link").get_attribute("href")
    assert href == "../#/models/small%20wine/versions/1"
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
