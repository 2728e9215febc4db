"""The components of a made-up study: names of references, figures, table, sentences."""

from base64 import b64encode

import numpy as np
import pytest

from sparse_lightning.comparison import hypervolume_gap
from sparse_lightning.report import components_figure, report_html, save_figure, write_report
from sparse_lightning.report.component_curves import ComponentCurves, reference_curves
from sparse_lightning.report.component_rows import component_sentences, gap_rows, path_rows
from sparse_lightning.report.figures import looks
from sparse_lightning.report.measures import reference_rows

MEASURES = ("loadings", "contribution")
HOSTILE = "<img src=x onerror=alert(1)>"


def curves_of(study):
    curves = ComponentCurves.of(study)
    assert curves is not None
    return curves


def lines(axes):
    return {
        (line.get_color(), line.get_marker()): np.column_stack(line.get_data())
        for line in axes.lines
    }


def line(axes, group):
    look = looks([group])[group]
    return lines(axes)[look.colour, look.marker]


def gap(rows, floor):
    return hypervolume_gap(
        rows[:, 0], 1 - rows[:, 1], floor=floor, null_error=1, connections_total=12
    )


def test_references_are_told_apart_by_their_names():
    references = {
        "sparse_pca_10_loadings_2": 3.0,
        "sparse_pca_10_contribution_2": 0.5,
        "sparse_pca_1e-05_contribution_1": 0.4,
        "sparse_pca_1e-05_loadings_1": 9.0,
        "sparse_pca_0.5_contribution_1": 0.3,
        "sparse_pca_0.5_loadings_1": 8.0,
        "pca_contribution_10": 0.9,
        "pca_loadings_10": 12.0,
        "pca_contribution_2": 0.6,
        "pca_loadings_2": 11.0,
        "pca_contribution_3": 0.7,  # without its loadings
        "logistic_regression_heldout_accuracy": 0.8,
        "sparse_pca_e_loadings_1": 1.0,
        "sparse_pca_1_contribution": 1.0,
    }
    found = reference_curves(references)
    assert found.fillna(-1).to_numpy().tolist() == [
        ["exact PCA", -1, 2, 0.6, 11.0],
        ["exact PCA", -1, 10, 0.9, 12.0],
        ["SparsePCA", 1e-5, 1, 0.4, 9.0],
        ["SparsePCA", 0.5, 1, 0.3, 8.0],
        ["SparsePCA", 10.0, 2, 0.5, 3.0],
    ]
    assert reference_curves({}).empty


def test_references_of_components_are_none_of_classifiers(study_of):
    references = study_of(components=5).study.references
    assert references
    assert reference_rows(references) == []
    assert "How well they classify" not in report_html(study_of(components=5))


def test_curves_are_means_over_the_seeds_that_did_not_fail(study_of):
    networks = study_of(components=5).study.networks
    mine = (networks["group"] == "sL1") & (networks["l1_weight"] == 2e-4)
    networks.loc[mine, "contribution_3"] = [0.1, 0.2, 0.3, 0.9]
    networks.loc[mine & (networks["seed"] == 4), "failed"] = True
    curves = curves_of(study_of(networks=networks, components=5))
    assert curves.components == 5
    path = curves.path("sL1")
    assert path["n"].tolist() == [1, 2, 3, 4, 5]
    assert path["l1_weight"].unique().tolist() == [2e-4]
    assert path["seeds"].unique().tolist() == [3]
    assert path["contribution"].iloc[2] == pytest.approx(0.2)
    assert curves.curve("sL1", 5)["loadings"].is_monotonic_increasing
    assert len(curves.curve("sL1", 5)) == 3
    assert len(curves.path("none")) == 5


def test_sparse_pca_is_shown_where_it_is_as_sparse_as_the_groups(study_of):
    study = study_of(components=5)
    assert curves_of(study).nearest_alpha() == 0.5
    sparser = study.study.networks.assign(loadings_5=study.study.networks["loadings_5"] - 5)
    assert curves_of(study_of(networks=sparser, components=5)).nearest_alpha() == 10
    assert curves_of(study_of(components=5, references={})).nearest_alpha() is None


def test_a_study_of_another_task_has_no_components(study_of):
    assert ComponentCurves.of(study_of()) is None
    assert ComponentCurves.of(study_of(task="pca")) is None
    assert ">Components<" not in report_html(study_of())
    with pytest.raises(ValueError, match="wine-sae: only a study of the task"):
        components_figure(study_of())


def test_the_figure_has_a_path_and_a_curve_a_group(study_of):
    study = study_of(components=5)
    curves = curves_of(study)
    left, right = components_figure(study).axes
    columns = ["loadings", "contribution"]
    for group in study.comparison.groups:
        np.testing.assert_array_equal(line(left, group), curves.path(group)[columns])
        np.testing.assert_array_equal(line(right, group), curves.curve(group, 5)[columns])
    assert len(line(left, "none")) == 5
    assert len(line(right, "none")) == 1
    stars = [rows for (_, marker), rows in lines(left).items() if marker == "*"]
    np.testing.assert_allclose(stars[0][:, 1], [0.4, 0.65, 0.8, 0.9, 0.95])
    crosses = [rows for (_, marker), rows in lines(right).items() if marker == "P"]
    np.testing.assert_allclose(crosses[0][:, 0], [4, 8])
    texts = [text.get_text() for text in right.get_legend().get_texts()]
    methods = ["BP (unregularized)", "exact PCA", "SparsePCA"]
    assert texts == [*study.comparison.groups, *methods]
    assert left.get_xlabel() == "mean loadings a component (|v| > 0.01)"
    notes = [text.get_text() for text in left.texts]
    assert "λ = 0.0002; SparsePCA at α = 0.5" in notes
    assert {"n = 1", "2", "3", "4", "n = 5"} <= set(notes)


