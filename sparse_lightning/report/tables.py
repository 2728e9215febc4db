"""The closing tables of studies, overviews and searches."""

import math
from io import StringIO
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sparse_lightning._text import counted, number, shortened
from sparse_lightning.comparison import Comparison
from sparse_lightning.comparison.markers import records
from sparse_lightning.comparison.points import AGREEMENT
from sparse_lightning.regularizers.replica import STRENGTHS, SYMBOLS
from sparse_lightning.report.ranking import FAIR, has_agreement, ranked_by, ranking
from sparse_lightning.report.wording import index_in_words
from sparse_lightning.terminal import console as visible_console
from sparse_lightning.terminal import visible


def indices_table(
    comparison: Comparison, published: dict[str, float] | None = None, replicate: str = "seed"
) -> Table:
    """The groups, best first, as the report has them; 80 columns suffice.

    Each with its distance from ideal, its area, how far its seeds agree where that is known, and
    whether the replicates tell it from the best; beside it the published areas. `replicate` is the
    word for what intervals are over.
    """
    failed = bool(comparison.indices["failed"].sum())
    agreement = has_agreement(comparison)
    table = _table(
        f"smaller is better, which means cheaper and not truer; ordered by "
        f"{index_in_words(ranked_by(comparison))}; in brackets the "
        f"{comparison.confidence:.0%} intervals over {counted(comparison.replicates, replicate)}"
    )
    table.add_column("group", overflow="fold", max_width=18)
    for heading in ("distance\nfrom ideal", "area (pub-\nlished index)"):
        table.add_column(heading, justify="right", no_wrap=True)
    if agreement:
        table.add_column("seeds\nagree", justify="right", no_wrap=True)
    table.add_column("against\nthe best", no_wrap=True)
    if published:
        table.add_column("published", justify="right", no_wrap=True)
    if failed:
        table.add_column("failed", justify="right", no_wrap=True)
    for ranked in ranking(comparison):
        row = ranked.row
        # Text, because a group may be named like rich's markup.
        cells = [Text(shortened(visible(ranked.group), 54))]
        cells += [Text(_cell(row, index)) for index in (FAIR, "area_marker")]
        if agreement:
            cells.append(Text(_plain(number(row[AGREEMENT], 2))))
        cells.append(Text(_plain(ranked.against)))
        if published:
            cells.append(Text(_plain(number(published.get(ranked.group)))))
        if failed:
            cells.append(Text(f"{row['failed']} of {row['points']}"))
        table.add_row(*cells)
    return table


def indices_text(comparison: Comparison, published: dict[str, float] | None = None) -> str:
    """`indices_table` as text of at most 80 columns."""
    stream = StringIO()
    visible_console(file=stream, width=80).print(indices_table(comparison, published))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def print_indices(
    comparison: Comparison,
    published: dict[str, float] | None = None,
    console: Console | None = None,
    replicate: str = "seed",
) -> None:
    """Print `indices_table` to a console, by default to standard output."""
    (console or visible_console()).print(indices_table(comparison, published, replicate))


def overview_table(frame: pd.DataFrame, index: str = "area_marker") -> Table:
    """An index of every group and study, from the frame of `overview_frame`.

    Below `area_marker` stands the published area where there is one.
    """
    beside = index == "area_marker" and bool(frame["published"].notna().any())
    table = _table(
        f"{index_in_words(index)}; smaller is better"
        + ("; in brackets as published" if beside else "")
    )
    table.add_column("group", overflow="fold", max_width=12)
    columns = list(dict.fromkeys(frame["column"]))
    for column in columns:
        # Text, because a study may be named like rich's markup.
        table.add_column(Text(shortened(column, 80)), justify="right")
    rows = {(row["column"], row["group"]): row for row in records(frame)}
    for group in dict.fromkeys(frame["group"]):
        cells = [Text(shortened(visible(group), 36))]
        for column in columns:
            row = rows.get((column, group))
            published = f"\n({number(row['published'], 3)})" if row and beside else ""
            cells.append(Text(f"{number(row[index], 3) if row else '-'}{published}"))
        table.add_row(*cells)
    return table


def _table(caption: str) -> Table:
    return Table(
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="bold",
        caption=caption,
        caption_justify="left",
    )


def _plain(text: str) -> str:
    """A dash that every terminal has."""
    return text.replace("–", "-")


