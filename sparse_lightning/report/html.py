"""The HTML report: one file that opens offline and shows everything a comparison has to say."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import combinations
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from sparse_lightning._embedding import page_frame
from sparse_lightning._text import number
from sparse_lightning.comparison import FLOOR_GROUP, INDICES, NETWORKS, Comparison
from sparse_lightning.comparison.depths import by_depth
from sparse_lightning.comparison.markers import records
from sparse_lightning.comparison.points import usable
from sparse_lightning.interpret.agreement import Agreement, summary
from sparse_lightning.report.answer import answer, rule
from sparse_lightning.report.component_curves import ComponentCurves
from sparse_lightning.report.component_figure import strengths_of_paths
from sparse_lightning.report.component_rows import (
    compared,
    component_sentences,
    gap_rows,
    path_rows,
)
from sparse_lightning.report.figures import looks
from sparse_lightning.report.findings import findings
from sparse_lightning.report.published import SOURCE, part_of_l1, reproduction
from sparse_lightning.report.residuals import residual_caption
from sparse_lightning.report.view import Reading, StudyFacts, View
from sparse_lightning.report.wording import (
    bare,
    good,
    index_name,
    interval,
    markdown_cell,
    setting_text,
    strengths,
)

MOST_FAILED = 200
"""So many runs of other tools without a result are named at most."""

MEASURES = {
    "squared_error": "training: squared error",
    "accuracy": "training: accuracy",
    "balanced_accuracy": "training: balanced accuracy",
    "roc_auc": "training: area under the ROC curve",
    "heldout_accuracy": "held out: accuracy",
    "heldout_balanced_accuracy": "held out: balanced accuracy",
    "heldout_roc_auc": "held out: area under the ROC curve",
    "heldout_squared_error": "held out: squared error",
    "heldout_explained": "held out: explained",
    **{
        f"{part}_{measure}": f"{part}: {text}"
        for part in ("validation", "test")
        for measure, text in (
            ("squared_error", "squared error"),
            ("explained", "explained"),
            ("accuracy", "accuracy"),
            ("balanced_accuracy", "balanced accuracy"),
            ("roc_auc", "area under the ROC curve"),
        )
    },
}
"""Headings of the measures of networks; `explained` is 1 − error / error without weights."""

BESIDE = ("validation_squared_error", "test_squared_error", "heldout_explained")
"""Where there is one of these, the squared error of the training rows stands beside it."""

NUMBERS = {"r2": "R²", "mae": "mean absolute error", "rmse": "root of the mean squared error"}
"""What each prediction of numbers is measured by, the latter two in the unit of the target."""

ROWS = {
    "": "training",
    "heldout_": "held out",
    "validation_": "validation",
    "test_": "test",
}
"""The rows that predictions are measured on, by what the names of the measures begin with."""


def measures_of(targets: Sequence[str]) -> Mapping[str, str]:
    """The headings of all measures there may be of networks that predict these numbers, or
    classes, by the names of their columns.
    """
    if not targets:
        return MEASURES
    names = dict(NUMBERS)
    if len(targets) > 1:
        names = {"r2": "R², mean over the targets"} | {
            f"{name}_target_{place}": f"{text} of {target}"
            for name, text in NUMBERS.items()
            for place, target in enumerate(targets, start=1)
        }
    names["squared_error"] = "squared error"
    return {
        f"{prefix}{name}": f"{rows}: {text}"
        for prefix, rows in ROWS.items()
        for name, text in names.items()
    }


def report_html(
    view: View,
    diagrams: Sequence[bytes] = (),
    components: bytes = b"",
    residuals: Sequence[bytes] = (),
) -> str:
    """The page of a report: one HTML document without references to other hosts.

    Every name comes from a project file, a table or somebody's runs and is written as text, never
    as markup. `diagrams` are the structures of the networks shown from inside, `residuals` the
    figures of their residuals, empty where there is none, `components` the figure of a study of
    components, all as SVG.
    """
    comparison, axes = view.comparison, view.comparison.axes
    failed = _failed(view)
    return template("report.html.j2").render(
        view=view,
        axes=axes,
        words=view.words,
        comparison=comparison,
        indices=[(index, index_name(index)) for index in INDICES],
        groups=_group_rows(comparison, view.published),
        pairs=pair_rows(comparison),
        findings=findings(view),
        answer=answer(view),
        rule=rule(view),
        published=view.published,
        markers=[
            {**row, "settings": comparison.points.settings[row["marker"]]}
            for row in records(comparison.markers)
        ],
        settings=[bare(name) for name in axes.marker] or ["run"],
        failures=failed if view.study else failed[:MOST_FAILED],
        failed=len(failed),
        points=len(comparison.points.frame),
        colours={group: look.colour for group, look in looks(comparison.groups).items()},
        page=page_frame(view.page(), f"Comparison of {view.name}") if view.page else None,
        study=view.study,
        **_study_context(view, view.study, diagrams, components, residuals),
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


def _study_context(
    view: View,
    study: StudyFacts | None,
    diagrams: Sequence[bytes],
    figure: bytes,
    residuals: Sequence[bytes],
) -> dict[str, Any]:
    if study is None:
        return dict.fromkeys(("depths", "measured", "readings", "components"))
    comparison, curves = view.comparison, ComponentCurves.of(view)
    regularized = study.networks["group"] != FLOOR_GROUP
    measures = measures_of(study.targets)
    return {
        "seeds": sorted(study.networks.loc[regularized, "seed"].unique()),
        "published_source": SOURCE,
        "reproduction": reproduction(comparison, view.published) if view.published else [],
        "depths": by_depth(study.depths, comparison.order_by),
        "measured": measured(study.networks, measures),
        "measures": measure_rows(study.networks.astype({"group": str}), measures),
        "references": reference_rows(study.references, measures),
        "readings": [
            _reading(view, reading, diagram, figure)
            for reading, diagram, figure in zip(
                study.readings, diagrams, residuals or [b""] * len(diagrams), strict=True
            )
        ],
        "components": None if curves is None else _components(view, curves, figure),
    }


def _components(view: View, curves: ComponentCurves, figure: bytes) -> dict[str, Any]:
    inputs = view.comparison.corner[0]
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


def _reading(view: View, reading: Reading, diagram: bytes, residuals: bytes) -> dict[str, Any]:
    return {
        "title": reading.title,
        "url": view.run_url({"run_id": reading.run_id}),
        "sentences": reading.sentences,
        "losses": None if reading.losses is None else records(reading.losses),
        "diagram": _data_address(diagram),
        "residuals": _data_address(residuals) if residuals else None,
        "residual_caption": residual_caption(reading.predictions) if reading.predictions else "",
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
    environment.filters |= {"setting": setting_text, "good": good}
    return environment


def _group_rows(comparison: Comparison, published: dict[str, float] | None) -> list[dict[str, Any]]:
    ours = comparison.indices.set_index("group")["area_marker"].to_dict()
    published = published or {}
    return [
        {
            **row,
            "published": published.get(row["group"]),
            "ratio": part_of_l1(ours, row["group"]),
            "published_ratio": part_of_l1(published, row["group"]),
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


def measured(networks: pd.DataFrame, measures: Mapping[str, str] = MEASURES) -> dict[str, str]:
    """The measures that the networks have, by the name of their column, with their headings."""
    beside = any(name in networks.columns for name in BESIDE)
    return {
        name: text
        for name, text in measures.items()
        if name in networks.columns and (beside or name != NETWORKS.y)
    }


def measure_rows(
    networks: pd.DataFrame, measures: Mapping[str, str] = MEASURES
) -> list[dict[str, Any]]:
    """Means over the seeds that did not fail, one row a group and λ."""
    names = ["connections", *measured(networks, measures)]
    failed = networks["failed"] | ~usable(networks, (NETWORKS.x, NETWORKS.y))
    sound = networks.loc[~failed]
    means = sound.groupby(["group", "l1_weight"], sort=False)[names].mean()
    return records(means.reset_index())


def reference_rows(
    references: Mapping[str, float], measures: Mapping[str, str] = MEASURES
) -> list[dict[str, Any]]:
    """One row a method, from references such as `logistic_regression_heldout_accuracy`."""
    rows: dict[str, dict[str, Any]] = {}
    for key, value in references.items():
        # The longest name first: `heldout_balanced_accuracy` ends in two others.
        for measure in sorted(measures, key=len, reverse=True):
            if key.endswith(f"_{measure}"):
                method = key.removesuffix(f"_{measure}")
                rows.setdefault(method, {"method": method.replace("_", " ")})[measure] = value
                break
    return list(rows.values())
