"""The Pareto curves of any runs: for print (matplotlib), and interactive (plotly)."""

from typing import Any

import plotly.graph_objects as go
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sparse_lightning.drawing.style import FAINT, figure_style, figure_text
from sparse_lightning.drawing.wording import number, plotly_text
from sparse_lightning.pareto.frames import along_the_curve, of_group, records
from sparse_lightning.report.colours import Look, looks
from sparse_lightning.report.figures import (
    draw_group,
    draw_legend,
    entitle,
    logarithmic,
    wants_log,
)
from sparse_lightning.report.interactive import PAGE, page_axis
from sparse_lightning.report.runs.view import RunsView

LOG_FACTOR = 100.0
"""Values of x that span more than this factor are drawn on a logarithmic axis."""

_NEUTRAL = "#8b8f98"


def runs_figure(view: RunsView) -> Figure:
    """The curves of all groups above the floor, with every run behind them.

    Args:
        view: what is reported on.

    Returns:
        A figure without a window; `save_figure` writes it.
    """
    comparison = view.shown
    survived = view.points.loc[~view.points["failed"]]
    with figure_style():
        figure = Figure(figsize=(8.6, 5.4), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        drawn = [
            (draw_group(axes, comparison, survived, group, look), group)
            for group, look in looks(comparison.groups).items()
        ]
        floor = axes.axhline(view.floor, color=FAINT, linestyle=(0, (5, 4)), linewidth=1.3)
        if _log_y(view):
            logarithmic(axes)
        if _log_x(view):
            axes.set_xscale("log")
        axes.margins(x=0.04, y=0.06)
        axes.set_xlabel(figure_text(_axis(view.axes.x, view.axes.x_direction), 80))
        axes.set_ylabel(figure_text(_axis(view.axes.y, view.axes.y_direction), 60))
        entitle(axes, view.experiment)
        draw_legend(axes, [*(entry for entry in drawn if entry[0] is not None), (floor, "floor")])
    return figure


def interactive_runs(view: RunsView) -> go.Figure:
    """The curves, every run as a faint point whose `customdata` is its address, and the floor.

    Args:
        view: what is reported on.

    Returns:
        A figure; the caller embeds it.
    """
    survived = view.points.loc[~view.points["failed"]]
    figure = go.Figure()
    for place, (group, look) in enumerate(looks(view.comparison.groups).items()):
        points = of_group(survived, group)
        if not points.empty:
            key = f"group-{place}"
            figure.add_trace(_runs_trace(view, records(points), group, look, key))
            figure.add_trace(_curve_trace(view, group, look, key))
    figure.add_trace(_floor_trace(view))
    figure.update_layout(
        **PAGE,
        xaxis={
            **page_axis(_axis(view.axes.x, view.axes.x_direction)),
            "type": "log" if _log_x(view) else "linear",
        },
        yaxis={
            **page_axis(_axis(view.axes.y, view.axes.y_direction)),
            "type": "log" if _log_y(view) else "linear",
        },
    )
    return figure


def _runs_trace(
    view: RunsView, rows: list[dict[str, Any]], group: str, look: Look, key: str
) -> go.Scatter:
    return go.Scatter(
        x=[row["x"] for row in rows],
        y=[row["y"] for row in rows],
        mode="markers",
        name=plotly_text(group, 32),
        legendgroup=key,
        showlegend=False,
        marker={"color": look.colour, "size": 6, "opacity": 0.35},
        customdata=[view.run_url(row["run_id"]) for row in rows],
        hovertext=[
            f"<b>{plotly_text(group)}</b><br>{plotly_text(row['run_name'] or row['run_id'])}<br>"
            + _values(view, row["x"], row["y"], row["marker"])
            for row in rows
        ],
        hoverinfo="text",
    )


def _curve_trace(view: RunsView, group: str, look: Look, key: str) -> go.Scatter:
    markers = records(along_the_curve(of_group(view.markers, group)))
    return go.Scatter(
        x=[row["connections"] for row in markers],
        y=[row["squared_error"] for row in markers],
        mode="lines+markers",
        name=plotly_text(group, 32),
        legendgroup=key,
        line={"color": look.colour, "width": 2},
        marker={"color": look.colour, "size": 9, "symbol": look.symbol},
        hovertext=[
            f"<b>{plotly_text(group)}</b>, "
            + ("1 run<br>" if row["seeds"] == 1 else f"mean over {row['seeds']} runs<br>")
            + _values(view, row["connections"], row["squared_error"], row["marker"])
            + (f"<br>without a result {row['failed']}" if row["failed"] else "")
            for row in markers
        ],
        hoverinfo="text",
    )


def _values(view: RunsView, x: float, y: float, marker: int) -> str:
    return (
        f"{plotly_text(view.axes.x)} {number(x)}<br>{plotly_text(view.axes.y)} {number(y)}<br>"
        f"{plotly_text(view.marker_name(marker), 200)}"
    )


def _floor_trace(view: RunsView) -> go.Scatter:
    drawn = [*view.markers["connections"], view.corner[0]]
    return go.Scatter(
        x=[min(drawn), max(drawn)],
        y=[view.floor, view.floor],
        mode="lines",
        name="floor",
        line={"color": _NEUTRAL, "width": 1.5, "dash": "dash"},
        hovertext=f"floor {number(view.floor)}",
        hoverinfo="text",
    )


def _axis(name: str, direction: str) -> str:
    return f"{name} ({'small' if direction == 'min' else 'large'} is good)"


def _log_x(view: RunsView) -> bool:
    values = view.points.loc[~view.points["failed"], "x"]
    return bool(values.min() > 0 and values.max() > LOG_FACTOR * values.min())


def _log_y(view: RunsView) -> bool:
    # Of what is large where it is good, such as an accuracy, the large values are looked at.
    return view.axes.y_direction == "min" and wants_log(view.shown)
