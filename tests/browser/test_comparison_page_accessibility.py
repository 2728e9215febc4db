"""No barrier that axe-core calls serious or critical."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = [pytest.mark.slow, pytest.mark.long]


def barriers(page) -> list[str]:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{one['id']}: {node['target']}: {node.get('failureSummary', '')}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("ja", "dark")])
def test_no_serious_barrier(opener, served, language, theme):
    look = {"language": language, "theme": theme}
    assert barriers(opener.open(**look)) == []
    page = opener.open(study=served.study, open=served.network("sL1"), **look)
    page.locator(".unit.code").first.click()
    page.locator(".connections-of").wait_for()
    assert barriers(page) == []
    page.locator(".network-tools button").first.click()
    page.get_by_role("dialog").wait_for()
    assert barriers(page) == []


def test_no_serious_barrier_among_foreign_and_harmful_names(opener, served):
    foreign = opener.open(experiment=served.foreign.experiment, theme="dark", palette="safe")
    assert barriers(foreign) == []
    narrow = {"viewport": {"width": 360, "height": 740}}
    assert barriers(opener.open(narrow, experiment=served.harmful.experiment)) == []