def search_table(frame: pd.DataFrame, objective: str, confidence: float) -> Table:
    """The groups of a search, best first; 80 columns suffice.

    The frame has one row a group: group, trials, networks, failed_networks, trial (text), score,
    fresh, each score with its ends `_low` and `_high`, l1_weights (a tuple, or None), and the other
    strengths; NaN where there is no value.
    """
    measure = _measure(objective)
    fresh, failed = _has_fresh(frame), bool(frame["failed_networks"].any())
    again = "; fresh: trained again from seeds that the search has not seen" if fresh else ""
    table = _table(
        f"{measure}; smaller is better; in brackets the {confidence:.0%} intervals over "
        f"the seeds{again}"
    )
    table.add_column("group", overflow="fold", max_width=18)
    table.add_column("trial", justify="right")
    table.add_column("search", justify="right", no_wrap=True)
    if fresh:
        table.add_column("fresh", justify="right", no_wrap=True)
    if failed:
        table.add_column("failed", justify="right")
    table.add_column("setting")
    for row in _best_first(frame):
        cells = [shortened(row["group"], 54), f"{row['trial']}\nof {row['trials']}"]
        cells += [_cell(row, name) for name in ("score", "fresh")[: 1 + fresh]]
        if failed:
            cells.append(f"{row['failed_networks']}\nof {row['networks']}")
        # Text, because a group may be named like rich's markup.
        table.add_row(*(Text(cell) for cell in [*cells, setting_in_words(row)]))
    return table


def search_markdown(
    frame: pd.DataFrame,
    objective: str,
    confidence: float,
    pairs: pd.DataFrame,
    command: str,
    project: str,
) -> str:
    """The same as a section of a Markdown document, with the differences between the groups.

    `pairs` are those of the comparison on fresh seeds, `project` is the name of what was searched.
    """
    rows = _best_first(frame)
    lines = [
        f"Written by `{command}` of the project {project}: {_measure(objective)}, with "
        f"{confidence:.0%} intervals over the seeds. The search's own scores are the best of many, "
        "and so too good to be true; the fresh ones are of the same settings, trained again from "
        "seeds that it has not seen.",
        "",
        "| group | best trial | in the search | on fresh seeds | setting |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        scores = [_cell(row, name).replace("\n", " ") for name in ("score", "fresh")]
        group = row["group"].replace("|", "\\|")
        trial = f"{row['trial']} of {row['trials']}"
        lines.append(f"| {group} | {trial} | {' | '.join(scores)} | {setting_in_words(row)} |")
    for row in rows:
        if row["failed_networks"]:
            lines += [
                "",
                f"{row['failed_networks']} of the {row['networks']} networks of {row['group']} "
                "failed in the search; the scores are of the others.",
            ]
    best = rows[0]["group"]
    mine = pairs.loc[pairs["index"] == objective]
    lines += ["", f"{best} beside the others on fresh seeds:", ""]
    for row in rows[1:]:
        other = row["group"]
        for pair in records(mine):
            if {pair["first"], pair["second"]} == {best, other}:
                sign = 1 if pair["first"] == best else -1
                ends = sorted((sign * pair["low"], sign * pair["high"]))
                verdict = "settled by the seeds" if pair["settled"] else "not settled by the seeds"
                lines.append(
                    f"- {best} − {other}: {number(sign * pair['difference'], 3)} "
                    f"[{number(ends[0], 3)}, {number(ends[1], 3)}], {verdict}"
                )
    return "\n".join(lines) + "\n"


def _measure(objective: str) -> str:
    if objective == "pareto":
        return f"{index_in_words(FAIR)} of the front"
    return index_in_words(objective)


def _has_fresh(frame: pd.DataFrame) -> bool:
    return bool(frame["fresh"].notna().any())


def _best_first(frame: pd.DataFrame) -> list[dict[str, Any]]:
    by = "fresh" if _has_fresh(frame) else "score"
    return records(frame.sort_values(by, kind="stable", na_position="last"))


def setting_in_words(row: dict[str, Any]) -> str:
    """A setting as a reader sees it: `λ 0.0001…0.01, θ 1.2`."""
    weights = row.get("l1_weights")
    parts = []
    if isinstance(weights, tuple):
        ends = dict.fromkeys((weights[0], weights[-1]))
        parts.append("λ " + "…".join(number(weight, 3) for weight in ends))
    for name in STRENGTHS[1:]:
        value = row.get(name)
        if value is not None and math.isfinite(value):
            parts.append(f"{SYMBOLS[name]} {number(value, 3)}")
    return ", ".join(parts) or "-"


def _cell(row: dict[str, Any], name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    value = _plain(number(row[name]))
    if not math.isfinite(row[name]) or not math.isfinite(low):
        return value
    return f"{value}\n[{number(low, 3)}, {number(high, 3)}]"
