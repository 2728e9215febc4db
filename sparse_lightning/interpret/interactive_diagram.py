"""The structure diagram of a network for the browser (plotly): hover for units and weights."""

import html
from collections import defaultdict

import numpy as np
import plotly.graph_objects as go

from sparse_lightning._figures import FAINT, INK, QUIET
from sparse_lightning._text import number, plotly_text, shortened
from sparse_lightning.interpret.diagram import (
    CODE,
    DEAD,
    DEAD_TEXT,
    LABEL_LENGTH,
    NEGATIVE,
    POSITIVE,
    VARIABLE_LENGTH,
    layer_head,
    layer_notes,
)
from sparse_lightning.interpret.layout import Connection, Layout, layout
from sparse_lightning.interpret.strongest import strongest
from sparse_lightning.interpret.structure import Structure

PIXELS = 110
"""An inch of the layout; pixels of the page."""

WIDTHS = 6
"""Different widths of line: plotly draws a trace for each, and hundreds would be slow."""

SPOTS = (0.2, 0.5, 0.8)
"""Where along a connection the reader can ask for its weight."""

STRONGEST = 5
"""Connections that the text of a unit names."""

LETTER = 0.6
"""The mean width of a letter as a part of the size of the type, on the safe side."""


def interactive_structure(structure: Structure, title: str = "") -> go.Figure:
    """The diagram of `diagram.structure_figure`, with a text for each unit and connection.

    The ground is white under any scheme of colours, because gray and black mean signs.

    Args:
        structure: the network.
        title: above the diagram; none by default.

    Returns:
        A figure of a fixed size; the caller writes or embeds it. What is left out of a large
        network is as in `diagram.structure_figure`.

    Raises:
        InputError: a hidden layer has more units than can be drawn.
    """
    whole, structure = structure, strongest(structure)
    plan = layout(structure)
    row = float(np.clip(640 / plan.height, 17, 34))
    left, right = (_margin(plan, side, row) for side in (0, 1))
    figure = go.Figure()
    for trace in (*_lines(plan), _connection_spots(structure, plan)):
        figure.add_trace(trace)
    for layer in range(len(plan.rows)):
        figure.add_trace(_units(structure, plan, layer, row))
    for side in (0, 1):
        figure.add_trace(_labels(structure, plan, side, row))
        for trace in _blocks(plan, side, row):
            figure.add_trace(trace)
    for layer, x in enumerate(plan.columns):
        figure.add_annotation(
            x=x,
            y=-1.1,
            text=layer_head(whole, layer),
            showarrow=False,
            font={"size": 12, "color": QUIET},
        )
    head = 74 if title else 30
    axis = {"visible": False, "fixedrange": False}
    figure.update_layout(
        template=None,
        title={"text": plotly_text(title, 90), "x": 0.01, "font": {"size": 16}} if title else None,
        paper_bgcolor="white",
        plot_bgcolor="white",
        font={"family": "system-ui, sans-serif", "color": INK},
        showlegend=False,
        hovermode="closest",
        hoverlabel={"align": "left", "bgcolor": "white", "font": {"color": INK}},
        dragmode="pan",
        width=max(640, int(PIXELS * (left + plan.columns[-1] + right)) + 20),
        height=int(row * (plan.height + 2.3) + head + 46),
        margin={"l": 10, "r": 10, "t": head, "b": 46},
        xaxis={**axis, "range": [-left, plan.columns[-1] + right]},
        yaxis={**axis, "range": [plan.height + 0.3, -2]},
    )
    figure.add_annotation(
        text="<br>".join(html.escape(note, quote=False) for note in layer_notes(whole, structure)),
        xref="paper",
        yref="paper",
        x=0.5,
        y=0,
        yanchor="top",
        yshift=-4,
        showarrow=False,
        font={"size": 12, "color": QUIET},
    )
    return figure


def structure_html(structure: Structure, title: str = "") -> str:
    """The interactive diagram as a page of its own, which opens offline."""
    page = interactive_structure(structure, title).to_html(
        include_plotlyjs=True, div_id="structure", config={"displaylogo": False}
    )
    heading = html.escape(shortened(title, 120) or "Structure of a network")
    return page.replace("</head>", f"<title>{heading}</title></head>", 1)


def _text_size(row: float) -> float:
    return min(13.0, 0.68 * row)


def _label_room(plan: Layout, side: int, row: float) -> float:
    """The room in inches that the names of inputs or outputs need beside their units."""
    longest = max(len(shortened(label, LABEL_LENGTH)) for label in plan.labels[side])
    return 0.16 + LETTER * longest * _text_size(row) / PIXELS


def _margin(plan: Layout, side: int, row: float) -> float:
    names = [len(shortened(block.name, VARIABLE_LENGTH)) for block in plan.blocks[side]]
    blocks = 0.2 + LETTER * max(names) * _text_size(row) / PIXELS if names else 0.0
    return _label_room(plan, side, row) + blocks + 0.1


def _ends(plan: Layout, one: Connection) -> tuple[np.ndarray, np.ndarray]:
    start = plan.columns[one.layer], plan.rows[one.layer][one.source]
    end = plan.columns[one.layer + 1], plan.rows[one.layer + 1][one.target]
    return np.array(start), np.array(end)


