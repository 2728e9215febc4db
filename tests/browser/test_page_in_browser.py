import re

import pytest
from studies import GROUPS, HOSTILE

pytestmark = pytest.mark.slow

# Whether these are the names of the traces that are hidden.
HIDDEN = """names => names.join() === document.querySelector('#pareto').data
    .filter(trace => trace.visible === 'legendonly').map(trace => trace.name).join()"""
# Where a point of a trace lies in the window.
PLACE = """([trace, point]) => {
    const figure = document.querySelector('#pareto');
    const {xaxis, yaxis} = figure._fullLayout;
    const {left, top} = figure.getBoundingClientRect();
    const {x, y} = figure._fullData[trace];
    return [left + xaxis._offset + xaxis.d2p(x[point]), top + yaxis._offset + yaxis.d2p(y[point])];
}"""


@pytest.fixture
def page(visit, wine_job):
    # Waiting for a function evaluates text, which the page's own policy rightly forbids.
    size = {"width": 1200, "height": 900}
    return visit(wine_job.report / "report.html", viewport=size, bypass_csp=True)


def trace_of(page, group):
    """The number of the trace that holds the single networks of a group."""
    return page.evaluate(
        """group => document.querySelector('#pareto').data.findIndex(
            trace => trace.customdata && trace.hovertext[0].startsWith(`<b>${group}</b>,`))""",
        group,
    )


def only(page, trace):
    """Leave one trace, so that no other point lies above its points."""
    page.evaluate(
        """async trace => {
            const figure = document.querySelector('#pareto');
            const others = figure.data.map((_, place) => place).filter(place => place !== trace);
            await Plotly.restyle(figure, {visible: false}, others);
        }""",
        trace,
    )
    page.locator("#pareto").scroll_into_view_if_needed()


def test_the_page_opens_offline_with_all_groups(visit, wine_job):
    page = visit(wine_job.report / "report.html")
    assert page.title() == "wine-small – sparse-lightning"
    names = page.locator("#pareto .legendtext").all_text_contents()
    assert names == ["unregularized", *GROUPS, "floor"]
    shown = page.locator("table").first.locator("tbody th").all_text_contents()
    assert [name.strip() for name in shown] == list(wine_job.study.indices["group"])


def test_hovering_shows_strengths_and_seed(page, wine_job):
    trace = trace_of(page, "sL1+sh")
    only(page, trace)
    page.mouse.move(*page.evaluate(PLACE, [trace, 3]))
    label = page.locator("#pareto .hoverlayer .hovertext")
    label.wait_for()
    networks = wine_job.study.networks
    row = networks.loc[networks["group"] == "sL1+sh"].iloc[3]
    assert "sL1+sh, seed 2" in label.text_content()
    assert "λ = 0.001, θ = 0.1, η = " in label.text_content()
    assert f"squared error {row['squared_error']:.4g}" in label.text_content()


def test_a_click_on_a_network_opens_its_run(page, wine_job):
    page.evaluate("() => { window.opened = []; window.open = (...a) => window.opened.push(a); }")
    trace = trace_of(page, "L1")
    only(page, trace)
    page.mouse.click(*page.evaluate(PLACE, [trace, 2]))
    networks = wine_job.study.networks
    row = networks.loc[networks["group"] == "L1"].iloc[2]
    page.wait_for_function("() => window.opened.length > 0")
    address = f"http://127.0.0.1:5000/#/experiments/{row['experiment_id']}/runs/{row['run_id']}"
    assert page.evaluate("() => window.opened") == [[address, "_blank", "noopener"]]


def test_a_click_in_the_legend_hides_a_group_and_another_brings_it_back(page):
    toggle = page.locator("#pareto .legendtoggle").nth(1 + GROUPS.index("sL1"))
    toggle.click()
    page.wait_for_function(HIDDEN, arg=["sL1", "sL1"])
    # Plotly waits for a second click before it acts, so that this one is no double click.
    toggle.click()
    page.wait_for_function(HIDDEN, arg=[])


def test_the_axis_can_be_switched(page):
    for scale in ("log", "linear"):
        button = page.locator(f"button[data-scale={scale}]")
        button.click()
        page.wait_for_function(
            "scale => document.querySelector('#pareto')._fullLayout.yaxis.type === scale", arg=scale
        )
        assert button.get_attribute("aria-pressed") == "true"


def test_hostile_names_are_text(visit, odd_job):
    page = visit(odd_job.report / "report.html")
    assert page.locator("h1").text_content() == HOSTILE
    assert page.locator("main img").count() == 0
    assert HOSTILE in page.locator("#pareto .legendtext").all_text_contents()
    trace = trace_of(page, HOSTILE.replace("<", "&lt;").replace(">", "&gt;"))
    only(page, trace)
    page.mouse.move(*page.evaluate(PLACE, [trace, 0]))
    label = page.locator("#pareto .hoverlayer .hovertext")
    label.wait_for()
    assert f"{HOSTILE}, seed 1" in label.text_content()


@pytest.mark.parametrize("job", ["wine_job", "odd_job"])
def test_nothing_is_wider_than_a_telephone(visit, request, job):
    report = request.getfixturevalue(job).report / "report.html"
    page = visit(report, viewport={"width": 360, "height": 740})
    for details in page.locator("details").all():
        details.evaluate("element => { element.open = true; }")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360


def test_the_page_follows_a_dark_scheme(page):
    brightness = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        # The figure takes the colour of the page's text.
        page.wait_for_function(
            """() => getComputedStyle(document.querySelector('#pareto .xtitle')).fill
                === getComputedStyle(document.body).color"""
        )
        colours = page.evaluate(
            "() => [getComputedStyle(document.body).backgroundColor,"
            " getComputedStyle(document.body).color]"
        )
        brightness[scheme] = [sum(map(int, re.findall(r"\d+", text)[:3])) for text in colours]
    assert brightness["light"][0] > 600 > 200 > brightness["light"][1]
    assert brightness["dark"][0] < 200 < 500 < brightness["dark"][1]


def test_links_beside_the_page_lead_to_its_files(page, wine_job):
    links = page.locator("footer a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert len(links) == 6
    assert all((wine_job.report / link).is_file() for link in links)


def test_components_are_drawn_in_the_ink_of_the_page(visit, components_job):
    page = visit(components_job.report / "report.html", color_scheme="dark", bypass_csp=True)
    figure = page.locator("[data-figure=components]")
    names = figure.locator(".legendtext")
    names.first.wait_for()
    methods = ["L1", "sL1", "sL1+decs", "exact PCA", "SparsePCA"]
    assert names.all_text_contents() == ["BP (unregularized)", *methods]
    # Exact PCA and SparsePCA, in both panels.
    page.wait_for_function(
        """() => [...document.querySelectorAll('[data-figure=components] .scatterlayer .js-line')]
            .filter(line => line.style.stroke === getComputedStyle(document.body).color)
            .length === 4"""
    )
    page.emulate_media(color_scheme="light")
    page.wait_for_function(
        """() => document.querySelector('[data-figure=components]').data
            .filter(trace => trace.line.color === 'rgb(31, 35, 40)').length === 4"""
    )
