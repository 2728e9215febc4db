from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_points import CORNER, compared, frame_of, noisy

import sparse_lightning as sl
from sparse_lightning.comparison import (
    INDICES,
    NETWORKS,
    area_index,
    compare,
    hypervolume_gap,
    network_points,
)
from sparse_lightning.comparison.bootstrap import draw_replicates, percentile_interval
from sparse_lightning.comparison.markers import markers
from sparse_lightning.errors import InputError


def curve_of(networks):
    """The markers of networks, with their penalty weights."""
    points = network_points(networks)
    frame = markers(points)
    return frame.assign(l1_weight=[points.settings[one]["l1_weight"] for one in frame["marker"]])


def test_the_indices_are_those_of_the_markers():
    networks = noisy()
    result = compared(networks)
    for row in result.indices.to_dict("records"):
        curve = curve_of(networks).query("group == @row['group']")
        x, y = curve["x"], curve["y"]
        assert row["area_marker"] == area_index(x, y, floor=0)
        assert row["area_axis"] == area_index(x, y, floor=0, closure="axis")
        assert row["hypervolume_gap"] == hypervolume_gap(x, y, **CORNER)
        for index in INDICES:
            assert row[f"{index}_low"] <= row[index] <= row[f"{index}_high"]


def test_an_interval_is_the_plain_bootstrap_done_slowly():
    networks = noisy(failing=0.15)
    result = compared(networks, resamples=60)
    seeds = np.sort(networks["seed"].unique())
    for group in result.groups:
        rows = networks[networks["group"] == group]
        areas = []
        for drawn in seeds[draw_replicates(len(seeds), 60)].T:
            parts = [
                rows[rows["seed"] == seed].assign(seed=place) for place, seed in enumerate(drawn)
            ]
            curve = markers(network_points(pd.concat(parts)))
            areas.append(area_index(curve["x"], curve["y"], floor=0))
        low, high = np.quantile(areas, [0.025, 0.975])
        row = result.indices.set_index("group").loc[group]
        assert row["area_marker_low"] == pytest.approx(low, rel=1e-12)
        assert row["area_marker_high"] == pytest.approx(high, rel=1e-12)


def test_groups_are_ordered_by_the_chosen_index_and_none_is_not_ranked():
    networks = frame_of(
        {
            "none": {0.0: [(90, 0.0)]},
            "long": {1.0: [(10, 0.5)], 2.0: [(90, 0.1)]},
            "short": {1.0: [(80, 0.2)], 2.0: [(90, 0.1)]},
        }
    )
    by_area = compared(networks)
    by_gap = compared(networks, order_by="hypervolume_gap")
    assert list(by_area.indices["group"]) == ["short", "long"]
    assert list(by_gap.indices["group"]) == ["long", "short"]
    assert by_gap.groups == ("long", "short")
    assert list(by_gap.markers["group"].unique()) == ["none", "long", "short"]
    again = by_gap.ordered_by("area_marker")
    assert again.order_by == "area_marker"
    pd.testing.assert_frame_equal(again.indices, by_area.indices)


def test_a_single_seed_settles_nothing():
    networks = frame_of({"a": {1.0: [(1, 1)], 2.0: [(9, 0)]}, "b": {1.0: [(1, 9)], 2.0: [(9, 0)]}})
    result = compared(networks, null_error=10.0)
    assert result.indices.filter(regex="_(low|high)$").isna().all(axis=None)
    assert not result.pairs["settled"].any()


def test_one_surviving_seed_gives_no_interval_however_many_others_have():
    networks = frame_of(
        {
            "a": {1.0: [(1, 0.9), None, None], 2.0: [(9, 0.1), None, None]},
            "b": {1.0: [(1, 0.2), (1, 0.3), (2, 0.2)], 2.0: [(9, 0.1)] * 3},
        }
    )
    result = compared(networks)
    row = result.indices.set_index("group").loc["a"]
    assert np.isnan(row["area_marker_low"])
    assert row["failed"] == 4
    assert not result.pairs["settled"].any()


def test_seeds_are_paired():
    # Both groups scatter widely but together, so that their difference does not.
    shifts = [0.0, 0.1, 0.2, 0.3, 0.4]
    curve = {
        group: {
            1.0: [(10, better + shift) for shift in shifts],
            2.0: [(20, better + shift) for shift in shifts],
        }
        for group, better in (("a", 0.11), ("b", 0.1))
    }
    pair = compared(frame_of(curve)).pairs.iloc[0]
    assert pair["difference"] == pytest.approx(0.1)
    assert pair["settled"]
    assert pair["low"] == pytest.approx(0.1)


def test_equal_groups_are_not_settled():
    networks = noisy(groups=("a",))
    twin = pd.concat([networks, networks.assign(group="b")])
    assert not compared(twin).pairs["settled"].any()


