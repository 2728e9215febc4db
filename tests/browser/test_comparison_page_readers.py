"""For all who read it: languages, the keyboard alone, light and dark, every width."""

import re

import pytest
from page_opening import loaded, said_in
from playwright.sync_api import expect

pytestmark = [pytest.mark.slow, pytest.mark.long]

# Every text that is seen or read aloud, whatever element or attribute holds it.
TEXTS = """() => {
    const found = new Set([document.title]);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) found.add(walker.currentNode.textContent.trim());
    for (const element of document.querySelectorAll('body, body *')) {
        for (const name of ['aria-label', 'title', 'placeholder', 'aria-valuetext', 'alt']) {
            if (element.hasAttribute(name)) found.add(element.getAttribute(name));
        }
    }
    return [...found].filter(text => /[A-Za-z]{2}/.test(text));
}"""

# What is called so in every language: the program, languages by their own names.
SAME = {"sparse-lightning", "English"}


def names_in(served, *networks):
    """Every name that the data holds, as it is or as an axis shows it."""
    runs = served.runs
    names = {"wine-small", "churn models", "Default", *runs["names"]}
    for kind in ("params", "tags", "metrics"):
        for name in runs[kind]:
            names |= {name, f"{kind}.{name}", name.replace("_", " ")}
    for column in runs["params"].values():
        names |= set(column["levels"])
    for network in networks:
        detail = served.document(f"networks/{network}")
        names |= {variable["name"] for variable in detail["variables"]}
        names |= detail["params"].keys() | set(detail["params"].values())
        names |= detail["metrics"].keys()
        names |= {layer["activation"] for layer in detail["layers"] if layer["activation"]}
    return names


def test_no_english_is_left_in_japanese(opener, served):
    networks = [served.network("L1"), served.network("sL1+KL")]
    texts = {}
    for language, register in (("en", "Register as a model"), ("ja", "モデルとして登録")):
        # So wide that no name is cut where two networks stand side by side.
        wide = {"viewport": {"width": 2400, "height": 900}}
        page = opener.open(wide, study=served.study, open=networks, language=language)
        assert page.locator("html").get_attribute("lang") == language
        page.locator("article.network").last.locator(".unit").first.wait_for()
        page.locator(".unit.code").first.click()
        page.locator("article.network").first.get_by_role("button", name=register).click()
        page.get_by_role("dialog").wait_for()
        texts[language] = set(page.evaluate(TEXTS))
        page.keyboard.press("Escape")
        start = opener.open(language=language)
        texts[language] |= set(start.evaluate(TEXTS))
    known = names_in(served, *networks) | SAME
    both = {text for text in texts["en"] & texts["ja"] if text not in known}
    harmful = {run["name"] for run in served.document("overview")["experiments"]}
    # The hint of a filter is in MLflow's own language.
    both = {text for text in both - harmful if not text.startswith("metrics.")}
    assert both == set()
    # Texts that hold names: without the names no word is English.
    words = set()
    for text in texts["ja"]:
        for name in sorted(known | harmful, key=len, reverse=True):
            text = text.replace(name, " ")
        words |= set(re.findall(r"[A-Za-z]{3,}", text))
    assert words <= {"MLflow", "PNG", "SVG", "CSV", "JSON", "Ctrl", "Enter", "Escape", "Page"} | {
        *("Down", "metrics", "params", "and", "Pareto")
    }


def test_the_language_of_the_browser_is_taken(opener):
    page = opener.open({"locale": "ja-JP"})
    expect(page.get_by_text("実験またはスタディを選んでください。")).to_be_visible()
    page.get_by_label("言語").select_option("en")
    expect(page.get_by_text("Choose an experiment or a study.")).to_be_visible()
    expect(page).to_have_url(re.compile("language=en"))
    page.reload()
    expect(page.get_by_text("Choose an experiment or a study.")).to_be_visible()


def focused(page):
    return page.evaluate(
        "() => [document.activeElement.localName, document.activeElement.textContent.slice(0, 40)]"
    )


def tab_to(page, selector, most=60):
    """Press Tab until this has the focus; every stop on the way must be seen to have it."""
    for _ in range(most):
        page.keyboard.press("Tab")
        outlined = page.evaluate(
            """() => {
                const focused = document.activeElement, style = getComputedStyle(focused);
                const box = focused.getBoundingClientRect();
                return focused === document.body ||
                    (style.outlineStyle !== 'none' && box.width > 0 && box.right > 0) ||
                    [...focused.children].some(c => getComputedStyle(c).stroke !== 'none');
            }"""
        )
        assert outlined, focused(page)
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached")


