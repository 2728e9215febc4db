"""The fonts of printed figures: the one that comes with matplotlib, and those of more scripts."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

FAMILY = "DejaVu Sans"
"""Of all signs that it has, so that figures look the same everywhere."""

FOR_OTHER_SCRIPTS = (
    *("Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans", "Source Han Sans JP", "IPAexGothic"),
    *("IPAGothic", "TakaoPGothic", "VL PGothic", "Hiragino Sans", "Yu Gothic", "Meiryo"),
    *("MS Gothic", "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC"),
    *("WenQuanYi Zen Hei", "Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "NanumGothic"),
    *("Noto Sans Thai", "Noto Sans Devanagari", "Noto Sans", "Arial Unicode MS"),
)
"""Of signs that `FAMILY` lacks: those of these that are installed, in this order."""


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
    """Keep from the user what matplotlib logs of bold texts: many fonts have one weight alone."""
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
