import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparse_lightning.comparison import INDICES, area_index, compare, hypervolume_gap, markers
from sparse_lightning.comparison.bootstrap import draw_seeds, percentile_interval
from sparse_lightning.errors import InputError

CORNER = {"floor": 0.0, "null_error": 1.0, "connections_total": 100}


def comparison(networks, **options):
    return compare(networks, connection_threshold=0.01, **{**CORNER, **options})


def noisy(groups=("L1", "sL1", "KL"), seeds=5, weights=5, spread=0.02, failing=0.0) -> pd.DataFrame:
    generator = np.random.default_rng(7)
    rows = [
        {
            "group": group,
            "l1_weight": 1e-4 * (marker + 1),
            "seed": seed,
            "connections": 80.0 - 12 * marker + generator.normal(),
            "squared_error": 0.1 + 0.05 * (marker + place) + spread * generator.normal(),
            "failed": generator.random() < failing,
        }
        for place, group in enumerate(groups)
        for marker in range(weights)
        for seed in range(1, seeds + 1)
    ]
    return pd.DataFrame(rows)


def test_the_indices_are_those_of_the_markers():
    networks = noisy()
    result = comparison(networks)
    for row in result.indices.to_dict("records"):
        curve = markers(networks).query("group == @row['group']")
        x, y = curve["connections"], curve["squared_error"]
        assert row["area_marker"] == area_index(x, y, floor=0)
        assert row["area_axis"] == area_index(x, y, floor=0, closure="axis")
        assert row["hypervolume_gap"] == hypervolume_gap(x, y, **CORNER)
        for index in INDICES:
            assert row[f"{index}_low"] <= row[index] <= row[f"{index}_high"]


def test_an_interval_is_the_plain_bootstrap_done_slowly():
    networks = noisy(failing=0.15)
    result = comparison(networks, resamples=60)
    seeds = np.sort(networks["seed"].unique())
    for group in result.groups:
        rows = networks[networks["group"] == group]
        areas = []
        for drawn in seeds[draw_seeds(len(seeds), 60)].T:
            parts = [
                rows[rows["seed"] == seed].assign(seed=place) for place, seed in enumerate(drawn)
            ]
            curve = markers(pd.concat(parts))
            areas.append(area_index(curve["connections"], curve["squared_error"], floor=0))
        low, high = np.quantile(areas, [0.025, 0.975])
        row = result.indices.set_index("group").loc[group]
        assert row["area_marker_low"] == pytest.approx(low, rel=1e-12)
        assert row["area_marker_high"] == pytest.approx(high, rel=1e-12)


def test_groups_are_ordered_by_the_chosen_index_and_none_is_not_ranked(frame_of):
    networks = frame_of(
        {
            "none": {0.0: [(90, 0.0)]},
            "long": {1.0: [(10, 0.5)], 2.0: [(90, 0.1)]},
            "short": {1.0: [(80, 0.2)], 2.0: [(90, 0.1)]},
        }
    )
    by_area = comparison(networks)
    by_gap = comparison(networks, order_by="hypervolume_gap")
    assert list(by_area.indices["group"]) == ["short", "long"]
    assert list(by_gap.indices["group"]) == ["long", "short"]
    assert by_gap.groups == ("long", "short")
    assert list(by_gap.markers["group"].unique()) == ["none", "long", "short"]
    sentences = by_area.findings()
    assert sentences[0] == (
        "The three indices do not agree on the best group: short by area_marker and area_axis; "
        "long by hypervolume_gap."
    )
    assert any(
        "short (80 to 90) less than half of what long (10 to 90)" in each for each in sentences
    )


def test_a_single_seed_settles_nothing(frame_of):
    networks = frame_of({"a": {1.0: [(1, 1)], 2.0: [(9, 0)]}, "b": {1.0: [(1, 9)], 2.0: [(9, 0)]}})
    result = comparison(networks, null_error=10.0)
    assert result.indices.filter(regex="_(low|high)$").isna().all(axis=None)
    assert not result.pairs["settled"].any()
    assert any("single seed" in sentence for sentence in result.findings())


def test_one_surviving_seed_gives_no_interval_however_many_others_have(frame_of):
    networks = frame_of(
        {
            "a": {1.0: [(1, 0.9), None, None], 2.0: [(9, 0.1), None, None]},
            "b": {1.0: [(1, 0.2), (1, 0.3), (2, 0.2)], 2.0: [(9, 0.1)] * 3},
        }
    )
    result = comparison(networks)
    row = result.indices.set_index("group").loc["a"]
    assert np.isnan(row["area_marker_low"])
    assert row["failed_replicas"] == 4
    assert not result.pairs["settled"].any()


def test_seeds_are_paired(frame_of):
    # Both groups scatter widely but together, so that their difference does not.
    shifts = [0.0, 0.1, 0.2, 0.3, 0.4]
    curve = {
        group: {
            1.0: [(10, better + shift) for shift in shifts],
            2.0: [(20, better + shift) for shift in shifts],
        }
        for group, better in (("a", 0.11), ("b", 0.1))
    }
    pair = comparison(frame_of(curve)).pairs.iloc[0]
    assert pair["difference"] == pytest.approx(0.1)
    assert pair["settled"]
    assert pair["low"] == pytest.approx(0.1)


def test_equal_groups_are_not_settled():
    networks = noisy(groups=("a",))
    twin = pd.concat([networks, networks.assign(group="b")])
    assert not comparison(twin).pairs["settled"].any()


