"""Several studies side by side, as the publication's table 1 has them: findings, page, files."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sparse_lightning._figures import data_address
from sparse_lightning._files import csv_text, write_atomically
from sparse_lightning._text import number
from sparse_lightning.comparison import INDICES, Comparison
from sparse_lightning.comparison.markers import records
from sparse_lightning.report.document import plain
from sparse_lightning.report.findings import lost_points
from sparse_lightning.report.published import GROUPS, SOURCE, part_of_l1, reproduction
from sparse_lightning.report.templating import template
from sparse_lightning.report.view import StudyFacts, View
from sparse_lightning.report.wording import NETWORKS, index_in_words, index_name

TASKS = {"sae": "SAE", "classifier": "class", "regressor": "regression", "pca": "PCA"}


@dataclass(frozen=True, eq=False)
class Column:
    """One study of an overview.

    Attributes:
        seconds: the time from the project file to the finished report.
        report: the address of that report, relative to the overview.
        name: the column's name; "": as the publication calls it.
    """

    view: View
    seconds: float
    report: str
    name: str = ""

    @property
    def study(self) -> StudyFacts:
        """The facts of the study."""
        assert self.view.study is not None, "an overview is of studies"
        return self.view.study

    @property
    def comparison(self) -> Comparison:
        """The groups compared."""
        return self.view.comparison

    @property
    def title(self) -> str:
        """Its name, or as the publication calls it: `census SAE`."""
        if self.name:
            return self.name
        name = {"ctg": "CTG"}.get(self.study.dataset, self.study.dataset)
        return f"{name} {TASKS[self.study.task]}"

    @property
    def networks(self) -> int:
        """How many networks it has."""
        return len(self.study.networks)

    @property
    def published(self) -> dict[str, float] | None:
        """The published areas by group, where there are any to compare with."""
        return self.study.published


def leading(columns: Sequence[Column]) -> str:
    """The index that comes first: the one that orders the groups of the first study."""
    return columns[0].comparison.order_by


def overview_frame(columns: Sequence[Column]) -> pd.DataFrame:
    """One row a study and group, in the order of the studies and of their groups.

    `ratio` divides the leading index by that of L1; each index has its ends `_low` and `_high`.
    """
    rows = []
    index = leading(columns)
    for column in columns:
        comparison, published = column.comparison, column.published or {}
        frame = comparison.indices.set_index("group")
        ours = frame[index].to_dict()
        for group in comparison.groups:
            row = {
                "column": column.title,
                "task": column.study.task,
                "dataset": column.study.dataset,
                "group": group,
                **frame.loc[group].to_dict(),
                "ratio": part_of_l1(ours, group),
                "published": published.get(group, float("nan")),
                "published_ratio": part_of_l1(published, group),
                "floor": comparison.floor,
                "null_error": comparison.corner[1],
                "connections_total": comparison.corner[0],
                "study": column.study.run_id,
                "seconds": column.seconds,
            }
            rows.append(row)
    return pd.DataFrame(rows)


def overview_findings(columns: Sequence[Column]) -> list[str]:
    """What the studies say together, one sentence each."""
    return [
        *_weights(columns),
        *_best_hidden(columns),
        *_beyond_the_published(columns),
        *_indices_apart(columns),
        *_against_the_publication(columns),
        *_floors(columns),
        *_failures(columns),
    ]


def _failures(columns: Sequence[Column]) -> Iterator[str]:
    for column in columns:
        for sentence in lost_points(column.comparison.indices, NETWORKS):
            yield f"{column.title}: {sentence}"


def _weights(columns: Sequence[Column]) -> Iterator[str]:
    for index in INDICES:
        verdicts = [(column, _difference(column, index, "L1", "sL1")) for column in columns]
        known = [(column, pair) for column, pair in verdicts if pair is not None]
        if not known:
            continue
        above = [column.title for column, pair in known if pair["difference"] > 0]
        settled = [c.title for c, pair in known if pair["difference"] > 0 and pair["settled"]]
        below = [
            f"{column.title} (by {number(-pair['difference'], 3)}, interval "
            f"{number(-pair['high'], 3)} to {number(-pair['low'], 3)})"
            for column, pair in known
            if pair["difference"] <= 0
        ]
        sentence = (
            f"By {index_in_words(index)}, L1 is above sL1 in {len(above)} of {len(known)} columns"
        )
        sentence += f", settled by the seeds in {len(settled)}" if above else ""
        yield sentence + (f"; below in {', '.join(below)}." if below else ".")


def _best_hidden(columns: Sequence[Column]) -> Iterator[str]:
    """Whether the best hidden group is below sL1 by the leading index."""
    index, better, worse = leading(columns), [], []
    words = index_in_words(index)
    for column in columns:
        frame = column.comparison.indices
        hidden = frame.loc[frame["group"].str.contains("+", regex=False)]
        if hidden.empty or hidden[index].isna().all():
            continue
        best = str(hidden.sort_values(index, kind="stable")["group"].iloc[0])
        pair = _difference(column, index, "sL1", best)
        if pair is None:
            continue
        says = "" if pair["settled"] else ", not settled"
        text = f"{column.title}: {best} by {number(abs(pair['difference']), 3)}{says}"
        (better if pair["difference"] > 0 else worse).append(text)
    if better:
        yield f"The best hidden group is below sL1 in {words} in {'; '.join(better)}."
    if worse:
        yield f"No hidden group is below sL1 in {words} in {'; '.join(worse)}."


def _beyond_the_published(columns: Sequence[Column]) -> Iterator[str]:
    """Whether the best of the other groups is below the best of the six published, by index."""
    for index in INDICES:
        found = []
        for column in columns:
            frame = column.comparison.indices.dropna(subset=[index])
            frame = frame.sort_values(index, kind="stable")
            rows = records(frame)
            theirs = next((row for row in rows if row["group"] in GROUPS), None)
            other = next((row for row in rows if row["group"] not in GROUPS), None)
            if theirs is None or other is None:
                continue
            pair = _difference(column, index, other["group"], theirs["group"])
            if pair is None:
                continue
            relation = "below" if pair["difference"] < 0 else "above"
            found.append(
                f"{column.title}: {other['group']} ({number(other[index])}) {relation} "
                f"{theirs['group']} ({number(theirs[index])})"
                + ("" if pair["settled"] else ", not settled")
            )
        if found:
            yield (
                f"By {index_in_words(index)}, the best of the groups beyond the six beside the "
                f"best of the six: {'; '.join(found)}."
            )


def _indices_apart(columns: Sequence[Column]) -> Iterator[str]:
    """Where the fair index names another winner than the published one."""
    apart = []
    for column in columns:
        frame = column.comparison.indices
        firsts = {
            index: str(frame.sort_values(index, kind="stable")["group"].iloc[0])
            for index in INDICES
            if len(frame[index].dropna())
        }
        if len(set(firsts.values())) > 1:
            named = ", ".join(
                f"{group} by {index_in_words(index)}" for index, group in firsts.items()
            )
            apart.append(f"{column.title} ({named})")
    if apart:
        yield f"The indices name different best groups in {'; '.join(apart)}."


def _against_the_publication(columns: Sequence[Column]) -> Iterator[str]:
    for column in columns:
        if not column.published:
            continue
        found = reproduction(column.comparison, column.published)
        if found:
            yield f"{column.title}: {' '.join(found)}"


def _floors(columns: Sequence[Column]) -> Iterator[str]:
    unsettled = [column.title for column in columns if not column.study.floor_settled]
    if unsettled:
        yield (
            f"The floor had not settled in {', '.join(unsettled)}: the unregularized error was "
            "still falling, so their areas are too small."
        )


def _difference(column: Column, index: str, first: str, second: str) -> dict[str, Any] | None:
    """The pair of two groups, first minus second; None where one is missing."""
    pairs = column.comparison.pairs
    for row in records(pairs.loc[pairs["index"] == index]):
        if (row["first"], row["second"]) == (first, second):
            return None if math.isnan(float(row["difference"])) else row
        if (row["first"], row["second"]) == (second, first):
            turned = {"difference": -row["difference"], "low": -row["high"], "high": -row["low"]}
            return None if math.isnan(float(row["difference"])) else {**row, **turned}
    return None


@dataclass(frozen=True, eq=False)
class Overview:
    """What an overview page shows.

    Attributes:
        origin: what the values were made with: versions, commit, machine, date.
        figures: the caption of each figure by its path without ending, relative to the page.
        command: the command that wrote the page.
        note: what a reader must know first.
    """

    title: str
    columns: Sequence[Column]
    origin: Mapping[str, str]
    figures: Mapping[str, str]
    command: str
    note: str = ""


def write_overview(overview: Overview, folder: Path, name: str) -> Path:
    """Write `NAME.html`, `.md`, `.csv` and `.json` beside the figures; returns the page's path.

    The Markdown begins at the second level of headings, so that several can follow each other in
    one document.
    """
    frame = overview_frame(overview.columns)
    findings = overview_findings(overview.columns)
    first = leading(overview.columns)
    context = {
        "overview": overview,
        "findings": findings,
        "groups": list(dict.fromkeys(frame["group"])),
        "cells": {(row["column"], row["group"]): row for row in records(frame)},
        "indices": [(index, index_name(index)) for index in sorted(INDICES, key=first.__ne__)],
        "published": any(column.published for column in overview.columns),
        "source": SOURCE,
        "total": sum(column.seconds for column in overview.columns),
    }
    write_atomically(folder / f"{name}.csv", csv_text(frame))
    document = {
        "version": 1,
        "title": overview.title,
        "note": overview.note,
        "origin": dict(overview.origin),
        "findings": findings,
        "rows": [{name: plain(value) for name, value in row.items()} for row in records(frame)],
    }
    write_atomically(
        folder / f"{name}.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    )
    markdown = template("overview.md.j2").render(context)
    write_atomically(folder / f"{name}.md", markdown)
    pictures = {path: _embedded(folder / f"{path}.png") for path in overview.figures}
    page = template("overview.html.j2").render(context, pictures=pictures)
    return write_atomically(folder / f"{name}.html", page)


def _embedded(picture: Path) -> str:
    return data_address(picture.read_bytes(), "png")
