"""The files of the page."""

import re
from pathlib import Path

from flask import Response, send_from_directory

from sparse_lightning.server.words import RefusedError, Words

PAGE = Path(__file__).parents[1] / "page" / "built"

HASHED = re.compile(r"[-.][0-9A-Za-z_-]{8,}\.(?:js|css|woff2|svg|png|map)$")
"""Names that bundlers give: another content has another name, so the file is kept for good."""

YEAR = 365 * 24 * 3600


def page_file(folder: Path, name: str) -> Response:
    """A file of the page.

    Args:
        folder: of the page; no file outside of it is given.
        name: of the file in it.

    Raises:
        RefusedError: the page was not built.
        NotFound: there is no such file.
    """
    if not (folder / "index.html").is_file():
        raise RefusedError(Words.NO_PAGE)
    response = send_from_directory(folder.resolve(), name)
    if HASHED.search(name):
        response.headers["Cache-Control"] = f"private, max-age={YEAR}, immutable"
    else:
        response.headers["Cache-Control"] = "private, no-cache"
    return response
