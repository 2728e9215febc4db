"""Which network is recommended, on curves whose numbers are easy to reckon with."""

import numpy as np
import pandas as pd
import pytest

from sparse_lightning.comparison import compare, network_axes, network_points
from sparse_lightning.comparison.knees import curves, knees, medoid, with_agreement
from sparse_lightning.comparison.recommendation import Recommendation, recommend

FACTS = {"null_error": 1.0, "connections_total": 100}


def networks_of(curves, seeds=(1, 2, 3), floor=0.0):
    """Networks of groups: `{group: [(connections, error, agreement), …]}`, λ = 0.1, 0.2, …

    A third value may be a list, one a seed; so may the others.
    """
    rows = []
    markers = {"none": [(100, floor, np.nan)], **curves}
    for group, points in markers.items():
        for place, point in enumerate(points, start=1):
            for number, seed in enumerate(seeds):
                x, y, agreement = (
                    value[number] if isinstance(value, list) else value for value in point
                )
                rows.append(
                    {
                        "group": group,
                        "l1_weight": place / 10,
                        "seed": seed,
                        "connections": float(x),
                        "squared_error": float(y),
                        "agreement": agreement,
                        "failed": bool(np.isnan(y)),
                        "run_id": f"{group}-{place}-{seed}",
                    }
                )
    return pd.DataFrame(rows)


def compared(curves, drop=(), facts=FACTS, **given):
    frame = networks_of(curves, **given).drop(columns=list(drop))
    return compare(network_points(frame), network_axes(facts), resamples=10)


# x + y: 0.8 + 0.05, 0.4 + 0.2, 0.2 + 0.6
KNEE = [(80, 0.05, 0.5), (40, 0.2, 0.6), (20, 0.6, 0.9)]
# 0.9 + 0.1, 0.5 + 0.3, 0.3 + 0.5: of equals the one that uses less
LATER = [(90, 0.1, 0.1), (50, 0.3, 0.2), (30, 0.5, 0.8)]


def test_of_each_group_the_knee_of_these_where_the_seeds_agree_most():
    comparison = compared({"A": KNEE, "B": LATER})
    at_knee = knees(curves(comparison)).set_index("group")
    assert at_knee["marker"].to_dict() == {"A": 1, "B": 2}
    assert at_knee["used"].to_dict() == {"A": 0.4, "B": 0.3}
    np.testing.assert_allclose(at_knee["lost"], [0.2, 0.5])
    found = recommend(comparison)
    assert isinstance(found, Recommendation)
    assert (found.group, found.settings) == ("B", {"l1_weight": 0.3})
    assert found.agreement == pytest.approx(0.8)
    assert (found.x, found.y, found.explained) == (30, 0.5, 0.5)
    assert (found.by_agreement, found.groups, found.level) == (True, 2, ())


def test_of_groups_whose_seeds_agree_as_much_the_knee_that_uses_and_loses_least():
    same = [(x, y, 0.7) for x, y, _ in LATER]
    found = recommend(compared({"A": same, "B": [(x, y, 0.7) for x, y, _ in KNEE], "C": LATER}))
    assert isinstance(found, Recommendation)
    assert (found.group, found.level) == ("C", ())
    found = recommend(compared({"A": same, "B": [(x, y, 0.7) for x, y, _ in KNEE]}))
    assert isinstance(found, Recommendation)
    assert (found.group, found.level) == ("B", ("A",))


def test_shares_are_of_what_there_is_to_explain_above_the_floor():
    comparison = compared({"A": KNEE}, floor=0.04)
    found = curves(comparison)
    np.testing.assert_allclose(found["lost"], [0.01 / 0.96, 0.16 / 0.96, 0.56 / 0.96])
    np.testing.assert_allclose(found["explained"], [0.95, 0.8, 0.4])


def test_of_the_seeds_the_medoid():
    agreement = [0.4, 0.7, 0.7]
    found = recommend(compared({"A": [(40, [0.1, 0.3, 0.2], agreement)]}))
    assert isinstance(found, Recommendation)
    assert (found.seed, found.run_id) == (3, "A-1-3")  # of equals the smaller error
    assert found.agreement == pytest.approx(0.6)
    found = recommend(compared({"A": [(40, 0.2, agreement)]}))
    assert isinstance(found, Recommendation)
    assert found.seed == 2  # then the lower seed


def test_rounding_does_not_decide_between_seeds():
    agreement = [0.7, 0.7 + 1e-13, 0.7]
    found = medoid(compared({"A": [(40, [0.2, 0.3, 0.1], agreement)]}), "A", 0)
    assert found is not None
    assert found["replicate"] == 3


