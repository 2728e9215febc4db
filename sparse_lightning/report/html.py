"""The HTML report: one file that opens offline and shows everything a study has to say."""

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from itertools import combinations
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from sparse_lightning._embedding import page_frame
from sparse_lightning._text import number
from sparse_lightning.comparison import FLOOR_GROUP, INDICES, Comparison, failures
from sparse_lightning.comparison.depths import by_depth
from sparse_lightning.comparison.frames import records
from sparse_lightning.interpret.agreement import Agreement, summary
from sparse_lightning.report.colours import looks
from sparse_lightning.report.component_curves import ComponentCurves
from sparse_lightning.report.component_rows import (
    compared,
    component_sentences,
    gap_rows,
    path_rows,
)
from sparse_lightning.report.components import strengths_of_paths
from sparse_lightning.report.measures import measure_rows, measured, reference_rows
from sparse_lightning.report.published import SOURCE, reproduction
from sparse_lightning.report.view import Reading, StudyView
from sparse_lightning.report.wording import index_name, interval, markdown_cell, strengths


def report_html(study: StudyView, diagrams: Sequence[bytes] = (), components: bytes = b"") -> str:
    """The page of a study.

    Every name comes from a project file or a table and is written as text, never as markup.

    Args:
        study: what is reported on.
        diagrams: the structure of each network that is shown from inside, as SVG.
        components: the figure of a study of components, as SVG.

    Returns:
        An HTML document without references to other hosts.
    """
    published = study.published
    comparison = study.comparison
    curves = ComponentCurves.of(study)
    networks = study.networks.astype({"group": str})
    return template("report.html.j2").render(
        study=study,
        comparison=comparison,
        indices=[(index, index_name(index)) for index in INDICES],
        groups=_group_rows(study, published),
        pairs=pair_rows(comparison),
        findings=_findings(study),
        published=published,
        published_source=SOURCE,
        reproduction=reproduction(comparison, published) if published else [],
        markers=records(comparison.markers),
        failures=[
            {**row, "url": study.network_url(row), "strengths": strengths(row)}
            for row in records(networks.loc[failures(networks)])
        ],
        trained=len(networks),
        seeds=sorted(networks.loc[networks["group"] != FLOOR_GROUP, "seed"].unique()),
        colours={group: look.colour for group, look in looks(comparison.groups).items()},
        depths=by_depth(study.depths, study.index),
        measured=measured(networks),
        measures=measure_rows(networks),
        references=reference_rows(study.references),
        readings=[
            _reading(study, reading, diagram)
            for reading, diagram in zip(study.readings, diagrams, strict=True)
        ],
        components=None if curves is None else _components(study, curves, components),
        page=None
        if study.page is None
        else page_frame(study.page(), f"Comparison of {study.name}"),
    )


def _components(study: StudyView, curves: ComponentCurves, figure: bytes) -> dict[str, Any]:
    inputs = study.comparison.connections_total
    return {
        "count": curves.components,
        "figure": _data_address(figure) if figure else None,
        "strengths": strengths_of_paths(curves),
        "sentences": component_sentences(curves, inputs),
        "compared": compared(curves),
        "gaps": gap_rows(curves, inputs),
        "rows": path_rows(curves),
        "alphas": curves.alphas,
    }


def _reading(study: StudyView, reading: Reading, diagram: bytes) -> dict[str, Any]:
    return {
        "title": reading.title,
        "url": study.network_url({"run_id": reading.run_id}),
        "sentences": reading.sentences,
        "losses": None if reading.losses is None else records(reading.losses),
        "diagram": _data_address(diagram),
        "agreement": None if reading.agreement is None else _agreement(reading.agreement),
    }


def _agreement(agreement: Agreement) -> dict[str, Any]:
    return {
        "method": agreement.method.replace("_", " "),
        "rows": agreement.rows,
        "summary": summary(agreement),
        "outputs": records(agreement.outputs),
        "sentences": agreement.sentences,
    }


def _data_address(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"


def template(name: str) -> Template:
    """A template of this package; what it is given is text, never markup, but in Markdown."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sparse_lightning.report", "templates"),
        autoescape=lambda name: name is None or not name.endswith(".md.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "interval": interval, "cell": markdown_cell}
    return environment


def _group_rows(study: StudyView, published: dict[str, float] | None) -> list[dict[str, Any]]:
    frame = study.comparison.indices.sort_values(study.index, kind="stable")
    ours = frame.set_index("group")["area_marker"].to_dict()
    published = published or {}
    return [
        {
            **row,
            "published": published.get(row["group"]),
            "ratio": _ratio(ours, row["group"]),
            "published_ratio": _ratio(published, row["group"]),
        }
        for row in records(frame)
    ]


def _ratio(values: dict[Any, float], group: str) -> float | None:
    """A group's area divided by that of L1; None where either is missing."""
    if not values.get("L1") or values.get(group) is None:
        return None
    return values[group] / values["L1"]


def pair_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """One row a pair: for each index which group is better, and whether the seeds settle it."""
    table = {(row["index"], row["first"], row["second"]): row for row in records(comparison.pairs)}
    return [
        {
            "first": first,
            "second": second,
            "cells": [_pair_cell(table[index, first, second]) for index in INDICES],
        }
        for first, second in combinations(comparison.groups, 2)
    ]


def _pair_cell(pair: dict[str, Any]) -> dict[str, Any]:
    difference = pair["difference"]
    better = pair["first"] if difference < 0 else pair["second"] if difference > 0 else None
    return {**pair, "better": better}


def _findings(study: StudyView) -> list[str]:
    found = study.comparison.findings()
    if not study.floor_settled:
        found.insert(
            0,
            f"The floor did not settle: after {study.floor_epochs} epochs the unregularized error "
            "was still falling, so every area is too small.",
        )
    return found