def test_points_too_near_to_each_other_are_not_numbered(study_of):
    left, _ = components_figure(study_of(components=7)).axes
    notes = {text.get_text() for text in left.texts}
    assert {"n = 1", "2", "3", "4", "5", "n = 7"} <= notes
    assert "6" not in notes


@pytest.mark.parametrize("components", [1, 5])
def test_a_study_without_references_or_of_failures_can_be_drawn(study_of, tmp_path, components):
    networks = study_of(groups=("_$x", "sL1"), seeds=1, components=components).study.networks
    networks.loc[networks["group"] == "sL1", "failed"] = True
    study = study_of(networks=networks, components=components, references={})
    figure = components_figure(study)
    save_figure(figure, tmp_path, "components")
    assert (tmp_path / "components.svg").stat().st_size
    legend = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert legend == [r" _\$x", "BP (unregularized)"]
    assert gap_rows(curves_of(study), 12) == []
    assert component_sentences(curves_of(study), 12) == []
    assert "Gaps of the first" not in report_html(study)


def test_gaps_are_those_of_the_first_n_components(study_of):
    study = study_of(components=7)
    rows = {row["method"]: row["cells"] for row in gap_rows(curves_of(study), 12)}
    assert list(rows) == [*study.comparison.groups, "SparsePCA"]
    assert {len(cells) for cells in rows.values()} == {6}  # n = 1, …, 5 and 7
    mine = study.study.networks.loc[study.study.networks["group"] == "sL1+KL"].groupby("l1_weight")
    for place, n in enumerate((1, 2, 3, 4, 5, 7)):
        floor = 1 - study.study.references[f"pca_contribution_{n}"]
        ours = mine[[f"loadings_{n}", f"contribution_{n}"]].mean().to_numpy()
        cell = rows["sL1+KL"][place]
        assert cell["gap"] == pytest.approx(gap(ours, floor))
        theirs = np.array(
            [
                [study.study.references[f"sparse_pca_{alpha}_{name}_{n}"] for name in MEASURES]
                for alpha in ("0.5", "10")
            ]
        )
        assert rows["SparsePCA"][place]["gap"] == pytest.approx(gap(theirs, floor))
        assert cell["above"] == (gap(ours, floor) < gap(theirs, floor))
    assert rows["SparsePCA"][0]["above"] is False


def test_sentences_say_which_curves_are_above(study_of):
    above, beaten, dominating = component_sentences(curves_of(study_of(components=7)), 12)
    assert above == (
        "Above SparsePCA's curve by distance from ideal: for n = 1, 2, 3, 4 and 5 all groups; "
        "for n = 7 sL1+sh, sL1+sh2, sL1+KL and sL1+decs."
    )
    assert beaten.startswith(
        "Of the groups' 18 markers, so many are worse in both loadings and contribution than one "
        "of SparsePCA: 0 for n = 1, 2, 3, 4 and 5; "
    )
    assert dominating.startswith(
        "With all 7 components the curves of sL1, sL1+sh, sL1+sh2, sL1+KL and sL1+decs dominate "
        "that of L1: no marker of L1 is better"
    )


def test_a_curve_with_worse_markers_dominates_nothing(study_of):
    networks = study_of(groups=("L1", "sL1", "sh"), components=3).study.networks
    # The last marker of sL1 is worse than L1's, and sh is L1 again.
    worst = (networks["group"] == "sL1") & (networks["l1_weight"] == 1e-3)
    networks.loc[worst, ["loadings_3", "contribution_3"]] = [11.0, 0.01]
    same = ["loadings_3", "contribution_3"]
    networks.loc[networks["group"] == "sh", same] = networks.loc[
        networks["group"] == "L1", same
    ].to_numpy()
    *_, mixed, beside = component_sentences(
        curves_of(study_of(networks=networks, components=3)), 12
    )
    assert mixed.startswith(
        "With all 3 components 1 of the 3 markers of sL1 are worse in both loadings and "
        "contribution than one of L1, and "
    )
    assert beside.startswith("With all 3 components no marker of sh is better in both")


def test_the_table_has_every_method_at_one_strength_and_every_alpha(study_of):
    study = study_of(components=5)
    rows = path_rows(curves_of(study))
    assert [(row["method"], row["strength"]) for row in rows] == [
        *((group, "λ = 0.0002") for group in study.comparison.groups),
        ("BP", "unregularized"),
        ("exact PCA", ""),
        ("SparsePCA", "α = 0.5"),
        ("SparsePCA", "α = 10"),
    ]
    assert all(len(row["cells"]) == 5 for row in rows)
    assert rows[-1]["cells"][4]["contribution"] == pytest.approx(0.95 * 0.98 / 2)
    page = report_html(study)
    section = page[page.index("<summary>Components</summary>") :].partition("\n</details>")[0]
    assert section.count("<tr>") == 2 + 7 + 10
    assert ">0.465<small>4.0</small>" in section
    for sentence in component_sentences(curves_of(study), 12):
        assert sentence.replace("'", "&#39;") in section


def test_hostile_names_of_groups_come_out_inert(study_of):
    study = study_of(groups=(HOSTILE, "L1"), components=3)
    page = report_html(study)
    assert HOSTILE not in page


def test_the_report_of_components_has_their_figure_twice_the_same(study_of, tmp_path):
    for folder in ("one", "two"):
        write_report(study_of(components=4), tmp_path / folder)
    for ending in ("png", "svg"):
        one, two = (tmp_path / name / f"figures/components.{ending}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    page = (tmp_path / "one" / "report.html").read_text("utf-8")
    assert 'href="figures/components.png"' in page
    assert f'<img src="data:image/svg+xml;base64,{b64encode(one.read_bytes()).decode()}"' in page
