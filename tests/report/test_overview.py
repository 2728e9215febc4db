"""Several studies side by side: the frame, the sentences, the page and the Markdown."""

import json
import math
from dataclasses import replace
from io import StringIO

import pandas as pd
import pytest
from rich.console import Console

from sparse_lightning._text import number
from sparse_lightning.report.overview import (
    Column,
    Overview,
    overview_findings,
    overview_frame,
    write_overview,
)
from sparse_lightning.report.tables import overview_table

HOSTILE = "<img src=x>|*a*"


@pytest.fixture
def columns(study_of):
    wine = study_of()
    own = study_of(groups=("L1", "sL1", HOSTILE), dataset="my.csv", task="pca", floor_settled=False)
    return [Column(wine, 12.0, "wine/report.html"), Column(own, 3.5, "own/report.html")]


def test_the_frame_has_a_row_for_each_study_and_group(columns):
    frame = overview_frame(columns)
    assert frame["column"].tolist() == ["wine SAE"] * 6 + ["my.csv PCA"] * 3
    first = frame.iloc[0]
    indices = columns[0].comparison.indices.set_index("group")
    assert first["area_marker"] == indices.loc["L1", "area_marker"]
    assert first["published"] == 0.130191
    assert first["ratio"] == first["published_ratio"] == 1
    sh = frame.loc[frame["group"] == "sL1+sh"].iloc[0]
    assert sh["published_ratio"] == pytest.approx(0.053682 / 0.130191)
    assert sh["ratio"] == pytest.approx(sh["area_marker"] / first["area_marker"])
    assert frame.loc[frame["dataset"] == "my.csv", "published"].isna().all()


def test_the_sentences_count_columns_and_name_what_is_not_shown(columns):
    sentences = overview_findings(columns)
    frame = overview_frame(columns).set_index(["column", "group"])
    above = sum(
        frame.loc[(title, "L1"), "area_marker"] > frame.loc[(title, "sL1"), "area_marker"]
        for title in ("wine SAE", "my.csv PCA")
    )
    assert sentences[0].startswith(
        f"By area (published index), L1 is above sL1 in {above} of 2 columns"
    )
    assert sentences[-1].startswith("The floor had not settled in my.csv PCA: ")
    assert any("hidden group" in sentence for sentence in sentences)


def test_a_column_without_a_pair_is_left_out_of_its_sentence(study_of):
    only = Column(study_of(groups=("L1",)), 1.0, "x/report.html")
    sentences = overview_findings([only])
    assert not any("above sL1 in" in sentence for sentence in sentences)


@pytest.fixture
def own_range(columns):
    """The same two, each group with a range of λ of its own."""
    return [
        replace(
            column,
            view=replace(
                column.view,
                comparison=column.comparison.ordered_by("hypervolume_gap"),
                study=replace(column.study, common_weights=False),
            ),
        )
        for column in columns
    ]


def test_groups_at_their_own_ranges_are_compared_by_the_fair_index(own_range):
    frame = overview_frame(own_range)
    assert frame[["published", "published_ratio"]].isna().all(axis=None)
    first, second = frame.iloc[0], frame.iloc[1]
    assert second["ratio"] == second["hypervolume_gap"] / first["hypervolume_gap"]
    sentences = overview_findings(own_range)
    assert any("below sL1 in distance from ideal in" in sentence for sentence in sentences)
    assert not any("Published" in sentence for sentence in sentences)


def written(columns, folder, **attributes):
    (folder / "figures").mkdir()
    (folder / "figures" / "figure_1.png").write_bytes(b"\x89PNG\r\n")
    overview = Overview(
        "Table 1",
        columns,
        {"torch": "2.13.0"},
        {"figures/figure_1": "Figure 1: curves"},
        "sparse-lightning table1",
        **attributes,
    )
    write_overview(overview, folder, "table1")
    return {path.suffix: path.read_text(encoding="utf-8") for path in folder.glob("table1.*")}


def test_page_and_markdown_show_every_value_as_text(columns, tmp_path):
    texts = written(columns, tmp_path, note="Quick: fewer epochs.")
    assert set(texts) == {".html", ".md", ".csv", ".json"}
    assert HOSTILE not in texts[".html"]
    assert "&lt;img src=x&gt;" in texts[".html"]
    for text in (texts[".html"], texts[".md"]):
        assert "Quick: fewer epochs." in text
        assert "wine SAE" in text
        assert "0.1302" in text
        assert "torch" in text
    rows = [line for line in texts[".md"].splitlines() if line.startswith("|")]
    widths = {line.replace(r"\|", "").count("|") for line in rows}
    assert widths == {6, 4}
    assert r"\<img src=x\>\|\*a\*" in texts[".md"]
    assert 'src="data:image/png;base64,' in texts[".html"]


def headings(markdown):
    return [line for line in markdown.splitlines() if line.startswith("#")]


def test_markdown_can_follow_other_markdown(columns, tmp_path):
    text = written(columns, tmp_path)[".md"]
    found = headings(text)
    assert found[0] == text.splitlines()[0] == "## Table 1"
    assert found[1:5] == [
        "### Area (published index), with its interval, beside the published value",
        "### Area (published index) divided by that of L1, beside the published ratio",
        "### Area to the axis, with its interval",
        "### Distance from ideal, with its interval",
    ]
    assert all(line.startswith("### ") for line in found[1:])
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\n\n\n" not in text


def test_without_published_areas_none_are_shown(own_range, tmp_path):
    texts = written(own_range, tmp_path)
    assert headings(texts[".md"])[1:4] == [
        "### Distance from ideal, with its interval",
        "### Distance from ideal divided by that of L1",
        "### Area (published index), with its interval",
    ]
    rows = [line for line in texts[".md"].splitlines() if line.startswith("|")]
    assert {line.replace(r"\|", "").count("|") for line in rows} == {4}
    for text in (texts[".md"], texts[".html"].split("</style>")[1]):
        assert "ublished" not in text.replace("Area (published index)", "").replace(
            "area (published index)", ""
        )
    assert texts[".html"].index("<h2>Distance from ideal") < texts[".html"].index("<h2>Area")


@pytest.mark.parametrize("index", ["area_marker", "hypervolume_gap"])
def test_the_closing_table_shows_the_index_that_it_is_asked_for(columns, own_range, index):
    shown = {"area_marker": columns, "hypervolume_gap": own_range}[index]
    frame = overview_frame(shown)
    console = Console(record=True, width=100, file=StringIO())
    console.print(overview_table(frame, index))
    text = console.export_text()
    assert number(frame[index].iloc[0], 3) in text
    assert ("as published" in text) == ("(0.13)" in text) == (index == "area_marker")


def test_files_for_other_programs_are_strict(columns, tmp_path):
    texts = written(columns, tmp_path)
    document = json.loads(texts[".json"], parse_constant=lambda name: pytest.fail(name))
    assert len(document["rows"]) == 9
    assert document["rows"][-1]["published"] is None
    frame = pd.read_csv(tmp_path / "table1.csv")
    assert frame["group"].iloc[-1] == HOSTILE
    assert math.isnan(frame["published"].iloc[-1])
