"""The Pareto curves of any runs in print (matplotlib)."""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sparse_lightning._figures import FAINT, figure_style, figure_text
from sparse_lightning.report.colours import looks
from sparse_lightning.report.figures import (
    draw_group,
    draw_legend,
    entitle,
    logarithmic,
    wants_log,
)
from sparse_lightning.report.runs.view import RunsView

LOG_FACTOR = 100.0
"""Values of x that span more than this factor are drawn on a logarithmic axis."""


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


def _axis(name: str, direction: str) -> str:
    return f"{name} ({'small' if direction == 'min' else 'large'} is good)"


def _log_x(view: RunsView) -> bool:
    values = view.points.loc[~view.points["failed"], "x"]
    return bool(values.min() > 0 and values.max() > LOG_FACTOR * values.min())


def _log_y(view: RunsView) -> bool:
    # Of what is large where it is good, such as an accuracy, the large values are looked at.
    return view.axes.y_direction == "min" and wants_log(view.shown)
