"""The comparison page as a frame of a report: the program and its data in one document."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from markupsafe import Markup, escape

BUILT = files("sparse_lightning").joinpath("page", "built")
"""Where `make page` puts the program."""


def page_frame(documents: Mapping[str, Any], title: str) -> Markup:
    """An HTML element that holds the comparison page and needs no other file.

    A frame keeps the styles of the page and of the report apart.

    Args:
        documents: what the page is fed with, as docs/reference/page-data.md describes it.
        title: of the frame, for those who hear it.
    """
    inner = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<style>{_style()}</style></head><body>"
        f'<div id="page"></div><script type="application/json" id="data">{embedded_json(documents)}'
        f'</script><script type="module">{_script()}</script></body></html>'
    )
    return Markup('<iframe class="page" title="{}" srcdoc="{}"></iframe>').format(
        title, Markup(escape(inner))
    )


def embedded_json(value: Any) -> Markup:
    """JSON that is safe between script tags: no character of it can end the script.

    Args:
        value: anything that JSON can hold; numbers must be finite.

    Returns:
        The JSON, marked as not to be escaped again.
    """
    text = json.dumps(value, allow_nan=False, default=_plain)  # ASCII, so no U+2028 either
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _plain(value: Any) -> Any:
    # plotly keeps its colours and axes as tuples and numpy values as they are.
    return value.item() if hasattr(value, "item") else list(value)


def _script() -> str:
    # In the texts of a program, the only place where they occur, these mean the same.
    text = BUILT.joinpath("page.js").read_text(encoding="utf-8")
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _style() -> str:
    return BUILT.joinpath("page.css").read_text(encoding="utf-8").replace("</style", "<\\/style")
