"""Signs of other scripts are drawn where a font that has them is installed."""

import logging

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from sparse_lightning import _figures as fonts
from sparse_lightning._figures import ENDINGS, figure_file, figure_style, figure_text

NAME = "年齢 kg"


@pytest.fixture
def font(tmp_path, monkeypatch):
    """A font of its own that has but one sign, as if it were installed, and no other."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((800, 0), (800, 800)):
        pen.lineTo(corner)
    pen.closePath()
    builder = FontBuilder(1000)
    builder.setupGlyphOrder([".notdef", "year"])
    builder.setupCharacterMap({ord("年"): "year"})
    builder.setupGlyf(dict.fromkeys((".notdef", "year"), pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys((".notdef", "year"), (900, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "One Sign", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "one.ttf")
    monkeypatch.setattr(fontManager, "ttflist", list(fontManager.ttflist))
    monkeypatch.setattr(fonts, "FOR_OTHER_SCRIPTS", ("Not Installed", "One Sign"))
    fontManager.addfont(tmp_path / "one.ttf")


def drawn(text, ending):
    with figure_style():
        figure = Figure(figsize=(2, 1))
        figure.text(0.1, 0.5, text, weight="bold")
    return figure_file(figure, ending)


def test_a_sign_is_drawn_by_an_installed_font_that_has_it(font, caplog):
    assert fonts.families() == ["DejaVu Sans", "One Sign"]
    assert figure_text(NAME, 30) == "年□ kg"
    with caplog.at_level(logging.WARNING):
        for ending in ENDINGS:
            assert drawn("年 kg", ending) != drawn("□ kg", ending)
    assert not caplog.records


def test_a_sign_of_no_installed_font_is_a_box(monkeypatch):
    monkeypatch.setattr(fonts, "FOR_OTHER_SCRIPTS", ())
    assert figure_text(NAME, 30) == "□□ kg"


@pytest.mark.parametrize("ending", ENDINGS)
def test_other_texts_look_the_same_whatever_is_installed(font, monkeypatch, ending):
    with_it = drawn("Latin, θ and λ", ending)
    monkeypatch.setattr(fonts, "FOR_OTHER_SCRIPTS", ())
    assert drawn("Latin, θ and λ", ending) == with_it
