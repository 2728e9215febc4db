"""The interactive figure of components (plotly): the same two panels as in print."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from sparse_lightning._text import number, plotly_text
from sparse_lightning.comparison import FLOOR_GROUP
from sparse_lightning.comparison.frames import records
from sparse_lightning.report.colours import EXACT_LOOK, SPARSE_PCA_LOOK, Look, looks
from sparse_lightning.report.component_curves import (
    BP,
    EXACT,
    SPARSE_PCA,
    UNREGULARIZED,
    ComponentCurves,
)
from sparse_lightning.report.components import CONTRIBUTION, strengths_of_paths
from sparse_lightning.report.view import View

LEFT, RIGHT = "", "2"

_NEUTRAL = "#8b8f98"
_PAGE: dict[str, Any] = {
    "template": None,
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"family": "system-ui, sans-serif", "size": 13},
    "margin": {"l": 10, "r": 10, "t": 34, "b": 10},
    "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": _NEUTRAL, "activecolor": "#2f6fd0"},
    "hovermode": "closest",
    "hoverlabel": {"align": "left"},
    "legend": {"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0},
}
"""The layout of the figure, which lies on the page's own ground."""

INK = "ink"
"""`meta` of the traces that the page draws in the colour of its text, light or dark."""


def interactive_components(study: View, curves: ComponentCurves) -> go.Figure:
    """The first n components of every method, and all of them over the strengths of each.

    A method's lines in both panels share a legend group, so that one click hides both. Colours of
    text are left to the page, those of the methods that are drawn in ink (`meta`) among them.

    Args:
        study: what is reported on.
        curves: of the study.

    Returns:
        A figure; the caller embeds it.
    """
    figure = go.Figure()
    n, alpha = curves.components, curves.nearest_alpha()
    exact, sparse = curves.exact_path, curves.sparse_curve(curves.components)
    groups = [FLOOR_GROUP, *curves.groups]
    for group, look in looks(groups).items():
        name = f"{BP} ({UNREGULARIZED})" if group == FLOOR_GROUP else group
        # Behind exact PCA, which it finds.
        behind = {"opacity": 0.5, "line": {"width": 6}, "marker": {"size": 15}}
        style = behind if group == FLOOR_GROUP else {}
        panels = (curves.path(group), curves.curve(group, n))
        _add(figure, panels, name, _group_key(study, group), look, style)
    panels = (exact, exact.loc[exact["n"] == n])
    _add(figure, panels, EXACT, "exact", EXACT_LOOK, {"meta": INK})
    panels = (sparse.head(0) if alpha is None else curves.sparse_path(alpha), sparse)
    style = {"meta": INK, "line": {"dash": "dash"}}
    _add(figure, panels, SPARSE_PCA, "sparse", SPARSE_PCA_LOOK, style)
    across = study.labels[0]
    figure.update_layout(
        **{**_PAGE, "margin": {**_PAGE["margin"], "t": 64}},
        xaxis={**_axis(across), "domain": [0, 0.46]},
        yaxis=_axis(CONTRIBUTION),
        xaxis2={**_axis(across), "domain": [0.56, 1], "anchor": "y2"},
        yaxis2={**_axis(CONTRIBUTION), "anchor": "x2"},
        annotations=[
            _heading(f"The first n = 1, …, {n} components", strengths_of_paths(curves), 0),
            _heading(f"All {n} components", "over the strengths of each method", 0.56),
        ],
    )
    return figure


def _add(
    figure: go.Figure,
    panels: Sequence[pd.DataFrame],
    name: str,
    key: str,
    look: Look,
    style: dict[str, Any],
) -> None:
    """A method's line in each panel that has something of it; the first is in the legend."""
    shown = False
    for axis, rows in zip((LEFT, RIGHT), panels, strict=True):
        if len(rows):
            figure.add_trace(_trace(rows, name, look, style, axis))
            figure.data[-1].update(legendgroup=key, showlegend=not shown)
            shown = True


def _trace(
    rows: pd.DataFrame, name: str, look: Look, style: dict[str, Any], axis: str
) -> go.Scatter:
    return go.Scatter(
        **{
            **style,
            "x": rows["loadings"].tolist(),
            "y": rows["contribution"].tolist(),
            "xaxis": f"x{axis}",
            "yaxis": f"y{axis}",
            "mode": "lines+markers",
            "name": plotly_text(name, 32),
            "line": {"color": look.colour, "width": 2, **style.get("line", {})},
            "marker": {
                "color": look.colour,
                "size": 8,
                "symbol": look.symbol,
                **style.get("marker", {}),
            },
            "hovertext": [_text(row, name) for row in records(rows)],
            "hoverinfo": "text",
        }
    )


def _text(row: dict[str, Any], name: str) -> str:
    first = "1 component" if row["n"] == 1 else f"first {row['n']} components"
    strength = ""
    if row.get("l1_weight"):
        strength = f", λ = {row['l1_weight']:g}"
    elif row.get("alpha") == row.get("alpha") is not None:
        strength = f", α = {row['alpha']:g}"
    return (
        f"<b>{plotly_text(name)}</b>{strength}<br>{first}<br>"
        f"contribution {number(row['contribution'])}<br>mean loadings {number(row['loadings'])}"
    )


def _heading(title: str, note: str, x: float) -> dict[str, Any]:
    return {
        "text": f"<b>{plotly_text(title)}</b><br>{plotly_text(note)}",
        "x": x,
        "y": 1,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 8,
        "align": "left",
        "showarrow": False,
    }


def _axis(title: str) -> dict[str, Any]:
    """An axis on the page's own ground."""
    return {
        "gridcolor": "rgba(128,128,128,0.22)",
        "zeroline": False,
        "automargin": True,
        "title": {"text": plotly_text(title), "standoff": 8},
    }


def _group_key(study: View, group: str) -> str:
    """A group's legend group: its position, because a name may be any text."""
    groups = [FLOOR_GROUP, *study.comparison.groups]
    return f"group-{groups.index(group)}"
