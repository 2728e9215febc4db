import io

import pytest
from rich.console import Console

from sparse_lightning.comparison.knees import with_agreement
from sparse_lightning.report import indices_table, print_indices, published_values
from sparse_lightning.report.tables import indices_text


def printed(comparison, published=None, width=80):
    stream = io.StringIO()
    print_indices(comparison, published, Console(file=stream, width=width))
    return stream.getvalue()


def test_eighty_columns_and_no_terminal_suffice(study_of):
    networks = study_of().study.networks
    networks.loc[8, "failed"] = True
    comparison = study_of(networks=networks).comparison
    text = printed(comparison, published_values("sae", "wine"))
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "…" not in text
    assert "\x1b" not in text
    for row in comparison.indices.to_dict("records"):
        assert f"{row['hypervolume_gap']:.4g}" in text
        assert f"[{row['area_marker_low']:.3g}, {row['area_marker_high']:.3g}]" in text
    assert "0.1302" in text
    assert text.isascii()


@pytest.mark.parametrize("name", ["[red]markup[/red]", "x" * 300, "line\nbreak"])
def test_any_name_is_shown_as_text(study_of, name):
    text = printed(study_of(groups=(name, "L1"), seeds=1).comparison)
    assert max(len(line) for line in text.splitlines()) <= 80
    if "red" in name:
        assert "[red]markup[/red]" in text


def test_the_table_has_a_column_for_failures_only_if_there_are_any(study_of):
    assert [column.header for column in indices_table(study_of().comparison).columns] == [
        "group",
        "distance\nfrom ideal",
        "area (pub-\nlished index)",
        "against\nthe best",
    ]


def test_how_far_the_seeds_agree_has_a_column_where_it_is_known(study_of):
    networks = study_of().study.networks.assign(agreement=0.625)
    comparison = with_agreement(study_of(networks=networks).comparison)
    assert "0.62" in printed(comparison)
    headers = [column.header for column in indices_table(comparison).columns]
    assert headers[3] == "seeds\nagree"


def test_the_same_as_text(study_of):
    comparison = study_of().comparison
    lines = [line.rstrip() for line in printed(comparison).splitlines()]
    assert indices_text(comparison).splitlines() == lines