@pytest.mark.parametrize("given", [{"drop": ("agreement",)}, {}])
def test_without_agreement_the_group_of_the_least_sum(given):
    unknown = {
        group: [(x, y, np.nan) for x, y, _ in points]
        for group, points in (("A", LATER), ("B", KNEE))
    }
    found = recommend(compared(unknown, **given))
    assert isinstance(found, Recommendation)
    assert (found.group, found.by_agreement) == ("B", False)
    assert np.isnan(found.agreement)
    assert found.seed == 1


def test_groups_whose_agreement_is_unknown_come_last():
    found = recommend(compared({"A": [(10, 0.1, np.nan)], "B": [(90, 0.9, -0.1)]}))
    assert isinstance(found, Recommendation)
    assert found.group == "B"


def test_one_seed_is_enough():
    found = recommend(compared({"A": [(40, 0.2, np.nan)]}, seeds=(7,)))
    assert isinstance(found, Recommendation)
    assert (found.seed, found.by_agreement) == (7, False)


def test_empty_networks_and_useless_ones_are_never_recommended():
    # The empty marker has the least sum, and its seeds agree; the next explains nothing.
    found = recommend(compared({"A": [(0, 0.5, 1.0), (2, 1.0, 1.0), (60, 0.4, 0.1)]}))
    assert isinstance(found, Recommendation)
    assert found.settings == {"l1_weight": 0.3}
    # Of the medoid's marker, the empty seed is passed over.
    found = recommend(compared({"A": [([0, 30, 40], [1.0, 0.2, 0.2], [0.9, 0.1, 0.2])]}))
    assert isinstance(found, Recommendation)
    assert found.seed == 3


def test_failed_networks_are_passed_over():
    found = recommend(compared({"A": [(40, [np.nan, 0.3, 0.2], [np.nan, 0.5, 0.5])]}))
    assert isinstance(found, Recommendation)
    assert found.seed == 3
    failed = {"A": [(40, np.nan, np.nan)], "B": KNEE}
    found = recommend(compared(failed))
    assert isinstance(found, Recommendation)
    assert (found.group, found.groups) == ("B", 1)


def test_what_is_lacking_is_said():
    assert recommend(compared({"A": [(40, np.nan, np.nan)]})) == "results"
    assert recommend(compared({"A": KNEE}, floor=1.2)) == "learning"
    assert recommend(compared({"A": [(0, 1.0, np.nan), (40, 1.1, 1.0)]})) == "connections"


def test_a_sparse_enough_marker_far_from_the_knee_is_named():
    # Explained: 0.99, 0.95, 0.91, 0.8; 0.9 · 0.99 = 0.891 is reached with 45 connections.
    curve = [(90, 0.01, 0.5), (60, 0.05, 0.5), (45, 0.09, 0.5), (20, 0.2, 0.5)]
    found = recommend(compared({"A": curve}))
    assert isinstance(found, Recommendation)
    assert (found.settings, found.enough) == ({"l1_weight": 0.4}, None)  # one marker apart
    found = recommend(compared({"A": [*curve, (10, 0.28, 0.5)]}))
    assert isinstance(found, Recommendation)
    assert found.settings == {"l1_weight": 0.5}
    assert found.enough == {"l1_weight": 0.3}


def test_validation_rows_decide_where_there_are_some():
    frame = networks_of({"A": [(40, 0.1, 0.5), (20, 0.2, 0.5)]})
    frame["validation_squared_error"] = frame["squared_error"].where(frame["l1_weight"] < 0.2, 0.9)
    axes = network_axes({**FACTS, "validation_null_error": 2.0})
    found = recommend(compare(network_points(frame, axes), axes, resamples=10))
    assert isinstance(found, Recommendation)
    # (0.9 − 0) / 2 + 0.2 against 0.05 + 0.4
    assert (found.settings, found.y, found.explained) == ({"l1_weight": 0.1}, 0.1, 0.95)


def test_a_comparison_has_the_agreement_of_markers_and_groups():
    comparison = with_agreement(compared({"A": KNEE, "B": [(40, np.nan, np.nan)]}))
    assert comparison.indices.set_index("group")["agreement"].to_dict() == pytest.approx(
        {"A": 0.6, "B": np.nan}, nan_ok=True
    )
    markers = comparison.markers.loc[comparison.markers["group"] == "A"]
    np.testing.assert_allclose(markers["agreement"], [0.5, 0.6, 0.9])
    assert list(markers["medoid"]) == ["A-1-1", "A-2-1", "A-3-1"]
