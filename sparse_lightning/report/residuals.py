"""The residuals of a regressor: how far off its predictions are, and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sparse_lightning._figures import FAINT, figure_style, figure_text

COLOUR = "#2f6fd0"

ACROSS = 3
"""So many targets are beside each other."""

MOST_TARGETS = 12
"""Of more targets the first are drawn."""

ROWS = {
    "heldout": "rows that it was not trained on",
    "test": "test rows",
    "validation": "validation rows",
    "training": "rows that it was trained on",
}


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a network predicts for some rows.

    Attributes:
        targets: their names.
        rows: one of `ROWS`.
        rows_total: how many such rows there are; there may be predictions of a part of them.
        true: in the units of the targets.
        predicted: likewise; NaN where the network gave no finite number.
    """

    targets: tuple[str, ...]
    rows: str
    rows_total: int
    true: Float64[np.ndarray, "target row"]
    predicted: Float64[np.ndarray, "target row"]

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """What a network's document describes.

        A KeyError, TypeError, ValueError or OverflowError says that it describes nothing.
        """
        targets = tuple(str(name) for name in stored["targets"])
        true, predicted = (np.array(stored[name], dtype=float) for name in ("true", "predicted"))
        if stored["rows"] not in ROWS:
            raise ValueError(f"{stored['rows']!r} are no rows")
        fits = true.ndim == 2 and true.shape == predicted.shape and len(true) == len(targets)
        if not targets or not fits:
            raise ValueError("as many predictions as numbers of each target")
        return cls(targets, stored["rows"], int(stored["rows_total"]), true, predicted)


def residual_figure(predictions: Predictions, title: str) -> Figure:
    """The residuals, true − predicted, over what is predicted, one panel a target."""
    names = predictions.targets[:MOST_TARGETS]
    columns = min(len(names), ACROSS)
    rows = -(-len(names) // columns)
    with figure_style():
        width = 6.4 if columns == 1 else 3.7 * columns
        figure = Figure(figsize=(width, 0.9 + 3.0 * rows), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for place, panel in enumerate(panels):
            if place < len(names):
                _draw(panel, names[place], predictions.true[place], predictions.predicted[place])
            else:
                panel.set_visible(False)
        figure.suptitle(figure_text(title, 80), x=0.01, ha="left", fontsize=12.5, fontweight="bold")
        figure.supxlabel(f"predicted, of {_rows_in_words(predictions)}", fontsize=9.5)
        figure.supylabel("residual: true − predicted", fontsize=9.5)
    return figure


def _draw(
    panel: Axes,
    name: str,
    true: Float64[np.ndarray, " row"],
    predicted: Float64[np.ndarray, " row"],
) -> None:
    known = np.isfinite(true) & np.isfinite(predicted)
    panel.plot(
        predicted[known],
        (true - predicted)[known],
        color=COLOUR,
        marker="o",
        markersize=4,
        markeredgewidth=0,
        linestyle="none",
        alpha=0.55,
    )
    panel.axhline(0, color=FAINT, linestyle=(0, (5, 4)), linewidth=1.3, zorder=1)
    panel.set_title(figure_text(name, 36), loc="left", fontsize=10.5)


def _rows_in_words(predictions: Predictions) -> str:
    shown, total = predictions.true.shape[1], predictions.rows_total
    count = f"{total}" if shown == total else f"{shown} of {total}"
    return f"{count} {ROWS[predictions.rows]}"


def residual_caption(predictions: Predictions) -> str:
    """What the figure shows, in a sentence."""
    shown, total = MOST_TARGETS, len(predictions.targets)
    first = f" of the first {shown} of {total} targets" if total > shown else ""
    return (
        f"Residuals (true − predicted){first} over what is predicted, of "
        f"{_rows_in_words(predictions)}: a good network leaves a cloud around 0 without a shape."
    )
