"""What a report says about the groups, in plain English."""

import pytest
from made_points import compared, frame_of, noisy

from sparse_lightning.report.findings import findings_of


def test_markers_below_the_floor_are_pointed_at():
    networks = frame_of({"a": {1e-4: [(5, 0.1)], 2e-4: [(4, 0.3)]}})
    sentences = findings_of(compared(networks, floor=0.2))
    assert any(
        "a at λ = 0.0001. The floor was not trained long enough" in each for each in sentences
    )


def test_agreement_is_said_too():
    assert findings_of(compared(noisy(spread=0.0)))[0] == (
        "All three indices put the groups in the same order."
    )


@pytest.mark.parametrize("floor", [0.3, 0.5])
def test_a_floor_that_is_no_better_than_no_weights_is_the_first_finding(floor):
    result = compared(noisy(), floor=floor, null_error=0.3)
    first, *others = findings_of(result)
    assert first.startswith("Unregularized training has learned nothing: its smallest error, the")
    assert f"floor {floor:g}, is not below 0.3" in first
    assert "training.learning_rate" in first
    assert others
    assert result.indices[["hypervolume_gap", "hypervolume_gap_low"]].isna().all(axis=None)
    assert result.indices["area_marker"].notna().all()
    assert not any("learned nothing" in text for text in findings_of(compared(noisy())))


def test_groups_say_how_many_of_how_many_failed():
    networks = noisy(groups=("L1", "sL1"), seeds=4, weights=3)
    networks.loc[(networks["group"] == "L1") & (networks["seed"] == 2), "failed"] = True
    networks.loc[networks["group"] == "sL1", "failed"] = True
    result = compared(networks)
    counts = result.indices.set_index("group")[["failed", "points"]]
    assert counts.loc["L1"].tolist() == [3, 12]
    assert counts.loc["sL1"].tolist() == [12, 12]
    sentences = findings_of(result)
    assert any(
        text.startswith("Some networks failed: 3 of 12 of L1. The indices") for text in sentences
    )
    assert "sL1 has no index: all of its 12 networks failed." in sentences


def test_failed_networks_of_the_floor_are_told():
    networks = noisy(groups=("none", "L1"), seeds=3, weights=1)
    networks.loc[(networks["group"] == "none") & (networks["seed"] == 1), "failed"] = True
    sentences = findings_of(compared(networks))
    assert "1 of 3 unregularized networks failed; the floor is that of the others." in sentences


def test_networks_that_are_no_better_than_no_weights_are_the_first_finding():
    networks = frame_of({"a": {1e-4: [(5, 0.3)]}, "b": {1e-4: [(4, 0.35)]}})
    first, *_ = findings_of(compared(networks, floor=0.1, null_error=0.3))
    assert first.startswith("No regularized network has learned anything: the smallest error of a")
    assert "marker, 0.3, is not below 0.3, the error of a network without weights" in first
    sound = findings_of(compared(networks, floor=0.1, null_error=0.31))
    assert not any("has learned anything" in text for text in sound)


def test_ties_are_not_called_the_same_order():
    networks = frame_of({name: {1e-4: [(5, 0.2), (6, 0.2)]} for name in ("a", "b")})
    sentences = findings_of(compared(networks, floor=0.1, null_error=0.3))
    assert "No index contradicts another, but some of them tell some groups not apart." in sentences


def test_the_best_by_each_index_and_narrow_curves_are_named():
    networks = frame_of(
        {
            "long": {1.0: [(10, 0.5)], 2.0: [(90, 0.1)]},
            "short": {1.0: [(80, 0.2)], 2.0: [(90, 0.1)]},
        }
    )
    sentences = findings_of(compared(networks))
    assert sentences[0] == (
        "The three indices do not agree on the best group: short by area (published index) and "
        "area to the axis; long by distance from ideal."
    )
    assert any(
        "short (80 to 90) less than half of what long (10 to 90)" in one for one in sentences
    )
    assert any("single seed" in sentence for sentence in sentences)


def test_groups_and_markers_without_a_network_are_named():
    networks = frame_of({"dead": {1.0: [None, None]}, "alive": {1.0: [(5, 0.5), (5, 0.4)]}})
    sentences = " ".join(findings_of(compared(networks)))
    assert "dead has no index: all of its 2 networks failed." in sentences
    assert "No network survived for dead at λ = 1: the marker is missing." in sentences
    assert (
        "The curve of alive has one value of connections, so there is no area under it" in sentences
    )
