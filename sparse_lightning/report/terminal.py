"""The closing table of a study for the terminal."""

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sparse_lightning._text import number, shortened
from sparse_lightning.comparison import INDICES, Comparison
from sparse_lightning.comparison.frames import records
from sparse_lightning.terminal import console as visible_console
from sparse_lightning.terminal import visible


def indices_table(
    comparison: Comparison, published: dict[str, float] | None = None, replicate: str = "seed"
) -> Table:
    """The groups with their indices, intervals and published areas, best first; 80 columns suffice.

    Args:
        comparison: the groups compared.
        published: the published areas by group, where the study's column has some.
        replicate: the word for what intervals are over.

    Returns:
        A table for `rich.print` or a console.
    """
    failed = bool(comparison.indices["failed"].sum())
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="bold",
        caption=f"smaller is better; ordered by {comparison.order_by}; in brackets the "
        f"{comparison.confidence:.0%} intervals over {_counted(comparison.replicates, replicate)}",
        caption_justify="left",
    )
    table.add_column("group", overflow="fold", max_width=18)
    for index in INDICES:
        table.add_column(index, justify="right", no_wrap=True)
    if published:
        table.add_column("published", justify="right", no_wrap=True)
    if failed:
        table.add_column("failed", justify="right", no_wrap=True)
    for row in records(comparison.indices):
        # Text, because a group may be named like rich's markup.
        cells = [Text(shortened(visible(row["group"]), 54))]
        cells += [Text(_cell(row, index)) for index in INDICES]
        if published:
            cells.append(Text(number(published.get(row["group"])).replace("–", "-")))
        if failed:
            cells.append(Text(f"{row['failed']} of {row['points']}"))
        table.add_row(*cells)
    return table


def print_indices(
    comparison: Comparison,
    published: dict[str, float] | None = None,
    console: Console | None = None,
    replicate: str = "seed",
) -> None:
    """Print `indices_table` to a console, by default to standard output.

    Args:
        comparison: the groups compared.
        published: the published areas by group, where the study's column has some.
        console: the console; default: standard output.
        replicate: the word for what intervals are over.
    """
    (console or visible_console()).print(indices_table(comparison, published, replicate))


def overview_table(frame: pd.DataFrame, index: str = "area_marker") -> Table:
    """An index of every group and study, and below it the published area where there is one.

    Args:
        frame: as `overview_frame` returns it.
        index: which; the published areas stand beside `area_marker` alone.
    """
    beside = index == "area_marker" and bool(frame["published"].notna().any())
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="bold",
        caption=f"{index}; smaller is better" + ("; in brackets as published" if beside else ""),
        caption_justify="left",
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


def _cell(row: dict, index: str) -> str:
    value = number(row[index])
    low, high = row[f"{index}_low"], row[f"{index}_high"]
    if low != low:  # no interval
        return value.replace("–", "-")
    return f"{value}\n[{number(low, 3)}, {number(high, 3)}]"


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"