def _lines(plan: Layout) -> list[go.Scatter]:
    kinds: dict[tuple[bool, int, bool], list[Connection]] = defaultdict(list)
    for one in plan.connections:
        kinds[one.alive, int(np.ceil(one.width * WIDTHS)), one.weight > 0].append(one)
    traces = []
    for (alive, width, positive), members in sorted(kinds.items()):
        xs: list[float | None] = []
        ys: list[float | None] = []
        for one in members:
            (left, top), (right, bottom) = _ends(plan, one)
            xs += [float(left), float(right), None]
            ys += [float(top), float(bottom), None]
        colour = (POSITIVE if positive else NEGATIVE) if alive else DEAD
        line = {"color": colour, "width": 4.0 * width / WIDTHS if width > 1 else 0.5}
        traces.append(go.Scatter(x=xs, y=ys, mode="lines", line=line, hoverinfo="skip"))
    return traces


def _connection_spots(structure: Structure, plan: Layout) -> go.Scatter:
    xs, ys, texts = [], [], []
    for one in plan.connections:
        start, end = _ends(plan, one)
        source = _name(structure, one.layer, one.source)
        target = _name(structure, one.layer + 1, one.target)
        text = f"{source} → {target}<br>weight {number(one.weight, 3)}"
        for spot in SPOTS:
            x, y = start + spot * (end - start)
            xs.append(float(x))
            ys.append(float(y))
            texts.append(text if one.alive else f"{text}<br>dead")
    return go.Scatter(
        x=xs,
        y=ys,
        mode="markers",
        marker={"size": 9, "opacity": 0},
        hovertext=texts,
        hoverinfo="text",
    )


def _units(structure: Structure, plan: Layout, layer: int, row: float) -> go.Scatter:
    is_code = layer == structure.code_layer and 0 < layer < len(plan.rows) - 1
    alive = structure.alive[layer].tolist()
    ground = CODE if is_code else "white"
    rows = plan.rows[layer].tolist()
    size = max(20.0, 0.6 * row) if is_code else 0.6 * row
    return go.Scatter(
        x=[float(plan.columns[layer])] * len(rows),
        y=rows,
        mode="markers+text" if is_code else "markers",
        text=[str(unit + 1) for unit in range(len(rows))] if is_code else None,
        textfont={"size": 11, "color": [INK if live else DEAD_TEXT for live in alive]},
        marker={
            "size": size,
            "color": [ground if live else "white" for live in alive],
            "line": {"width": 1.2, "color": [INK if live else DEAD_TEXT for live in alive]},
            "opacity": 1,
        },
        hovertext=[_unit_text(structure, layer, unit) for unit in range(len(rows))],
        hoverinfo="text",
    )


def _unit_text(structure: Structure, layer: int, unit: int) -> str:
    lines = [f"<b>{_name(structure, layer, unit)}</b>"]
    if not structure.used[layer][unit]:
        lines.append("dead: it reaches no output")
    elif not structure.fed[layer][unit]:
        lines.append("constant: no input reaches it")
    if layer > 0:
        lines += _strongest(structure, layer - 1, structure.weights[layer - 1][unit], "←")
    if layer < len(structure.weights):
        lines += _strongest(structure, layer + 1, structure.weights[layer][:, unit], "→")
    return "<br>".join(lines)


def _strongest(structure: Structure, layer: int, weights: np.ndarray, arrow: str) -> list[str]:
    order = [int(unit) for unit in np.argsort(-np.abs(weights), kind="stable") if weights[unit]]
    lines = [
        f"{arrow} {number(weights[unit], 3)} {_name(structure, layer, unit)}"
        for unit in order[:STRONGEST]
    ]
    more = len(order) - STRONGEST
    return [*lines, f"{arrow} {more} more"] if more > 0 else lines


def _name(structure: Structure, layer: int, unit: int) -> str:
    name = plotly_text(structure.names[layer][unit], 60)
    if layer == 0:
        return f"input {name}"
    return f"output {name}" if layer == len(structure.names) - 1 else name


def _labels(structure: Structure, plan: Layout, side: int, row: float) -> go.Scatter:
    names = plan.labels[side]
    alive = structure.alive[-side].tolist()
    return go.Scatter(
        x=[float(plan.columns[-side]) + (0.13 if side else -0.13)] * len(names),
        y=plan.rows[-side].tolist(),
        mode="text",
        text=[plotly_text(name, LABEL_LENGTH) for name in names],
        textposition="middle right" if side else "middle left",
        textfont={
            "size": _text_size(row),
            "color": [INK if live else FAINT for live in alive],
        },
        hoverinfo="skip",
        cliponaxis=False,
    )


def _blocks(plan: Layout, side: int, row: float) -> list[go.Scatter]:
    outwards = 1 if side else -1
    x = float(plan.columns[-side]) + outwards * _label_room(plan, side, row)
    traces = []
    for block in plan.blocks[side]:
        top, bottom, tip = block.top - 0.35, block.bottom + 0.35, x - outwards * 0.05
        colour = QUIET if block.alive else DEAD_TEXT
        traces += [
            go.Scatter(
                x=[tip, x, x, tip],
                y=[top, top, bottom, bottom],
                mode="lines",
                line={"color": colour, "width": 1},
                hoverinfo="skip",
            ),
            go.Scatter(
                x=[x + outwards * 0.07],
                y=[(top + bottom) / 2],
                mode="text",
                text=[plotly_text(block.name, VARIABLE_LENGTH)],
                textposition="middle right" if side else "middle left",
                textfont={"size": _text_size(row), "color": INK if block.alive else FAINT},
                hoverinfo="skip",
                cliponaxis=False,
            ),
        ]
    return traces
