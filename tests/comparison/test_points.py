from dataclasses import replace

import numpy as np
import pytest
from made_points import frame_of

from sparse_lightning.comparison import NETWORKS, Points, network_points
from sparse_lightning.comparison.markers import markers
from sparse_lightning.errors import InputError


def test_a_marker_is_the_mean_over_the_seeds_that_survived():
    networks = frame_of(
        {
            "L1": {2e-4: [(10, 4), (20, 2)], 1e-4: [(30, 1), None]},
            "none": {0.0: [(40, 0.5), (40, 0.25)]},
            "KL": {1e-4: [None, None]},
        }
    )
    points = network_points(networks)
    frame = markers(points)
    assert list(frame["group"]) == ["L1", "L1", "none"]
    assert [points.settings[one]["l1_weight"] for one in frame["marker"]] == [1e-4, 2e-4, 0.0]
    assert list(frame["x"]) == [30, 15, 40]
    assert list(frame["y"]) == [1, 3, 0.375]
    assert list(frame["replicates"]) == [1, 2, 2]
    assert list(frame["failed"]) == [1, 0, 0]


@pytest.mark.parametrize("error", [float("inf"), 1e308, -1e308])
def test_a_network_without_a_usable_error_counts_as_failed(error):
    points = network_points(frame_of({"L1": {1e-4: [(10, 4), (20, error)]}}))
    assert list(points.frame["failed"]) == [False, True]
    assert list(markers(points)["failed"]) == [1]
    assert list(markers(points)["y"]) == [4]


def test_unusable_frames_are_named():
    networks = frame_of({"L1": {1e-4: [(1, 0.1), (2, 0.1)]}})
    with pytest.raises(InputError, match="column 'seed' is missing"):
        network_points(networks.drop(columns="seed"))
    with pytest.raises(InputError, match="points: there are none"):
        network_points(networks.iloc[:0])
    with pytest.raises(InputError, match=r"two points with l1_weight 0\.0001 and seed 1"):
        network_points(networks.assign(seed=1))
    with pytest.raises(InputError, match="has no l1_weight"):
        network_points(networks.assign(l1_weight=np.nan))


def test_a_seed_of_which_every_network_failed_is_one_of_a_study_all_the_same():
    networks = frame_of({"none": {0.0: [None, None, (9, 0.1)]}, "L1": {1.0: [(1, 0.1), None]}})
    assert network_points(networks).replicates == (1, 2)
    assert Points.of(networks, replace(NETWORKS, group="group")).replicates == ()


def test_points_without_a_replicate_are_told_apart_by_their_order():
    networks = frame_of({"L1": {1.0: [(1, 0.1), (2, 0.2)], 2.0: [(3, 0.3)]}})
    points = Points.of(networks, replace(NETWORKS, group="group", replicate=None))
    assert list(points.frame["replicate"]) == [0, 1, 0]


def test_markers_may_be_called_anything():
    networks = frame_of({"L1": {2.0: [(1, 0.1)], 1.0: [(2, 0.2)]}})
    networks = networks.rename(columns={"l1_weight": "number"})
    points = Points.of(networks, replace(NETWORKS, group="group", marker=("number", "seed")))
    assert points.settings == ({"number": 1.0, "seed": 1}, {"number": 2.0, "seed": 1})
    assert list(points.frame["marker"]) == [1, 0]
    with pytest.raises(InputError, match="the point 1 has no group"):
        Points.of(networks.assign(group=["L1", None]), replace(NETWORKS, group="group", marker=()))
