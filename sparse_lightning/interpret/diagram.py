"""The structure diagram of a network, for print (matplotlib, no display) and for the screen."""

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from sparse_lightning._embedding import page_document
from sparse_lightning._figures import FAINT, INK, QUIET, figure_style, figure_text
from sparse_lightning._text import shortened
from sparse_lightning.interpret.layout import (
    Block,
    Layout,
    layer_head,
    layer_notes,
    layout,
    left_out,
    strongest,
)
from sparse_lightning.interpret.structure import Structure

POSITIVE = "#a2a6ad"
NEGATIVE = "#101418"
DEAD = "#e4e6ea"
DEAD_TEXT = "#b6bac2"
CODE = "#fff3d6"

NOTE = 7.5
LABEL_LENGTH = 30
VARIABLE_LENGTH = 20

MOST_WEIGHTS = 500_000
"""A network with more weights is shown as it is drawn in print."""


@dataclass(frozen=True)
class _Scale:
    """Sizes of a diagram in inches (text in points); the more rows, the closer they lie."""

    row: float
    text: float
    line: float

    @property
    def unit(self) -> float:
        return 0.3 * self.row


def structure_figure(structure: Structure, title: str = "") -> Figure:
    """The structure diagram: layers from left to right, and only the connections that count.

    Gray connections are positive, black ones negative; their width goes with |w|, relative to the
    largest of the same layer. Codes bear their numbers. Dead units and their connections are faded.
    The inputs of a one-hot variable are bracketed together. The figure is as large as its units and
    names need. A large network is drawn as `strongest` leaves it, which refuses wide hidden layers.
    """
    whole, structure = structure, strongest(structure)
    plan = layout(structure)
    scale = _scale(plan)
    with figure_style():
        figure = Figure()
        FigureCanvasAgg(figure)
        # One axes over the whole figure, in inches: names then have a known room.
        axes = figure.add_axes((0, 0, 1, 1))
        axes.axis("off")
        left = _margin(axes, plan, 0, scale)
        right = _margin(axes, plan, 1, scale)
        width = left + plan.columns[-1] + right
        notes = layer_notes(whole, structure)
        if (together := "; ".join(notes)) and _width(axes, together, NOTE) < width - 0.4:
            notes = [together]
        room = max(_width(axes, note, NOTE) for note in notes) + 0.4
        left, width = left + max(0.0, room - width) / 2, max(width, room)
        head = 0.5 + (0.32 if title else 0.0)
        height = head + plan.height * scale.row + 0.2 + 0.18 * len(notes)
        figure.set_size_inches(width, height)
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        xs = [left + column for column in plan.columns]
        ys = [head + (rows + 0.5) * scale.row for rows in plan.rows]
        _draw_connections(axes, plan, xs, ys, scale)
        for layer in range(len(xs)):
            _draw_units(axes, structure, layer, xs[layer], ys[layer], scale)
        for side in (0, 1):
            _draw_labels(axes, structure, plan, side, xs[-side], ys[-side], head, scale)
        _draw_heads(axes, whole, xs, head - 0.16)
        for line, note in enumerate(reversed(notes)):
            y = height - 0.16 - 0.18 * line
            axes.text(width / 2, y, note, fontsize=NOTE, color=QUIET, ha="center", va="center")
        if title:
            text = figure_text(title, 90)
            axes.text(0.15, 0.22, text, fontsize=11, fontweight="bold", ha="left", va="center")
    return figure


def _scale(plan: Layout) -> _Scale:
    row = min(0.32, max(0.165, 6.0 / plan.height))
    return _Scale(row=row, text=min(9.5, 72 * row * 0.6), line=2.6)


def _width(axes: Axes, text: str, size: float) -> float:
    """The width of a text in inches."""
    figure = axes.figure
    drawn = axes.text(0, 0, text, fontsize=size)
    extent = drawn.get_window_extent()
    drawn.remove()
    return extent.width / figure.dpi


def _margin(axes: Axes, plan: Layout, side: int, scale: _Scale) -> float:
    """The room in inches that the names of the inputs or outputs need."""
    return _label_room(axes, plan, side, scale) + _block_room(axes, plan, side, scale) + 0.15


def _label_room(axes: Axes, plan: Layout, side: int, scale: _Scale) -> float:
    texts = [figure_text(label, LABEL_LENGTH) for label in plan.labels[side]]
    return scale.unit + 0.08 + max(_width(axes, text, scale.text) for text in texts)


def _block_room(axes: Axes, plan: Layout, side: int, scale: _Scale) -> float:
    widths = [
        _width(axes, figure_text(block.name, VARIABLE_LENGTH), scale.text)
        for block in plan.blocks[side]
    ]
    return 0.2 + max(widths) if widths else 0.0


