"""The parts of the answer, as the report and a notebook show them: choices, networks, trust."""

import math
from collections.abc import Collection, Sequence
from typing import Any

from sparse_lightning._figures import data_address
from sparse_lightning._text import number
from sparse_lightning.comparison.markers import records
from sparse_lightning.interpret.agreement import Agreement, summary
from sparse_lightning.interpret.summary import named
from sparse_lightning.report.answer import answer, choice, recommended_reading, rule
from sparse_lightning.report.baselines import baselines
from sparse_lightning.report.choices import choices, run_choices
from sparse_lightning.report.figures import looks
from sparse_lightning.report.findings import faults
from sparse_lightning.report.head import head
from sparse_lightning.report.ranking import has_agreement, ranked_by, ranking
from sparse_lightning.report.residuals import residual_caption
from sparse_lightning.report.trust import badges
from sparse_lightning.report.view import Reading, View
from sparse_lightning.report.wording import bare, index_in_words, index_name

MOST_BARS = 14
"""So many losses are drawn as bars; all of them are in the table."""

MOST_SAID = 12
"""So many statements of a network are shown at once."""


def answer_parts(view: View, inside: Collection[str] = ()) -> dict[str, Any]:
    """What the templates of the answer take, but for the networks.

    `inside` are the runs that the page in the report can look into.
    """
    comparison = view.comparison
    return {
        "head": head(view),
        "choice": choice(view),
        "rule": rule(view),
        "table": _run_table(view) if view.study is None else _choice_table(view, inside),
        "answer": answer(view),
        "badges": badges(view),
        "faults": faults(view),
        "groups": ranking(comparison),
        "group_indices": [
            (index, index_name(index)) for index in ("hypervolume_gap", "area_marker")
        ],
        "agreement": has_agreement(comparison),
        "ordered_by": index_in_words(ranked_by(comparison)),
        "colours": {group: look.colour for group, look in looks(comparison.groups).items()},
    }


def _choice_table(view: View, inside: Collection[str]) -> dict[str, Any]:
    assert view.study is not None, "runs of other tools are no choice of networks"
    rows, total = choices(view), number(view.comparison.corner[0], 6)
    pca = view.study.task == "pca"
    worth = "explained"
    if view.study.task == "regressor":
        worth = "R²"
    elif view.study.task == "classifier" and "accuracy" in view.study.networks.columns:
        worth = "accuracy"
    return {
        "used": f"{'loadings a component' if pca else 'connections'}, of {total}",
        "rows": rows,
        "worth": worth,
        "in_percent": worth != "R²",
        "baselines": baselines(view),
        "held_out": any(math.isfinite(row.held_out) for row in rows),
        "agreement": any(math.isfinite(row.agreement) for row in rows),
        "inside": set(inside),
    }


def _run_table(view: View) -> dict[str, Any]:
    comparison = view.comparison
    settings = comparison.points.settings
    return {
        "rows": [
            {
                **row,
                "use": named(
                    row["group"],
                    {bare(name): value for name, value in settings[row["marker"]].items()},
                ),
            }
            for row in records(run_choices(comparison))
        ]
    }


def reading_parts(
    view: View, reading: Reading, diagram: bytes, residuals: bytes = b""
) -> dict[str, Any]:
    """A network from inside, with its figures as SVG; without residuals where there are none."""
    recommended, losses = recommended_reading(view), None
    if reading.losses is not None:
        losses = records(reading.losses.sort_values("loss", kind="stable", na_position="last"))
    return {
        "title": reading.title,
        "recommended": recommended is not None and recommended.run_id == reading.run_id,
        "url": view.run_url({"run_id": reading.run_id}),
        "summary": reading.summary,
        "votes": reading.votes[:MOST_SAID],
        "more_votes": reading.votes[MOST_SAID:],
        "sentences": reading.sentences,
        "losses": losses,
        "bars": [row for row in losses or [] if math.isfinite(row["loss"])][:MOST_BARS],
        "diagram": data_address(diagram),
        "residuals": data_address(residuals) if residuals else None,
        "residual_caption": residual_caption(reading.predictions) if reading.predictions else "",
        "agreement": None if reading.agreement is None else _agreement(reading.agreement),
    }


def all_readings(
    view: View, diagrams: Sequence[bytes], residuals: Sequence[bytes]
) -> list[dict[str, Any]]:
    """Every network that a study shows from inside, the recommended one first."""
    readings = view.study.readings if view.study else ()
    figures = zip(readings, diagrams, residuals or [b""] * len(diagrams), strict=True)
    return [reading_parts(view, *each) for each in figures]


def _agreement(agreement: Agreement) -> dict[str, Any]:
    return {
        "method": agreement.method.replace("_", " "),
        "rows": agreement.rows,
        "summary": summary(agreement),
        "outputs": records(agreement.outputs),
        "sentences": agreement.sentences,
    }
