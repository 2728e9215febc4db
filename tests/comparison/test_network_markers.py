import numpy as np
import pytest

from sparse_lightning.comparison import failures, floor, markers
from sparse_lightning.errors import InputError


def test_a_marker_is_the_mean_over_the_seeds_that_survived(frame_of):
    networks = frame_of(
        {
            "L1": {2e-4: [(10, 4), (20, 2)], 1e-4: [(30, 1), None]},
            "none": {0.0: [(40, 0.5), (40, 0.25)]},
            "KL": {1e-4: [None, None]},
        }
    )
    frame = markers(networks)
    assert list(frame["group"]) == ["L1", "L1", "none"]
    assert list(frame["l1_weight"]) == [1e-4, 2e-4, 0.0]
    assert list(frame["connections"]) == [30, 15, 40]
    assert list(frame["squared_error"]) == [1, 3, 0.375]
    assert list(frame["seeds"]) == [1, 2, 2]
    assert list(frame["failed"]) == [1, 0, 0]


@pytest.mark.parametrize("error", [float("inf"), 1e308, -1e308])
def test_a_network_without_a_usable_error_counts_as_failed(frame_of, error):
    networks = frame_of({"L1": {1e-4: [(10, 4), (20, error)]}})
    assert list(failures(networks)) == [False, True]
    assert list(markers(networks)["failed"]) == [1]
    assert list(markers(networks)["squared_error"]) == [4]


def test_the_floor_is_the_smallest_unregularized_error_that_survived(frame_of):
    networks = frame_of({"L1": {1e-4: [(1, 0.1)]}, "none": {0.0: [(9, 0.5), (9, 0.3), None]}})
    assert floor(networks) == 0.3


@pytest.mark.parametrize(
    ("none", "message"), [({}, "needs networks of the group 'none'"), ({0.0: [None]}, "failed")]
)
def test_there_is_no_floor_without_unregularized_networks(frame_of, none, message):
    with pytest.raises(InputError, match=message):
        floor(frame_of({"L1": {1e-4: [(1, 0.1)]}, "none": none}))


def test_unusable_frames_are_named(frame_of):
    networks = frame_of({"L1": {1e-4: [(1, 0.1), (2, 0.1)]}})
    with pytest.raises(InputError, match="column 'seed' is missing"):
        markers(networks.drop(columns="seed"))
    with pytest.raises(InputError, match="there are no networks"):
        markers(networks.iloc[:0])
    with pytest.raises(InputError, match=r"two networks with l1_weight 0\.0001 and seed 1"):
        markers(networks.assign(seed=1))
    with pytest.raises(InputError, match="has no l1_weight"):
        markers(networks.assign(l1_weight=np.nan))
