"""The definition of the indices, drawn on a real curve."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sparse_lightning._figures import FAINT, figure_style
from sparse_lightning._text import number
from sparse_lightning.comparison import Comparison
from sparse_lightning.comparison.markers import along_the_curve, of_group
from sparse_lightning.report.figures import Look, draw_curve, entitle, looks
from sparse_lightning.report.ranking import FAIR
from sparse_lightning.report.view import View
from sparse_lightning.report.wording import index_in_words


def definition_figure(view: View, group: str) -> Figure:
    """What each index measures, on the curve of one group: the areas on the left, the gap right.

    The group needs a marker, and small x and y must be good. Source: figure 2 of the KAKENHI final
    report 18K11487.
    """
    comparison = view.comparison
    markers = along_the_curve(of_group(comparison.markers, group))
    x, y = markers["x"].to_numpy(float), markers["y"].to_numpy(float)
    row = of_group(comparison.indices, group).iloc[0]
    look = looks(comparison.groups)[group]
    with figure_style():
        figure = Figure(figsize=(10.4, 4.6), layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2)
        _areas(left, comparison, x, y, row, look)
        _gap(right, comparison, x, y, row, look)
        for axes in (left, right):
            axes.set_xlabel(view.labels[0])
            axes.grid(visible=False)
            axes.set_xlim(left=0)
        left.set_ylabel(view.labels[1])
        entitle(left, f"The indices on the curve of {group}")
    return figure


def _areas(
    axes: Axes, comparison: Comparison, x: np.ndarray, y: np.ndarray, row, look: Look
) -> None:
    floor = comparison.floor
    axes.fill_between(
        x,
        floor,
        y,
        color=look.colour,
        alpha=0.35,
        linewidth=0,
        label=f"{index_in_words('area_marker')}: {number(row['area_marker'])}",
    )
    axes.fill_between(
        [0, x[0]],
        floor,
        [y[0], y[0]],
        facecolor="none",
        edgecolor=look.colour,
        hatch="///",
        linewidth=0,
        label=f"with it, {index_in_words('area_axis')}: {number(row['area_axis'])}",
    )
    draw_curve(axes, x, y, look)
    axes.axhline(floor, color=FAINT, linestyle=(0, (5, 4)), linewidth=1.3, label="floor")
    axes.set_ylim(0, 1.4 * max(y.max(), floor))
    axes.legend(loc="upper right", fontsize=9.5)


def _gap(axes: Axes, comparison: Comparison, x: np.ndarray, y: np.ndarray, row, look: Look) -> None:
    floor, (total, null_error) = comparison.floor, comparison.corner
    axes.add_patch(
        Rectangle(
            (0, floor),
            total,
            null_error - floor,
            facecolor=FAINT,
            alpha=0.25,
            linewidth=0,
            label=f"missing, {index_in_words(FAIR)}: {number(row[FAIR])}",
        )
    )
    # What a marker dominates reaches right to all connections and up to the error of no weights.
    # All of it is one area: of hundreds of markers, as many rectangles would take a second.
    below = y < null_error
    if below.any():
        steps = [*x[below], total]
        lowest = np.minimum.accumulate(y[below])
        lowest = [*lowest, lowest[-1]]
        axes.fill_between(steps, lowest, null_error, step="post", color="white", linewidth=0)
        axes.fill_between(
            steps,
            lowest,
            null_error,
            step="post",
            color=look.colour,
            alpha=0.35,
            linewidth=0,
            label="dominated by the markers",
        )
    draw_curve(axes, x, y, look)
    axes.plot(
        total,
        null_error,
        marker="*",
        markersize=13,
        color=FAINT,
        linestyle="none",
        clip_on=False,
        label="all connections, error of no weights",
    )
    axes.axhline(floor, color=FAINT, linestyle=(0, (5, 4)), linewidth=1.3)
    axes.set_xlim(0, total)
    axes.set_ylim(0, 1.35 * null_error)
    axes.legend(loc="upper right", fontsize=9.5)
