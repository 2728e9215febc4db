from collections import Counter

import numpy as np
import pytest

from sparse_lightning._figures import figure_text
from sparse_lightning.report import index_figure, pareto_figure, save_figure
from sparse_lightning.report.colours import looks

HOSTILE = (r"$\frac{", "_private", "数据🍷", "\x00\x07\n\ttab", "long " * 100, "", "a" * 300 + "b")


def test_the_published_colours_are_kept_and_all_looks_differ():
    known = looks(["L1", "sL1", "sL1+sh", "sL1+sh2", "sL1+KL", "sL1+decs", "none", "mine", "yours"])
    assert len({look.colour for look in known.values()}) == 9
    red, green, blue = (int(known["L1"].colour[place : place + 2], 16) for place in (1, 3, 5))
    assert blue > green > red
    assert max(Counter(look.marker for look in known.values()).values()) == 1


def test_curves_show_every_group_and_the_floor(study_of):
    study = study_of()
    figure = pareto_figure(study)
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert texts == ["unregularized", *study.comparison.groups, "floor"]
    axes = figure.axes[0]
    assert axes.get_xlabel() == "connections (|w| > 0.01)"
    assert axes.get_ylabel() == "mean squared error per output element"
    drawn = [line.get_ydata() for line in axes.lines]
    assert any(np.array_equal(y, [study.comparison.floor] * 2) for y in drawn)


def test_the_axis_is_logarithmic_where_the_errors_span_far(study_of):
    study = study_of()
    assert pareto_figure(study).axes[0].get_yscale() == "linear"
    wide = study.study.networks.copy()
    wide.loc[wide["l1_weight"] == 1e-3, "squared_error"] *= 50
    study = study_of(networks=wide)
    assert pareto_figure(study).axes[0].get_yscale() == "log"


def test_the_same_study_gives_the_same_bytes(study_of, tmp_path):
    study = study_of()
    for folder in ("one", "two"):
        save_figure(index_figure(study.comparison), tmp_path / folder, "indices")
    for ending in ("png", "svg"):
        one, two = (
            (tmp_path / folder / f"indices.{ending}").read_bytes() for folder in ("one", "two")
        )
        assert one == two
    assert b"<dc:date>" not in two


def test_any_name_of_a_group_can_be_drawn(study_of, tmp_path):
    study = study_of(groups=HOSTILE, name=HOSTILE[0] * 40)
    save_figure(pareto_figure(study), tmp_path, "pareto")
    save_figure(index_figure(study.comparison), tmp_path, "indices")


def test_a_study_of_failures_can_be_drawn(study_of, tmp_path):
    networks = study_of(seeds=1).study.networks
    networks.loc[networks["group"] == "L1", "failed"] = True
    networks.loc[networks["group"] == "sL1", "squared_error"] = np.inf
    study = study_of(networks=networks)
    figure = pareto_figure(study)
    save_figure(figure, tmp_path, "pareto")
    save_figure(index_figure(study.comparison), tmp_path, "indices")
    assert "sL1" not in [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


@pytest.mark.parametrize("name", HOSTILE)
def test_drawn_names_are_short_lines_without_mathematics(name):
    text = figure_text(name, 36)
    assert len(text.replace(r"\$", "$")) <= 36
    assert "\n" not in text
    assert "$" not in text.replace(r"\$", "")