@pytest.mark.parametrize(("shift", "settled"), [(2e-7, False), (1e-3, True)])
def test_a_difference_within_rounding_is_not_settled(shift, settled):
    networks = noisy(groups=("a",))
    other = networks.assign(group="b", squared_error=networks["squared_error"] + shift)
    pairs = compared(pd.concat([networks, other])).pairs
    by_gap = pairs.loc[pairs["index"] == "hypervolume_gap"]
    assert by_gap["settled"].tolist() == [settled]
    assert (by_gap["high"] < 0).all()


def test_a_group_that_failed_altogether_has_no_index():
    networks = frame_of({"dead": {1.0: [None, None]}, "alive": {1.0: [(5, 0.5), (5, 0.4)]}})
    result = compared(networks)
    assert list(result.indices["group"]) == ["alive", "dead"]
    assert np.isnan(result.indices["area_axis"].iloc[1])
    assert result.missing == (("dead", 0),)
    assert result.points.settings == ({"l1_weight": 1.0},)


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_bit(random):
    networks = noisy(seeds=3, weights=3, failing=0.2)
    groups = []
    for _, rows in networks.groupby("group", sort=False):
        places = list(range(len(rows)))
        random.shuffle(places)
        groups.append(rows.iloc[places])
    before = compared(networks, resamples=50)
    after = compared(pd.concat(groups), resamples=50)
    for frame in ("markers", "indices", "pairs"):
        pd.testing.assert_frame_equal(
            getattr(before, frame), getattr(after, frame), check_exact=True
        )


def test_unusable_arguments_are_named():
    networks = noisy()
    for options, message in (
        ({"order_by": "size"}, "order_by must be one of area_marker, area_axis"),
        ({"confidence": 1.0}, "confidence must be between 0 and 1"),
        ({"resamples": 0}, "resamples must be at least 1"),
    ):
        with pytest.raises(InputError, match=message):
            compared(networks, **options)
    with pytest.raises(InputError, match="no group besides 'none'"):
        compared(networks.assign(group="none").drop_duplicates(["l1_weight", "seed"]))


def test_an_interval_of_nothing_is_nothing():
    assert np.isnan(percentile_interval(np.array([np.nan, np.nan]), 0.95)).all()


def test_areas_that_no_number_holds_are_refused():
    networks = frame_of({"a": {1e-4: [(1e9, 1e299)]}})
    with pytest.raises(InputError, match=r"connections reaches from 100 to 1e\+09 and squared"):
        compared(networks, floor=0.1, null_error=0.3)
    with pytest.raises(InputError, match="area_index: connections reach"):
        area_index([1e9], [1e299], floor=0.1)


def test_a_floor_that_is_no_better_than_the_corner_leaves_no_gap():
    result = compared(noisy(), floor=0.5, null_error=0.3)
    assert result.indices[["hypervolume_gap", "hypervolume_gap_low"]].isna().all(axis=None)
    assert result.indices["area_marker"].notna().all()


def test_groups_count_what_failed():
    networks = noisy(groups=("L1", "sL1"), seeds=4, weights=3)
    networks.loc[(networks["group"] == "L1") & (networks["seed"] == 2), "failed"] = True
    networks.loc[networks["group"] == "sL1", "failed"] = True
    counts = compared(networks).indices.set_index("group")[["failed", "points"]]
    assert counts.loc["L1"].tolist() == [3, 12]
    assert counts.loc["sL1"].tolist() == [12, 12]


def test_the_floor_is_that_of_its_group_or_the_best_of_all():
    networks = frame_of(
        {"none": {0.0: [(9, 0.5), (9, 0.3), None]}, "L1": {1e-4: [(1, 0.9)], 2e-4: [(2, 0.1)]}}
    )
    known = replace(NETWORKS, corner=(10, 1.0))
    result = compare(network_points(networks), known)
    assert (result.floor, result.corner, result.axis) == (0.3, (10.0, 1.0), 0.0)
    everything = compare(network_points(networks), replace(NETWORKS, floor_group=None))
    assert (everything.floor, everything.corner) == (0.1, (9.0, 0.9))
    assert everything.groups == ("none", "L1")
    for none, message in (
        ({}, "needs points of the group 'none'"),
        ({0.0: [None]}, "all 1 points"),
    ):
        with pytest.raises(InputError, match=message):
            compare(network_points(frame_of({"L1": {1e-4: [(1, 0.1)]}, "none": none})), known)


def test_a_corner_that_is_no_worse_than_the_best_is_refused():
    with pytest.raises(InputError, match="the corner's connections, 0, must be worse than 0"):
        compared(noisy(), connections_total=0)


