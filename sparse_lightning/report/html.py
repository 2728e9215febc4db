"""The HTML report: one file that opens offline and shows everything a comparison has to say."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from sparse_lightning._embedding import page_frame
from sparse_lightning._figures import data_address
from sparse_lightning.comparison import FLOOR_GROUP, INDICES, Comparison
from sparse_lightning.comparison.depths import by_depth
from sparse_lightning.comparison.markers import records
from sparse_lightning.report.component_curves import ComponentCurves
from sparse_lightning.report.component_figure import strengths_of_paths
from sparse_lightning.report.component_rows import (
    compared,
    component_sentences,
    gap_rows,
    path_rows,
)
from sparse_lightning.report.findings import findings
from sparse_lightning.report.measures import (
    measure_rows,
    measured,
    measures_of,
    reference_rows,
)
from sparse_lightning.report.parts import all_readings, answer_parts
from sparse_lightning.report.published import SOURCE, part_of_l1, reproduction
from sparse_lightning.report.templating import template
from sparse_lightning.report.view import StudyFacts, View
from sparse_lightning.report.wording import bare, index_name, strengths

MOST_FAILED = 200
"""So many runs of other tools without a result are named at most."""


def report_html(
    view: View,
    diagrams: Sequence[bytes] = (),
    components: bytes = b"",
    residuals: Sequence[bytes] = (),
) -> str:
    """The page of a report: one HTML document without references to other hosts.

    First which network to take, then what it says, then whether to trust it; the rest is closed.
    Every name comes from a project file, a table or somebody's runs and is written as text, never
    as markup. `diagrams` are the structures of the networks shown from inside, `residuals` the
    figures of their residuals, empty where there is none, `components` the figure of a study of
    components, all as SVG.
    """
    comparison, axes = view.comparison, view.comparison.axes
    failed = _failed(view)
    documents = view.page() if view.page else None
    inside = documents.get("networks", {}) if documents else {}
    return template("report.html.j2").render(
        view=view,
        axes=axes,
        words=view.words,
        comparison=comparison,
        indices=[(index, index_name(index)) for index in INDICES],
        pairs=pair_rows(comparison),
        findings=findings(view),
        published=view.published,
        markers=[
            {**row, "settings": comparison.points.settings[row["marker"]]}
            for row in records(comparison.markers)
        ],
        settings=[bare(name) for name in axes.marker] or ["run"],
        failures=failed if view.study else failed[:MOST_FAILED],
        failed=len(failed),
        points=len(comparison.points.frame),
        page=page_frame(documents, f"Comparison of {view.name}") if documents else None,
        study=view.study,
        readings=all_readings(view, diagrams, residuals),
        **answer_parts(view, inside),
        **_study_context(view, view.study, components),
    )


def _failed(view: View) -> list[dict[str, Any]]:
    points = view.comparison.points.frame
    if view.study:
        networks = records(
            view.study.networks.loc[points["failed"].to_numpy()].astype({"group": str})
        )
        return [
            {
                "name": f"{row['group']}, seed {row['seed']}, {strengths(row)}",
                "failure": row["failure"],
                "url": view.run_url(row),
            }
            for row in networks
        ]
    return [
        {
            "name": f"{row['group']}, {row['run_name'] or row['run_id']}",
            "failure": row["failure"],
            "url": view.run_url(row),
        }
        for row in records(points.loc[points["failed"]])
    ]


def _study_context(view: View, study: StudyFacts | None, figure: bytes) -> dict[str, Any]:
    if study is None:
        return dict.fromkeys(("depths", "measured", "components"))
    comparison, curves = view.comparison, ComponentCurves.of(view)
    regularized = study.networks["group"] != FLOOR_GROUP
    measures = measures_of(study.targets)
    return {
        "seeds": sorted(study.networks.loc[regularized, "seed"].unique()),
        "published_source": SOURCE,
        "published_rows": _published_rows(comparison, view.published),
        "reproduction": reproduction(comparison, view.published) if view.published else [],
        "depths": by_depth(study.depths, comparison.order_by),
        "measured": measured(study.networks, measures),
        "measures": measure_rows(study.networks.astype({"group": str}), measures),
        "references": reference_rows(study.references, measures),
        "components": None if curves is None else _components(view, curves, figure),
    }


def _components(view: View, curves: ComponentCurves, figure: bytes) -> dict[str, Any]:
    inputs = view.comparison.corner[0]
    return {
        "count": curves.components,
        "figure": data_address(figure) if figure else None,
        "strengths": strengths_of_paths(curves),
        "sentences": component_sentences(curves, inputs),
        "compared": compared(curves),
        "gaps": gap_rows(curves, inputs),
        "rows": path_rows(curves),
        "alphas": curves.alphas,
    }


def _published_rows(
    comparison: Comparison, published: Mapping[str, float] | None
) -> list[dict[str, Any]]:
    """The groups' areas beside the published ones; none where none were published."""
    if not published:
        return []
    ours = comparison.indices.set_index("group")["area_marker"].to_dict()
    return [
        {
            **row,
            "published": published.get(row["group"]),
            "ratio": part_of_l1(ours, row["group"]),
            "published_ratio": part_of_l1(dict(published), row["group"]),
        }
        for row in records(comparison.indices)
    ]


def pair_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """One row a pair: for each index which group is better, and whether that is settled."""
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