def _draw_connections(axes: Axes, plan: Layout, xs: list, ys: list, scale: _Scale) -> None:
    segments, colours, widths = [], [], []
    for one in plan.connections:
        segments.append(
            [
                (xs[one.layer], ys[one.layer][one.source]),
                (xs[one.layer + 1], ys[one.layer + 1][one.target]),
            ]
        )
        alive = POSITIVE if one.weight > 0 else NEGATIVE
        colours.append(alive if one.alive else DEAD)
        widths.append(scale.line * one.width)
    axes.add_collection(
        LineCollection(segments, colors=colours, linewidths=widths, zorder=1, capstyle="butt"),
        autolim=False,
    )


def _draw_units(axes: Axes, structure: Structure, layer: int, x: float, ys, scale: _Scale) -> None:
    is_code = layer == structure.code_layer and 0 < layer < len(structure.widths) - 1
    radius = scale.unit if not is_code else max(scale.unit, 0.095)
    for unit, y in enumerate(ys):
        alive = structure.alive[layer][unit]
        axes.plot(
            x,
            y,
            marker="o",
            markersize=144 * radius,
            markerfacecolor=(CODE if is_code else "white") if alive else "white",
            markeredgecolor=INK if alive else DEAD_TEXT,
            markeredgewidth=0.9,
            zorder=2,
        )
        if is_code:
            axes.text(
                x,
                y,
                str(unit + 1),
                fontsize=min(8.0, 72 * radius * 1.05),
                color=INK if alive else DEAD_TEXT,
                ha="center",
                va="center_baseline",
                zorder=3,
            )


def _draw_labels(
    axes: Axes, structure: Structure, plan: Layout, side: int, x: float, ys, head: float, scale
) -> None:
    outwards, align = (-1, "right") if side == 0 else (1, "left")
    alive = structure.alive[-side]
    for label, y, live in zip(plan.labels[side], ys, alive, strict=True):
        axes.text(
            x + outwards * (scale.unit + 0.06),
            y,
            figure_text(label, LABEL_LENGTH),
            fontsize=scale.text,
            color=INK if live else FAINT,
            ha=align,
            va="center_baseline",
        )
    room = _label_room(axes, plan, side, scale) + 0.05
    for block in plan.blocks[side]:
        _draw_block(axes, block, x + outwards * room, outwards, align, head, scale)


def _draw_block(
    axes: Axes, block: Block, x: float, outwards: int, align: str, head: float, scale: _Scale
) -> None:
    top = head + (block.top + 0.15) * scale.row
    bottom = head + (block.bottom + 0.85) * scale.row
    tip = x - outwards * 0.04
    colour = QUIET if block.alive else DEAD_TEXT
    axes.plot([tip, x, x, tip], [top, top, bottom, bottom], color=colour, linewidth=0.8)
    axes.text(
        x + outwards * 0.06,
        (top + bottom) / 2,
        figure_text(block.name, VARIABLE_LENGTH),
        fontsize=scale.text,
        color=INK if block.alive else FAINT,
        ha=align,
        va="center_baseline",
    )


def _draw_heads(axes: Axes, structure: Structure, xs: list[float], y: float) -> None:
    for layer, x in enumerate(xs):
        axes.text(
            x, y, layer_head(structure, layer), fontsize=8, color=QUIET, ha="center", va="center"
        )


def structure_html(
    structure: Structure, title: str = "", threshold: float | None = None, task: str = "classifier"
) -> str:
    """One network as a page that opens offline, to point at and to move the threshold.

    The structure is best read at a threshold of 0: what it leaves out is not shown. `threshold` is
    the one that the page opens with, by default that of the structure; `task` is that of a network
    that rebuilds no inputs, whose outputs are called by it.
    """
    drawn = strongest(structure)
    if sum(weight.size for weight in structure.weights) <= MOST_WEIGHTS:
        drawn = structure
    heading = shortened(title, 120) or "Structure of a network"
    name = "; ".join([heading, *left_out(structure, drawn)])
    opened = structure.threshold if threshold is None else threshold
    network = _document(drawn, name, opened, "sae" if structure.is_autoencoder else task)
    return str(page_document({"network": network}, heading))


def _document(structure: Structure, name: str, threshold: float, task: str) -> dict[str, Any]:
    """The network as `GET api/networks/RUN` gives it, as far as a structure knows it."""
    return {
        "run_id": "",
        "name": name,
        "params": {},
        "metrics": {},
        "study": None,
        "task": task,
        "code_layer": structure.code_layer,
        "layers": [{"units": list(units), "activation": None} for units in structure.names],
        "variables": [
            {"name": variable, "inputs": list(range(part.start, part.stop))}
            for variable, part in structure.groups
        ],
        "moments": structure.moments.to_dict() if structure.moments else None,
        "weights": [weight.astype(float).tolist() for weight in structure.weights],
        "biases": [],
        "threshold": threshold,
        "connections": structure.connections,
        "connections_total": sum(weight.size for weight in structure.weights),
        "dead_units": [(~alive).tolist() for alive in structure.alive],
        "sweep": None,
        "losses": None,
        "effects": None,
        "codes": None,
        "variables_read": None,
        "sentences": [],
    }
