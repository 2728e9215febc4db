"""The components of a study for print: contribution against loadings (matplotlib, no display)."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from sparse_lightning._figures import QUIET, figure_style
from sparse_lightning.comparison import FLOOR_GROUP
from sparse_lightning.comparison.markers import records
from sparse_lightning.report.component_curves import (
    BP,
    EXACT,
    SPARSE_PCA,
    UNREGULARIZED,
    ComponentCurves,
)
from sparse_lightning.report.figures import (
    EXACT_LOOK,
    SPARSE_PCA_LOOK,
    Look,
    draw_legend,
    looks,
    title_text,
)
from sparse_lightning.report.view import View

CONTRIBUTION = "cumulative contribution ratio"

DASHES = (0, (4, 2))

# Written n nearer to each other than this part of the axis would touch.
_APART = 0.035


def components_figure(view: View) -> Figure:
    """The contribution ratio against the mean number of loadings, two panels.

    Left, the first n = 1, …, N components: a path for each group at its middle λ, for exact PCA,
    for unregularized back-propagation, and for SparsePCA at the alpha whose components are about as
    sparse as the groups'. Right, all N components: each group's curve over its λ, SparsePCA's over
    alpha; a marker is the mean over the seeds. Up and left is better. Raises a ValueError for other
    studies than those of components.

    Source: figure 8 of the KAKENHI final report 18K11487.
    """
    curves = ComponentCurves.of(view)
    if curves is None:
        raise ValueError(f"{view.name}: only a study of the task 'pca' has components")
    look = looks([*curves.groups, FLOOR_GROUP])
    with figure_style():
        figure = Figure(figsize=(12.0, 5.4), layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2)
        _first(left, curves, look)
        _all(right, curves, look)
        for axes in (left, right):
            axes.set_xlabel(view.labels[0])
            axes.set_ylabel(CONTRIBUTION)
            axes.margins(x=0.08, y=0.06)
            axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
        _legend(right, curves, look)
        figure.suptitle(
            title_text(view.title),
            x=0.008,
            horizontalalignment="left",
            fontsize=12.5,
            fontweight="bold",
        )
    return figure


def strengths_of_paths(curves: ComponentCurves) -> str:
    """Which strengths the paths of the first n have, e.g. `λ = 0.07; SparsePCA at α = 0.5`."""
    weights = {curves.middle[group] for group in curves.groups}
    alpha = curves.nearest_alpha()
    named = f"λ = {weights.pop():g}" if len(weights) == 1 else "each group at the λ in its middle"
    return named if alpha is None else f"{named}; {SPARSE_PCA} at α = {alpha:g}"


def _first(axes: Axes, curves: ComponentCurves, look: dict[str, Look]) -> None:
    _panel_title(
        axes, f"The first n = 1, …, {curves.components} components", strengths_of_paths(curves)
    )
    alpha, exact, alone = curves.nearest_alpha(), curves.exact_path, curves.path(FLOOR_GROUP)
    _draw_alone(axes, alone, look[FLOOR_GROUP])
    _draw(axes, exact, EXACT_LOOK, size=8)
    if alpha is not None:
        _draw(axes, curves.sparse_path(alpha), SPARSE_PCA_LOOK, size=7, line=DASHES)
    for group in curves.groups:
        _draw(axes, curves.path(group), look[group], size=5.5)
    _number(axes, exact if len(exact) else alone)


def _all(axes: Axes, curves: ComponentCurves, look: dict[str, Look]) -> None:
    n = curves.components
    sparse, exact = curves.sparse_curve(n), curves.exact_path
    note = "over the λ of each group" + (f" and the α of {SPARSE_PCA}" if len(sparse) else "")
    _panel_title(axes, f"All {n} components", note)
    _draw_alone(axes, curves.curve(FLOOR_GROUP, n), look[FLOOR_GROUP])
    _draw(axes, exact.loc[exact["n"] == n], EXACT_LOOK, size=10)
    _draw(axes, sparse, SPARSE_PCA_LOOK, size=8, line=DASHES)
    for point in records(sparse.iloc[[0, -1]] if len(sparse) > 1 else sparse):
        _note(axes, f"α = {point['alpha']:g}", point)
    for group in curves.groups:
        _draw(axes, curves.curve(group, n), look[group], size=7)


def _draw(axes: Axes, rows: pd.DataFrame, look: Look, size: float, line: Any = "-") -> None:
    axes.plot(
        rows["loadings"],
        rows["contribution"],
        color=look.colour,
        marker=look.marker,
        markersize=size,
        markeredgecolor="white",
        markeredgewidth=0.7,
        linewidth=1.6,
        linestyle=line,
        zorder=3,
    )


def _draw_alone(axes: Axes, rows: pd.DataFrame, look: Look) -> None:
    """Back-propagation without a regularizer finds exact PCA: a broad line, for it lies behind."""
    axes.plot(
        rows["loadings"],
        rows["contribution"],
        color=look.colour,
        marker=look.marker,
        markersize=11,
        markeredgewidth=0,
        linewidth=5,
        alpha=0.45,
        zorder=2.5,
    )


def _number(axes: Axes, path: pd.DataFrame) -> None:
    if path.empty:
        return
    apart = _APART * (path["contribution"].max() - path["contribution"].min())
    labelled = np.inf
    # From the last: N itself is always written.
    for point in records(path.sort_values("n", ascending=False)):
        if labelled - point["contribution"] > apart:
            labelled = point["contribution"]
            last = point["n"] in (1, path["n"].max())
            _note(axes, f"n = {point['n']}" if last else str(point["n"]), point)


def _note(axes: Axes, text: str, point: dict[str, Any]) -> None:
    axes.annotate(
        text,
        (point["loadings"], point["contribution"]),
        xytext=(9, 0),
        textcoords="offset points",
        verticalalignment="center",
        fontsize=8.5,
        color=QUIET,
    )


def _panel_title(axes: Axes, title: str, note: str) -> None:
    axes.set_title(title, loc="left", fontsize=10.5, fontweight="bold", pad=22)
    axes.annotate(
        note,
        (0, 1),
        xycoords="axes fraction",
        xytext=(0, 8),
        textcoords="offset points",
        fontsize=9,
        color=QUIET,
    )


def _legend(axes: Axes, curves: ComponentCurves, look: dict[str, Look]) -> None:
    drawn = set(curves.trained["group"])
    entries = [(group, look[group], {}) for group in curves.groups if group in drawn]
    if FLOOR_GROUP in drawn:
        entries.append(
            (f"{BP} ({UNREGULARIZED})", look[FLOOR_GROUP], {"linewidth": 5, "alpha": 0.45})
        )
    if len(curves.exact_path):
        entries.append((EXACT, EXACT_LOOK, {"markersize": 9}))
    if curves.alphas:
        entries.append((SPARSE_PCA, SPARSE_PCA_LOOK, {"linestyle": DASHES, "markersize": 8}))
    common = {"markersize": 6.5, "markeredgecolor": "white", "markeredgewidth": 0.7}
    handles = [
        (Line2D([], [], **{"color": its.colour, "marker": its.marker, **common, **more}), name)
        for name, its, more in entries
    ]
    draw_legend(axes, handles, left=1.03, handlelength=3)