OPTIMIZERS = pd.DataFrame(
    {
        "optimizer": ["sgd", "sgd", "sgd", "adam", "adam"],
        "width": [1, 3, 5, 1, 3],
        "cost": [10.0, 20.0, 30.0, 10.0, 30.0],
        "loss": [4.0, 5.0, 3.0, 2.0, 1.0],
    }
)


def test_points_of_any_frame_are_compared_by_the_columns_that_are_named():
    axes = sl.Axes("cost", "loss", "optimizer", ("width",), replicate=None)
    result = sl.compare(OPTIMIZERS, axes)
    assert list(result.indices["group"]) == ["adam", "sgd"]
    assert result.points.settings == ({"width": 1}, {"width": 3}, {"width": 5})
    assert (result.floor, result.corner) == (1.0, (30.0, 5.0))
    found = result.indices.set_index("group").loc["adam"]
    assert found["area_marker"] == area_index([10, 30], [2, 1], floor=1)
    with pytest.raises(sl.InputError, match="the column 'depth' is missing"):
        sl.compare(OPTIMIZERS, replace(axes, marker=("depth",)))
    with pytest.raises(sl.InputError, match="optimizer must be numbers"):
        sl.compare(OPTIMIZERS, replace(axes, y="optimizer"))


def test_where_every_point_is_a_marker_a_curve_joins_those_that_none_beats():
    axes = sl.Axes("cost", "loss", "optimizer", marker=(), replicate=None)
    result = sl.compare(OPTIMIZERS, axes)
    curve = result.markers.loc[result.markers["group"] == "sgd"]
    assert curve[["x", "y"]].to_numpy().tolist() == [[10, 4], [30, 3]]
    assert result.indices.set_index("group").loc["sgd", "points"] == 3
    assert result.indices.filter(regex="_(low|high)$").isna().all(axis=None)


def test_without_groups_all_points_are_one():
    result = sl.compare(OPTIMIZERS, sl.Axes("cost", "loss", None, ("width", "optimizer"), None))
    assert result.groups == ("all points",)
    assert len(result.markers) == 5


POINTS = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from("pqr"),
        st.integers(1, 3),
        st.integers(-40, 40).map(lambda step: step / 8),
        st.integers(-40, 40).map(lambda step: step / 8),
        st.booleans(),
    ),
    min_size=4,
    max_size=24,
    unique_by=lambda point: point[:3],
).filter(lambda points: sum(not failed for *_, failed in points) >= 2)


def frame_of_points(points):
    names = ["group", "marker", "replicate", "x", "y", "failed"]
    return pd.DataFrame(points, columns=names)


def by_group(result):
    return result.indices.sort_values("group", ignore_index=True)


def differences(result):
    """The pairs of both groups, `a` first."""
    pairs = result.pairs.copy()
    turned = pairs["first"] > pairs["second"]
    pairs.loc[turned, ["low", "high"]] = -pairs.loc[turned, ["high", "low"]].to_numpy()
    pairs.loc[turned, "difference"] *= -1
    return pairs[["index", "difference", "low", "high", "settled"]]


BOUNDS = {"floor": -6.0, "corner": (6.0, 6.0)}


@settings(max_examples=60, deadline=None)
@given(POINTS, st.randoms(use_true_random=False))
def test_the_order_of_points_changes_nothing(points, random):
    shuffled = list(points)
    random.shuffle(shuffled)
    one, two = (
        sl.compare(frame_of_points(rows), sl.Axes(**BOUNDS), resamples=20)
        for rows in (points, shuffled)
    )
    pd.testing.assert_frame_equal(by_group(one), by_group(two), check_exact=True)
    pd.testing.assert_frame_equal(differences(one), differences(two), rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(POINTS)
def test_mirroring_both_directions_gives_the_same_areas(points):
    frame = frame_of_points(points)
    # Both count x from its best: 0 here is one of the points that small x are good for.
    least = frame.loc[~frame["failed"], "x"].min()
    frame = frame.assign(x=frame["x"] - least)
    turned = frame.assign(x=-frame["x"], y=-frame["y"])
    small = sl.Axes(floor=-6.0, corner=(12.0, 6.0))
    large = sl.Axes(x_direction="max", y_direction="max", floor=6.0, corner=(-12.0, -6.0))
    one = sl.compare(frame, small, resamples=20)
    two = sl.compare(turned, large, resamples=20)
    pd.testing.assert_frame_equal(one.indices, two.indices, check_exact=True)
    pd.testing.assert_frame_equal(one.pairs, two.pairs, check_exact=True)
    np.testing.assert_array_equal(one.markers["x"], -two.markers["x"])
    np.testing.assert_array_equal(one.markers["y"], -two.markers["y"])
