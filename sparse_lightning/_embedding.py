"""The page with its data in one document: a file of its own, or a frame of a report."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from markupsafe import Markup, escape

BUILT = files("sparse_lightning").joinpath("page", "built")
"""Where `make page` puts the program."""

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)
"""What the browser lets the document do: nothing of another host."""


def page_document(documents: Mapping[str, Any], title: str) -> Markup:
    """An HTML document that holds the page and needs no other file.

    `documents` are the data of the page, as docs/reference/page-data.md describes them.
    """
    return Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta http-equiv="Content-Security-Policy" content="{}">'
        "<title>{}</title><style>{}</style></head><body>"
        '<div id="page"></div><script type="application/json" id="data">{}</script>'
        '<script type="module">{}</script></body></html>'
    ).format(POLICY, title, Markup(_style()), embedded_json(documents), Markup(_script()))


HEIGHT = 620
"""Pixels of the frame until the page within has told its own height: the curves, their legend."""


def page_frame(documents: Mapping[str, Any], title: str) -> Markup:
    """The same as a frame, which keeps the styles of the page and of the report apart.

    The page in it makes the frame as high as what it shows.
    """
    return Markup(
        '<iframe class="page" title="{}" style="height: {}px" srcdoc="{}"></iframe>'
    ).format(title, HEIGHT, Markup(escape(str(page_document(documents, title)))))


def embedded_json(value: Any) -> Markup:
    """JSON that is safe between script tags: no character of it can end the script.

    Numbers must be finite.
    """
    text = json.dumps(value, allow_nan=False)  # ASCII, so no U+2028 either
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _script() -> str:
    # In the texts of a program, the only place where they occur, these mean the same.
    text = BUILT.joinpath("page.js").read_text(encoding="utf-8")
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _style() -> str:
    return BUILT.joinpath("page.css").read_text(encoding="utf-8").replace("</style", "<\\/style")
