"""The measures of classifiers as the report shows them."""

import pandas as pd
import pytest

from sparse_lightning.report.measures import MEASURES, measure_rows, measured, reference_rows

ALL = {
    f"{method}_{name}": place
    for method in ("logistic_regression", "trees")
    for place, name in enumerate(MEASURES)
}


def test_each_method_is_one_row_with_all_its_measures():
    rows = reference_rows(ALL)
    assert [row["method"] for row in rows] == ["logistic regression", "trees"]
    for row in rows:
        assert {name: row[name] for name in MEASURES} == {
            name: place for place, name in enumerate(MEASURES)
        }


def test_what_measures_no_classifier_is_no_row():
    assert reference_rows({"pca_contribution_3": 0.5, "sparse_pca_2_loadings_1": 4.0}) == []


def test_measures_are_means_over_the_seeds_that_did_not_fail():
    networks = pd.DataFrame(
        {
            "group": ["none", "L1", "L1", "L1"],
            "l1_weight": [0.0, 0.1, 0.1, 0.1],
            "connections": [9.0, 4.0, 6.0, 1.0],
            "squared_error": [0.1, 0.2, 0.3, 0.4],
            "failed": [False, False, False, True],
            "heldout_accuracy": [0.9, 0.8, 0.6, 0.1],
        }
    )
    assert measured(networks) == {"heldout_accuracy": "held out: accuracy"}
    assert measure_rows(networks) == [
        {"group": "none", "l1_weight": 0.0, "connections": 9.0, "heldout_accuracy": 0.9},
        {
            "group": "L1",
            "l1_weight": 0.1,
            "connections": 5.0,
            "heldout_accuracy": pytest.approx(0.7),
        },
    ]
