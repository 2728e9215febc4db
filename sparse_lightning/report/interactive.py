"""The interactive Pareto curves of the HTML report (plotly): hover, toggle, open a run."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from sparse_lightning.drawing.wording import number, plotly_text
from sparse_lightning.pareto import FLOOR_GROUP, failures
from sparse_lightning.pareto.frames import along_the_curve, of_group, records
from sparse_lightning.report.colours import Look, looks
from sparse_lightning.report.figures import wants_log
from sparse_lightning.report.view import StudyView
from sparse_lightning.report.wording import labels, strengths

_NEUTRAL = "#8b8f98"

PAGE: dict[str, Any] = {
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
"""The layout of a figure that lies on the page's own ground."""


def interactive_figure(study: StudyView) -> go.Figure:
    """The curves, every network as a faint point, and the floor.

    Each network's `customdata` is the address of its run (or None), which the page opens on click.
    A group's curve and points share a legend group, so that one click hides both. Colours of text
    and background are left to the page, which follows the reader's light or dark scheme.

    Args:
        study: what is reported on.

    Returns:
        A figure; the caller embeds it.
    """
    comparison, networks = study.comparison, study.networks
    named = labels(study.task)
    survived = networks.loc[~failures(networks)]
    figure = go.Figure()
    for group, look in looks([str(group) for group in networks["group"].unique()]).items():
        points = of_group(survived, group)
        if points.empty:
            continue
        figure.add_trace(_networks_trace(study, points, group, look))
        if group != FLOOR_GROUP:
            figure.add_trace(_curve_trace(study, group, look))
    figure.add_trace(_floor_trace(study))
    figure.update_layout(
        **PAGE,
        xaxis=page_axis(named.across(comparison.connection_threshold)),
        yaxis={
            **page_axis(named.error),
            "type": "log" if wants_log(comparison) else "linear",
        },
    )
    return figure


def page_axis(title: str) -> dict[str, Any]:
    """An axis of a figure that lies on the page's own ground."""
    return {
        "gridcolor": "rgba(128,128,128,0.22)",
        "zeroline": False,
        "automargin": True,
        "title": {"text": plotly_text(title), "standoff": 8},
    }


def _networks_trace(study: StudyView, points: pd.DataFrame, group: str, look: Look) -> go.Scatter:
    rows = records(points)
    return go.Scatter(
        x=points["connections"].tolist(),
        y=points["squared_error"].tolist(),
        mode="markers",
        name=_legend_text(group),
        legendgroup=group_key(study, group),
        showlegend=group == FLOOR_GROUP,
        marker={"color": look.colour, "size": 6, "opacity": 0.35},
        customdata=[study.network_url(row) for row in rows],
        hovertext=[_network_text(row, group) for row in rows],
        hoverinfo="text",
    )


def _curve_trace(study: StudyView, group: str, look: Look) -> go.Scatter:
    markers = along_the_curve(of_group(study.comparison.markers, group))
    return go.Scatter(
        x=markers["connections"].tolist(),
        y=markers["squared_error"].tolist(),
        mode="lines+markers",
        name=_legend_text(group),
        legendgroup=group_key(study, group),
        line={"color": look.colour, "width": 2},
        marker={"color": look.colour, "size": 9, "symbol": look.symbol},
        hovertext=[
            f"<b>{plotly_text(group)}</b>, mean over {row['seeds']} "
            f"{'seed' if row['seeds'] == 1 else 'seeds'}<br>"
            f"λ = {row['l1_weight']:g}<br>"
            f"connections {number(row['connections'])}<br>"
            f"squared error {number(row['squared_error'])}"
            + (f"<br>failed {row['failed']}" if row["failed"] else "")
            for row in records(markers)
        ],
        hoverinfo="text",
    )


def _floor_trace(study: StudyView) -> go.Scatter:
    floor = study.comparison.floor
    drawn = [*study.comparison.markers["connections"], study.comparison.connections_total]
    return go.Scatter(
        x=[min(drawn), max(drawn)],
        y=[floor, floor],
        mode="lines",
        name="floor",
        line={"color": _NEUTRAL, "width": 1.5, "dash": "dash"},
        hovertext=f"floor {number(floor)}",
        hoverinfo="text",
    )


def group_key(study: StudyView, group: str) -> str:
    """A group's legend group: its position, because a name may be any text."""
    groups = [str(name) for name in study.networks["group"].unique()]
    return f"group-{groups.index(group)}"


def _network_text(network: dict[str, Any], group: str) -> str:
    name = network.get("run_name")
    name = name if isinstance(name, str) and name else network["run_id"]
    return (
        f"<b>{plotly_text(group)}</b>, seed {plotly_text(str(network['seed']))}<br>"
        f"{strengths(network)}<br>"
        f"connections {number(network['connections'])}<br>"
        f"squared error {number(network['squared_error'])}<br>"
        f"{plotly_text(str(name))}"
    )


def _legend_text(group: str) -> str:
    return plotly_text("unregularized" if group == FLOOR_GROUP else group, 32)
