import json
import re
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex

from sparse_lightning._figures import figure_file, figure_text
from sparse_lightning.interpret.diagram import (
    DEAD,
    NEGATIVE,
    POSITIVE,
    structure_figure,
    structure_html,
)
from sparse_lightning.interpret.layout import layout
from sparse_lightning.interpret.structure import Structure

HOSTILE = [
    r"$\frac{x",
    "<img src=x onerror=alert(1)>",
    "two\nlines\x00",
    "שלום عالم",
    "",
    "z" * 300,
]


@pytest.fixture(scope="module")
def census(layered):
    """The census network's shape, sparse and random, its names and one-hot groups."""
    random = np.random.default_rng(4)
    widths = [61, 14, 10, 8, 6, 8, 10, 14, 61]
    weights = [
        random.normal(size=(below, above)) * (random.random((below, above)) < 0.15)
        for above, below in pairwise(widths)
    ]
    groups = [(f"number {place}", slice(place, place + 1)) for place in range(9)]
    names = [name for name, _ in groups]
    for place, levels in enumerate((6, 16, 6, 6, 5, 13)):
        variable = f"variable {place}"
        groups.append((variable, slice(len(names), len(names) + levels)))
        names += [f"{variable}=level {level} of a long name" for level in range(levels)]
    return Structure.of(layered(*weights), names, groups=groups)


def inside(page):
    """The network that a page holds."""
    return json.loads(re.search(r'id="data">(.*?)</script>', page).group(1))["network"]


def drawn_texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def extents(figure):
    figure.canvas.draw()
    return [
        text.get_window_extent()
        for text in figure.axes[0].texts
        if text.get_text() and text.get_zorder() == 3 and not text.get_text().isdigit()
    ]


def test_only_connections_that_count_are_drawn_with_sign_and_size(textbook):
    figure = structure_figure(Structure.of(textbook, "abcdef"))
    (lines,) = [one for one in figure.axes[0].collections if isinstance(one, LineCollection)]
    colours = [to_hex(colour) for colour in lines.get_colors()]
    assert len(lines.get_segments()) == 11
    # Dead: the two that lead to or from codes 4 and 5; negative: one on each side.
    assert (colours.count(DEAD), colours.count(NEGATIVE), colours.count(POSITIVE)) == (2, 2, 7)
    widths = np.array(lines.get_linewidths())
    assert widths.max() == pytest.approx(widths[colours.index(NEGATIVE) :].max())
    assert widths.min() > 0


def test_units_are_named_and_codes_numbered(textbook):
    texts = drawn_texts(structure_figure(Structure.of(textbook, "abcdef"), "A title"))
    assert [texts.count(name) for name in "abcdef"] == [2] * 6
    assert {"1", "2", "3", "4", "5", "A title", "4 of 6 inputs", "3 of 5 codes"} <= set(texts)


@pytest.mark.parametrize("title", ["", "Census"])
def test_names_neither_overlap_nor_leave_the_figure(census, textbook, title):
    for structure in (census, Structure.of(textbook, HOSTILE)):
        figure = structure_figure(structure, title)
        boxes = extents(figure)
        width, height = figure.get_size_inches() * figure.dpi
        for place, box in enumerate(boxes):
            assert -1 <= box.x0 < box.x1 <= width + 1
            assert -1 <= box.y0 < box.y1 <= height + 1
            assert not any(box.shrunk(0.98, 0.7).overlaps(other) for other in boxes[place + 1 :])


def test_one_hot_groups_bear_their_variable_once(census):
    texts = drawn_texts(structure_figure(census))
    assert texts.count("variable 1") == 2
    assert texts.count("level 15 of a long name") == 2
    assert not any("=" in text for text in texts if "level" in text)


def test_inputs_keep_their_order_and_hidden_units_their_places(census):
    plan = layout(census)
    for side in (0, -1):
        assert (np.diff(plan.rows[side]) >= 1).all()
    for rows in plan.rows:
        assert (np.diff(np.sort(rows)) >= 1 - 1e-9).all()
        assert rows.min() >= 0
        assert rows.max() <= plan.height
    assert len(plan.connections) == census.connections


def test_layers_stand_evenly(census):
    assert np.ptp(np.diff(layout(census).columns)) < 1e-12


def test_hidden_units_are_sorted_by_what_they_are_connected_to(layered):
    turned = np.eye(5)[::-1]
    plan = layout(Structure.of(layered(turned, turned), "abcde"))
    assert plan.rows[1].tolist() == [4, 3, 2, 1, 0]


def test_figures_are_files_that_do_not_change(textbook):
    structure = Structure.of(textbook, HOSTILE)
    for ending, start in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        one, other = (figure_file(structure_figure(structure), ending) for _ in range(2))
        assert one == other
        assert one.startswith(start)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1), (2, 9, 2), (40, 3, 1)])
def test_any_shape_can_be_drawn(layered, shape):
    weights = [np.ones((below, above)) for above, below in pairwise(shape)]
    inputs = [f"i {place}" for place in range(shape[0])]
    outputs = [f"o {place}" for place in range(shape[-1])]
    for factor in (0, 1):
        structure = Structure.of(layered(*(factor * one for one in weights)), inputs, outputs)
        figure_file(structure_figure(structure), "svg")
        assert inside(structure_html(structure))["connections"] == structure.connections


def test_the_page_holds_the_whole_network_and_opens_at_the_threshold(textbook):
    detail = inside(structure_html(Structure.of(textbook, "abcdef", threshold=0), "A title", 0.5))
    assert detail["name"] == "A title"
    assert detail["threshold"] == 0.5
    assert detail["layers"][0]["units"] == list("abcdef")
    assert [layer["units"][-1] for layer in detail["layers"]] == ["f", "code 5", "f"]
    assert detail["weights"][0][1] == [0, -3, 2, 0, 0, 0]
    assert detail["weights"][0][2][5] == 0.001  # too small for print, where a slider may lead
    assert detail["code_layer"] == 1
    assert {entry["name"]: entry["inputs"] for entry in detail["variables"]}["b"] == [1]
    assert inside(structure_html(Structure.of(textbook, "abcdef")))["threshold"] == 0.01


def test_the_page_is_whole_and_takes_names_as_text(textbook):
    page = structure_html(Structure.of(textbook, HOSTILE), HOSTILE[1])
    assert "<img src" not in page
    assert "<title>&lt;img src=x" in page
    assert 'content="default-src &#39;none&#39;;' in page
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page.partition("<script")[0])
    assert inside(page)["layers"][0]["units"] == HOSTILE


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_drawn_as_short_text(textbook, name):
    texts = drawn_texts(structure_figure(Structure.of(textbook, [name, *"bcdef"])))
    assert figure_text(name, 30) in texts