def test_a_group_that_failed_altogether_has_no_index(frame_of):
    networks = frame_of({"dead": {1.0: [None, None]}, "alive": {1.0: [(5, 0.5), (5, 0.4)]}})
    result = comparison(networks)
    assert list(result.indices["group"]) == ["alive", "dead"]
    assert np.isnan(result.indices["area_axis"].iloc[1])
    assert result.missing == (("dead", 1.0),)
    sentences = " ".join(result.findings())
    assert "dead has no index: all of its 2 networks failed." in sentences
    assert "No network survived for dead at λ = 1" in sentences
    assert "alive collapsed to one number" in sentences


def test_markers_below_the_floor_are_pointed_at(frame_of):
    networks = frame_of({"a": {1e-4: [(5, 0.1)], 2e-4: [(4, 0.3)]}})
    sentences = comparison(networks, floor=0.2).findings()
    assert any(
        "a at λ = 0.0001. The floor was not trained long enough" in each for each in sentences
    )


def test_agreement_is_said_too():
    assert comparison(noisy(spread=0.0)).findings()[0] == (
        "All three indices put the groups in the same order."
    )


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_bit(random):
    networks = noisy(seeds=3, weights=3, failing=0.2)
    groups = []
    for _, rows in networks.groupby("group", sort=False):
        places = list(range(len(rows)))
        random.shuffle(places)
        groups.append(rows.iloc[places])
    before = comparison(networks, resamples=50)
    after = comparison(pd.concat(groups), resamples=50)
    for frame in ("markers", "indices", "pairs"):
        pd.testing.assert_frame_equal(
            getattr(before, frame), getattr(after, frame), check_exact=True
        )
    assert before.findings() == after.findings()


def test_unusable_arguments_are_named():
    networks = noisy()
    for options, message in (
        ({"order_by": "size"}, "order_by must be one of area_marker, area_axis"),
        ({"confidence": 1.0}, "confidence must be between 0 and 1"),
        ({"resamples": 0}, "resamples must be at least 1"),
    ):
        with pytest.raises(InputError, match=message):
            comparison(networks, **options)
    with pytest.raises(InputError, match="no group besides 'none'"):
        comparison(networks.assign(group="none").drop_duplicates(["l1_weight", "seed"]))


def test_an_interval_of_nothing_is_nothing():
    assert np.isnan(percentile_interval(np.array([np.nan, np.nan]), 0.95)).all()


@pytest.mark.parametrize("floor", [0.3, 0.5])
def test_a_floor_that_is_no_better_than_no_weights_is_the_first_finding(floor):
    result = comparison(noisy(), floor=floor, null_error=0.3)
    first, *others = result.findings()
    assert first.startswith("Unregularized training has learned nothing: its smallest error, the")
    assert f"floor {floor:g}, is not below 0.3" in first
    assert "training.learning_rate" in first
    assert others
    assert result.indices[["hypervolume_gap", "hypervolume_gap_low"]].isna().all(axis=None)
    assert result.indices["area_marker"].notna().all()
    assert not any("learned nothing" in text for text in comparison(noisy()).findings())


def test_groups_say_how_many_of_how_many_failed():
    networks = noisy(groups=("L1", "sL1"), seeds=4, weights=3)
    networks.loc[(networks["group"] == "L1") & (networks["seed"] == 2), "failed"] = True
    networks.loc[networks["group"] == "sL1", "failed"] = True
    result = comparison(networks)
    counts = result.indices.set_index("group")[["failed_replicas", "replicas"]]
    assert counts.loc["L1"].tolist() == [3, 12]
    assert counts.loc["sL1"].tolist() == [12, 12]
    told = result.findings()
    assert any(text.startswith("Some networks failed: 3 of 12 of L1. The indices") for text in told)
    assert "sL1 has no index: all of its 12 networks failed." in told


def test_failed_networks_of_the_floor_are_told():
    networks = noisy(groups=("none", "L1"), seeds=3, weights=1)
    networks.loc[(networks["group"] == "none") & (networks["seed"] == 1), "failed"] = True
    told = comparison(networks).findings()
    assert "1 of 3 unregularized networks failed; the floor is that of the others." in told


def test_networks_that_are_no_better_than_no_weights_are_the_first_finding(frame_of):
    networks = frame_of({"a": {1e-4: [(5, 0.3)]}, "b": {1e-4: [(4, 0.35)]}})
    first, *_ = comparison(networks, floor=0.1, null_error=0.3).findings()
    assert first.startswith("No regularized network has learned anything: the smallest error of a")
    assert "marker, 0.3, is not below 0.3, the error of a network without weights" in first
    sound = comparison(networks, floor=0.1, null_error=0.31).findings()
    assert not any("has learned anything" in text for text in sound)


def test_ties_are_not_called_the_same_order(frame_of):
    networks = frame_of({name: {1e-4: [(5, 0.2), (6, 0.2)]} for name in ("a", "b")})
    sentences = comparison(networks, floor=0.1, null_error=0.3).findings()
    assert "No index contradicts another, but some of them tell some groups not apart." in sentences


def test_areas_that_no_number_holds_are_refused(frame_of):
    networks = frame_of({"a": {1e-4: [(1e9, 1e299)]}})
    with pytest.raises(InputError, match=r"reach 1e\+09 and errors 1e\+299, and no number holds"):
        comparison(networks, floor=0.1, null_error=0.3)
    with pytest.raises(InputError, match="area_index: connections reach"):
        area_index([1e9], [1e299], floor=0.1)