def test_everything_is_done_by_keyboard_alone(opener, served):
    page = opener.open()
    page.keyboard.press("Tab")
    assert focused(page) == ["button", "Skip to the comparison"]
    page.keyboard.press("Enter")
    assert focused(page)[0] == "main"
    page.reload()
    loaded(page)
    tab_to(page, ".choices input")
    page.keyboard.press("Space")
    expect(page.locator(".pareto-stage")).to_be_visible()
    tab_to(page, ".legend-entry", 40)
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile("hide=none"))
    page.keyboard.press("Space")
    tab_to(page, ".pareto-stage")
    page.keyboard.press("ArrowRight")
    spoken = page.locator(".plot-unseen")
    expect(spoken).to_contain_text("marker 1 of 2")
    page.keyboard.press("ArrowRight")
    expect(spoken).to_contain_text("marker 2 of 2")
    page.keyboard.press("PageDown")
    expect(spoken).to_contain_text("run 1 of 2 of this marker")
    page.keyboard.press("ArrowDown")
    expect(spoken).to_contain_text("marker")
    tab_to(page, ".brush-field input")
    page.keyboard.type("90")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("article.network")).to_have_count(1)
    page.locator(".unit").first.wait_for()
    # What opens has the focus, and is in sight.
    expect(page.locator(".shown")).to_be_focused()
    expect(page.locator("article.network h2")).to_be_in_viewport()
    tab_to(page, ".threshold-track input", 80)
    before = page.locator(".threshold-facts strong").text_content()
    page.keyboard.press("PageUp")
    expect(page.locator(".threshold-facts strong")).not_to_have_text(before)
    tab_to(page, ".unit", 20)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".connections-of")).to_be_visible()
    # The address follows what is chosen a quarter of a second later.
    expect(page).to_have_url(re.compile("region="))
    assert said_in(page.url)["region"]
    register = page.get_by_role("button", name="Register as a model")
    register.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert focused(page)[0] == "input"
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(register).to_be_focused()


def brightness(page):
    colours = page.locator("body").evaluate(
        "body => [getComputedStyle(body).backgroundColor, getComputedStyle(body).color]"
    )
    return [sum(map(int, re.findall(r"\d+", text)[:3])) for text in colours]


def test_light_and_dark(opener, served):
    page = opener.open({"color_scheme": "dark"}, study=served.study)
    ground, ink = brightness(page)
    assert ground < 150 < 600 < ink
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    ground, ink = brightness(page)
    assert ink < 150 < 600 < ground
    page.get_by_label("Light or dark").select_option("dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    ground, ink = brightness(page)
    assert ground < 150 < 600 < ink
    expect(page).to_have_url(re.compile("theme=dark"))


def test_colours_for_colour_blind_readers(opener, served):
    page = opener.open(study=served.study)
    colours = "all => all.map(path => path.getAttribute('fill'))"
    symbols = page.locator(".legend-entry path")
    published = symbols.evaluate_all(colours)
    page.get_by_label("Colours").select_option("safe")
    expect(symbols.nth(2)).not_to_have_attribute("fill", published[2])
    safe = symbols.evaluate_all(colours)
    assert len(set(safe)) == len(safe) == 7
    # Shapes tell the groups apart as well.
    shapes = symbols.evaluate_all("all => all.map(path => path.getAttribute('d'))")
    assert len(set(shapes)) == 7


@pytest.mark.parametrize("width", [360, 768, 1280, 3840])
def test_the_page_is_never_wider_than_its_window(opener, served, width):
    size = {"viewport": {"width": width, "height": 900}}
    for said in (
        {},
        {"study": served.study, "open": [served.network("L1"), served.network("sL1+KL")]},
        {"study": served.study, "language": "ja"},
        {"experiment": [served.harmful.experiment, served.foreign.experiment]},
    ):
        page = opener.open(size, **said)
        if "open" in said:
            page.locator("article.network").last.locator(".unit").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if "study" in said:
            stage = page.locator(".pareto-stage").bounding_box()
            assert stage["width"] > 0.6 * min(width, 1280) - 300 * (width > 860)
        page.close()
