"""An overview of several studies as a page, as Markdown, and as files for other programs."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sparse_lightning._files import csv_text, write_atomically
from sparse_lightning.comparison import INDICES
from sparse_lightning.comparison.frames import records
from sparse_lightning.report.document import plain
from sparse_lightning.report.html import template
from sparse_lightning.report.overview import Column, leading, overview_findings, overview_frame
from sparse_lightning.report.published import SOURCE
from sparse_lightning.report.wording import index_name


@dataclass(frozen=True, eq=False)
class Overview:
    """What an overview page shows.

    Attributes:
        title: of the page.
        columns: the studies.
        origin: what the figures were made with: versions, commit, machine, date.
        figures: the caption of each figure by its path without ending, relative to the page.
        command: that wrote it.
        note: what a reader must know first, or nothing.
    """

    title: str
    columns: Sequence[Column]
    origin: Mapping[str, str]
    figures: Mapping[str, str]
    command: str
    note: str = ""


def write_overview(overview: Overview, folder: Path, name: str) -> Path:
    """Write `NAME.html`, `NAME.md`, `NAME.csv` and `NAME.json`; returns the page's path.

    The Markdown begins at the second level of headings, so that several can follow each other in
    one document.

    Args:
        overview: what to show; its figures lie in the folder already.
        folder: where to.
        name: of the files.
    """
    frame = overview_frame(overview.columns)
    findings = overview_findings(overview.columns)
    first = leading(overview.columns)
    context = {
        "overview": overview,
        "findings": findings,
        "groups": list(dict.fromkeys(frame["group"])),
        "cells": {(row["column"], row["group"]): row for row in records(frame)},
        "indices": [(index, index_name(index)) for index in sorted(INDICES, key=first.__ne__)],
        "published": any(column.published for column in overview.columns),
        "source": SOURCE,
        "total": sum(column.seconds for column in overview.columns),
    }
    write_atomically(folder / f"{name}.csv", csv_text(frame))
    document = {
        "version": 1,
        "title": overview.title,
        "note": overview.note,
        "origin": dict(overview.origin),
        "findings": findings,
        "rows": [{name: plain(value) for name, value in row.items()} for row in records(frame)],
    }
    write_atomically(
        folder / f"{name}.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    )
    markdown = template("overview.md.j2").render(context)
    write_atomically(folder / f"{name}.md", markdown)
    pictures = {path: _embedded(folder / f"{path}.png") for path in overview.figures}
    page = template("overview.html.j2").render(context, pictures=pictures)
    return write_atomically(folder / f"{name}.html", page)


def _embedded(picture: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode()
