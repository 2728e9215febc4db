"""The order of the groups, and each against the best."""

import math

import pytest
from made_points import compared, frame_of, noisy

from sparse_lightning.report.ranking import narrow, points, ranked_by, ranking, spans

POINT = {
    "long": {1.0: [(10, 0.5), (10, 0.5)], 2.0: [(90, 0.1), (90, 0.1)]},
    "point": {1.0: [(11, 0.1), (11, 0.1)], 2.0: [(11, 0.1), (11, 0.1)]},
}
"""One curve of a single value of x, which by every index comes first."""


def shown(comparison):
    return {one.group: one.against for one in ranking(comparison)}


def test_groups_are_told_from_the_best_where_the_seeds_settle_it():
    comparison = compared(noisy(spread=0.0))
    assert shown(comparison) == {"L1": "best", "sL1": "worse", "KL": "worse"}
    assert [one.group for one in ranking(comparison)] == list(comparison.indices["group"])
    assert ranked_by(comparison) == "area_marker"


def test_groups_that_differ_by_rounding_are_level():
    curve = {1.0: [(10, 0.5), (11, 0.5)], 2.0: [(90, 0.1), (91, 0.1)]}
    nearly = {
        weight: [(x, y * (1 + 2e-5)) for x, y in results] for weight, results in curve.items()
    }
    comparison = compared(frame_of({"a": curve, "b": nearly}))
    assert shown(comparison) == {"a": "best", "b": "level"}


@pytest.mark.parametrize("order_by", ["area_marker", "hypervolume_gap"])
def test_a_curve_of_one_value_has_no_area_and_is_never_the_best(order_by):
    comparison = compared(frame_of(POINT), order_by=order_by)
    assert comparison.indices["group"].iloc[0] == "point"
    assert points(comparison) == ["point"]
    best, other = ranking(comparison)
    assert (best.group, best.against) == ("long", "best")
    assert math.isnan(other.row["area_marker"])
    assert other.row["hypervolume_gap"] < best.row["hypervolume_gap"]
    assert other.against == "level"


def test_where_ranges_differ_the_fair_index_orders():
    short = {1.0: [(80, 0.2), (80, 0.2)], 2.0: [(90, 0.1), (90, 0.1)]}
    comparison = compared(frame_of({"long": POINT["long"], "short": short}))
    assert spans(comparison).to_dict("index") == {
        "long": {"low": 10, "high": 90},
        "short": {"low": 80, "high": 90},
    }
    assert narrow(comparison) == ["short"]
    assert comparison.indices["group"].iloc[0] == "short"  # a short curve has a small area
    assert ranked_by(comparison) == "hypervolume_gap"
    assert shown(comparison) == {"long": "best", "short": "worse"}


def test_without_a_fair_index_the_order_stays():
    comparison = compared(frame_of(POINT), floor=0.5, null_error=0.3)
    assert ranked_by(comparison) == "area_marker"


def test_one_seed_and_one_group_say_nothing():
    assert set(shown(compared(noisy(seeds=1))).values()) == {"best", "–"}
    assert shown(compared(noisy(groups=("L1",)))) == {"L1": "–"}


def test_a_group_without_a_result_comes_last_and_says_nothing():
    networks = noisy(groups=("L1", "sL1"))
    networks.loc[networks["group"] == "L1", ["failed", "connections", "squared_error"]] = [
        True,
        math.nan,
        math.nan,
    ]
    assert shown(compared(networks)) == {"sL1": "best", "L1": "–"}
