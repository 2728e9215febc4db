"""The figures of a comparison for print: curves and indices (matplotlib, no display)."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from sparse_lightning._figures import FAINT, QUIET, figure_style, figure_text
from sparse_lightning._text import number, shortened
from sparse_lightning.comparison import FLOOR_GROUP, INDICES, Comparison
from sparse_lightning.comparison.frames import along_the_curve, of_group, records
from sparse_lightning.report.colours import Look, looks, looks_of
from sparse_lightning.report.view import View
from sparse_lightning.report.wording import index_name

LOG_FACTOR = 10.0
"""Values of y that span more than this factor are drawn on a logarithmic axis."""

LOG_FACTOR_ACROSS = 100.0
"""Likewise values of x, of runs of other tools."""

MOST_POINTS = 1000
"""More points than these are a picture in the SVG file, which is otherwise megabytes large."""


def pareto_figure(view: View) -> Figure:
    """The Pareto curves of all groups above the floor, with every point behind them.

    A marker is the mean over the replicates; its bars reach one standard deviation to each side.

    Returns:
        A figure without a window; `save_figure` writes it.
    """
    comparison = view.comparison
    points = comparison.points.sound
    with figure_style():
        figure = Figure(figsize=(8.6, 5.4), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        drawn = [
            (_draw_group(axes, comparison, points, group, look), _label(view, group))
            for group, look in looks_of(comparison).items()
        ]
        floor = axes.axhline(
            comparison.floor, color=FAINT, linestyle=(0, (5, 4)), linewidth=1.3, zorder=1.5
        )
        # Of what is large where it is good, such as an accuracy, the large values are looked at.
        if comparison.axes.y_direction == "min" and _spans(
            [*comparison.markers["y"], comparison.floor], LOG_FACTOR
        ):
            _logarithmic(axes)
        axes.margins(x=0.04, y=0.06)
        if view.study:
            axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
        elif _spans(points["x"].tolist(), LOG_FACTOR_ACROSS):
            axes.set_xscale("log")
        across, upwards = view.labels
        axes.set_xlabel(figure_text(across, 80))
        axes.set_ylabel(figure_text(upwards, 60))
        entitle(axes, view.title)
        legend = [entry for entry in drawn if entry[0] is not None]
        _draw_legend(axes, [*legend, (floor, "floor")])
    return figure


def index_figure(comparison: Comparison, replicates: str = "seeds") -> Figure:
    """All three indices of every group with their intervals, one panel an index, best on top.

    Args:
        comparison: the groups compared.
        replicates: the word for what intervals are over.

    Returns:
        A figure without a window; `save_figure` writes it.
    """
    frame = comparison.indices
    look = looks(comparison.groups)
    rows = range(len(frame))
    with figure_style():
        figure = Figure(figsize=(9.6, 1.35 + 0.36 * len(frame)), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, len(INDICES), sharey=True)
        for panel, index in zip(panels, INDICES, strict=True):
            for row, values in zip(rows, records(frame), strict=True):
                _draw_index(panel, row, values, index, look[values["group"]])
            _trim_panel(panel, frame, index)
        panels[0].set_yticks(rows, [figure_text(group, 36) for group in frame["group"]])
        panels[0].set_ylim(len(frame) - 0.4, -0.6)
        note = (
            f"smaller is better; lines: {comparison.confidence:.0%} bootstrap intervals over "
            f"{replicates}"
        )
        figure.supxlabel(note, fontsize=9, color=QUIET)
    return figure


def _spans(values: list[float], factor: float) -> bool:
    """Whether a logarithmic axis reads better."""
    return min(values) > 0 and max(values) > factor * min(values)


def _draw_group(axes: Axes, comparison: Comparison, points: pd.DataFrame, group: str, look: Look):
    """Draw the points and the curve of a group; returns what the legend shows for it."""
    mine = of_group(points, group)
    if mine.empty:
        return None
    rasterized = len(points) > MOST_POINTS
    axes.plot(
        mine["x"],
        mine["y"],
        color=look.colour,
        marker="o",
        markersize=3.2,
        markeredgewidth=0,
        linestyle="none",
        alpha=0.3,
        zorder=2,
        rasterized=rasterized,
    )
    if group == comparison.axes.floor_group:
        (dot,) = axes.plot([], [], color=look.colour, marker="o", markersize=4, linestyle="none")
        return dot
    markers = along_the_curve(of_group(comparison.markers, group))
    spread = mine.groupby("marker")[["x", "y"]].std(ddof=0).reindex(markers["marker"])
    axes.errorbar(
        markers["x"],
        markers["y"],
        xerr=spread["x"],
        yerr=spread["y"],
        fmt="none",
        ecolor=look.colour,
        elinewidth=1,
        alpha=0.5,
        zorder=2.5,
        rasterized=rasterized,
    )
    (line,) = axes.plot(
        markers["x"],
        markers["y"],
        color=look.colour,
        marker=look.marker,
        markersize=7,
        markeredgecolor="white",
        markeredgewidth=0.8,
        linewidth=1.8,
        zorder=3,
    )
    return line


def _draw_legend(axes: Axes, entries: list[tuple]) -> None:
    """Draw a legend beside the axes, of `(what is drawn, name)`."""
    handles = [handle for handle, _ in entries]
    names = [figure_text(name, 36) for _, name in entries]
    # matplotlib leaves out labels that begin with an underscore.
    names = [f" {name}" if name.startswith("_") else name for name in names]
    rows = 18
    axes.legend(
        handles,
        names,
        loc="upper left",
        bbox_to_anchor=(1.02, 1.0),
        borderaxespad=0,
        ncols=1 + (len(entries) - 1) // rows,
        fontsize=9.5,
        handlelength=2.2,
        labelspacing=0.75,
    )


def _label(view: View, group: str) -> str:
    return "unregularized" if view.study and group == FLOOR_GROUP else group


def _draw_index(panel: Axes, row: int, values: dict, index: str, look: Look) -> None:
    value, low, high = (values[f"{index}{end}"] for end in ("", "_low", "_high"))
    if np.isnan(value):
        return
    panel.plot(
        [low, high],
        [row, row],
        color=look.colour,
        linewidth=5,
        alpha=0.3,
        solid_capstyle="round",
        clip_on=False,
    )
    panel.plot(
        value,
        row,
        color=look.colour,
        marker=look.marker,
        markersize=7,
        markeredgecolor="white",
        markeredgewidth=0.4,
        linestyle="none",
        clip_on=False,
        zorder=3,
    )
    panel.annotate(
        number(value, 3),
        (np.fmax(value, high), row),
        xytext=(9, 0),
        textcoords="offset points",
        verticalalignment="center",
        fontsize=9,
        color=QUIET,
    )


def _trim_panel(panel: Axes, frame: pd.DataFrame, index: str) -> None:
    ends = frame[[index, f"{index}_low", f"{index}_high"]].to_numpy(float)
    ends = np.append(ends[~np.isnan(ends)], 0.0)
    width = (ends.max() - ends.min()) or 1.0
    # The room on the right is for the values written beside the markers.
    with np.errstate(over="ignore"):
        limits = np.array([ends.min() - 0.03 * width, ends.max() + 0.36 * width])
    if np.isfinite(limits).all():  # else matplotlib's own
        panel.set_xlim(*limits)
    panel.set_title(index_name(index), loc="left", fontsize=10.5, fontweight="bold")
    panel.xaxis.set_major_locator(MaxNLocator(nbins=4))
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)
    panel.grid(axis="y", visible=False)


def _logarithmic(axes: Axes) -> None:
    """Draw the vertical axis logarithmically, labelled at 1, 2, 5, 10 and so on."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def entitle(axes: Axes, title: str) -> None:
    """Write the title of a figure over its axes."""
    axes.set_title(title_text(title), loc="left", fontsize=12.5, fontweight="bold", pad=12)


def title_text(title: str) -> str:
    """The title of a figure as it can be drawn, in lines that are not too long."""
    # A backslash must not be split from the dollar sign it guards, so guard after wrapping.
    lines = textwrap.wrap(shortened(title, 140), 70) or [""]
    return "\n".join(figure_text(line, 80) for line in lines)
