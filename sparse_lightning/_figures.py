"""The style, the fonts and the files of all printed figures (matplotlib, no display)."""

import logging
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from PIL import Image

from sparse_lightning._files import write_atomically
from sparse_lightning._text import shortened

INK = "#24292f"
QUIET = "#57606a"
FAINT = "#8b8f98"
STYLE: dict[Any, Any] = {
    "font.size": 10.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#c3c7ce",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e8eaee",
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "legend.frameon": False,
    "svg.hashsalt": "sparse-lightning",
    "savefig.facecolor": "white",
}

DOTS = 150
"""Dots per inch of a PNG."""

ENDINGS = ("png", "svg")
"""The formats of a figure's files."""


@contextmanager
def figure_style() -> Iterator[None]:
    """The style, in effect while figures are drawn and saved."""
    # The user's own matplotlibrc must not change what a report looks like.
    with mpl.rc_context(), one_weight():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        mpl.rcParams["font.family"] = families()
        yield


def figure_text(name: str, length: int) -> str:
    """A name that matplotlib can draw: short, no mathematics, signs without a glyph as boxes."""
    drawable = "".join(sign if has_glyph(sign) else "□" for sign in shortened(name, length))
    return drawable.replace("$", r"\$")


def figure_file(figure: Figure, ending: str) -> bytes:
    """A figure as `png` or `svg`; the same figure gives the same bytes, without date or program."""
    buffer = BytesIO()
    with figure_style(), _laid_out(figure):
        if ending == "png":
            figure.savefig(buffer, format="rgba", dpi=DOTS)
        else:
            figure.savefig(buffer, format=ending, dpi=DOTS, metadata={"Date": None})
    if ending == "png":
        width, height = (int(inches * DOTS) for inches in figure.get_size_inches())
        return _png(Image.frombuffer("RGBA", (width, height), buffer.getvalue()))
    return buffer.getvalue()


def data_address(picture: bytes, kind: str = "svg+xml") -> str:
    """A picture as the address of an image, which needs no file: `kind` is `svg+xml` or `png`."""
    return f"data:image/{kind};base64,{b64encode(picture).decode()}"


@contextmanager
def _laid_out(figure: Figure) -> Iterator[None]:
    """Find the places of a figure's parts once, which takes as long as to draw them.

    Left to itself, matplotlib does so for every file, and draws the figure in vain besides.
    """
    layout, dots = figure.get_layout_engine(), figure.dpi
    if layout is None:
        yield
        return
    with figure_style():
        try:
            figure.dpi = DOTS
            layout.execute(figure)
        finally:
            figure.dpi = dots
        figure.set_layout_engine(None)  # none at all, since those are the defaults in this style
    try:
        yield
    finally:
        figure.set_layout_engine(layout)


def _png(picture: Image.Image) -> bytes:
    """A PNG in 256 colours: drawings have few, and take a third of the bytes.

    To press them harder takes seven times as long, for a twentieth of the bytes.
    """
    small = BytesIO()
    # To choose them by MAXCOVERAGE takes half the time, but tints the grays of lines and grids.
    colours = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    colours.save(small, format="png", compress_level=6)
    return small.getvalue()


def save_figure(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write a figure as NAME.png and NAME.svg into a folder, which is made if it is missing."""
    with _laid_out(figure):
        return [
            write_atomically(folder / f"{name}.{ending}", figure_file(figure, ending))
            for ending in ENDINGS
        ]


FAMILY = "DejaVu Sans"
"""The font of all signs that it has, so that figures look the same everywhere."""

FOR_OTHER_SCRIPTS = (
    *("Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans", "Source Han Sans JP", "IPAexGothic"),
    *("IPAGothic", "TakaoPGothic", "VL PGothic", "Hiragino Sans", "Yu Gothic", "Meiryo"),
    *("MS Gothic", "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC"),
    *("WenQuanYi Zen Hei", "Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "NanumGothic"),
    *("Noto Sans Thai", "Noto Sans Devanagari", "Noto Sans", "Arial Unicode MS"),
)
"""The fonts of signs that `FAMILY` lacks, in this order, where they are installed."""


def families() -> list[str]:
    """The families of a figure's texts; each sign is drawn by the first that has it."""
    installed = {font.name for font in fontManager.ttflist}
    return [FAMILY, *(name for name in FOR_OTHER_SCRIPTS if name in installed)]


def has_glyph(sign: str) -> bool:
    """Whether one of `families` has a sign."""
    code = ord(sign)
    return code in _signs(FAMILY) or any(code in _signs(family) for family in families()[1:])


@contextmanager
def one_weight() -> Iterator[None]:
    """Silence what matplotlib logs of bold texts: many fonts have one weight alone."""
    logger = logging.getLogger("matplotlib.font_manager")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


@cache
def _signs(family: str) -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family=[family]))).get_charmap())
