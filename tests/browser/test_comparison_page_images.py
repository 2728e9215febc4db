"""The pictures of the page in docs/images; `make images` makes them anew, of a larger study."""

import io
import os
import statistics
from pathlib import Path

import pytest
from PIL import Image

pytestmark = [pytest.mark.slow, pytest.mark.long]

FOLDER = Path(__file__).parents[2] / "docs" / "images"
KEPT = bool(os.environ.get("KEEP_IMAGES"))
SIZE = {"width": 1200, "height": 880}

PICTURED = """\
name: red-wine
table: {source: wine}
network: {units: [8]}
evaluation: {validation: 0, test: 0}
training: {epochs: 120, seeds: [1, 2, 3], accelerator: cpu}
regularizers: {l1_weights: [0.003, 0.01, 0.03, 0.1, 0.2]}
"""


@pytest.fixture(scope="module")
def pictured(served) -> str:
    """The study that is shown."""
    if not KEPT:
        return served.study
    from studies import working_in

    from sparse_lightning import Project, run

    (served.folder / "red_wine.yaml").write_text(PICTURED)
    with working_in(served.folder):
        project = Project.load(served.folder / "red_wine.yaml")
        uri = f"sqlite:///{served.folder}/mlflow.db"
        return run(project, uri, served.folder / "report").run_id


@pytest.fixture(scope="module")
def sparse(served, pictured) -> str:
    """The sparsest network of those whose error is at most twice the median: it tells something."""
    runs = served.document(f"runs?study={pictured}")
    connections, errors = runs["metrics"]["connections"], runs["metrics"]["squared_error"]
    most = 2 * statistics.median(errors)
    good = [place for place, error in enumerate(errors) if error <= most]
    return runs["ids"][min(good, key=lambda place: connections[place])]


@pytest.mark.parametrize(
    ("name", "look", "inside"),
    [
        ("page_comparison", {"theme": "light", "language": "en"}, False),
        ("page_network", {"theme": "light", "language": "en"}, True),
        ("page_dark_japanese", {"theme": "dark", "language": "ja"}, False),
    ],
)
def test_a_picture_of_the_page(opener, pictured, sparse, name, look, inside):
    opened = {"open": sparse} if inside else {}
    page = opener.open({"viewport": SIZE}, study=pictured, **opened, **look)
    # The store has harmful names as well, which no reader of the documentation wants to see.
    search = page.locator("input[type=search]")
    search.fill("red-wine" if KEPT else "wine")
    search.blur()
    if inside:
        page.locator(".unit").first.wait_for()
        page.locator("article.network").evaluate("panel => panel.scrollIntoView()")
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    assert picture.size == tuple(SIZE.values())
    counted = picture.getcolors(picture.width * picture.height)
    # Something is drawn: no colour covers nearly all of it.
    assert max(count for count, _ in counted) < 0.97 * picture.width * picture.height
    if KEPT:
        picture.save(FOLDER / f"{name}.png", optimize=True)
