"""Stacks compared after each of their stages."""

import pandas as pd
import pytest

from sparse_lightning.comparison import compare, network_axes, network_points
from sparse_lightning.comparison.depths import by_depth, compare_depths

SETTINGS = {"resamples": 20}
AXES = network_axes({"null_error": 1.0, "connections_total": 64})
LAYERS = [5, 4, 3, 4, 5]


@pytest.fixture
def networks():
    rows = []
    for group, weights in (("none", [0.0]), ("L1", [0.1, 0.2]), ("sL1", [0.1, 0.2])):
        for weight in weights:
            for seed in (1, 2):
                x = 30 - 100 * weight + seed
                y = 0.1 + weight + 0.01 * seed + (0.2 if group == "L1" else 0)
                rows.append(
                    {
                        "group": group,
                        "l1_weight": weight,
                        "seed": seed,
                        "failed": False,
                        "connections": 2 * x,
                        "squared_error": y + 0.1,
                        "connections_3_layers": x,
                        "squared_error_3_layers": y,
                        "connections_5_layers": 2 * x,
                        "squared_error_5_layers": y + 0.1,
                    }
                )
    return pd.DataFrame(rows)


def test_every_depth_is_compared_above_its_own_floor(networks):
    depths = compare_depths(networks, AXES, LAYERS, **SETTINGS)
    assert [depth.layers for depth in depths] == [3, 5]
    shallow, deep = (depth.comparison for depth in depths)
    assert shallow.corner == (2 * 5 * 4, 1.0)
    assert deep.corner == (2 * (5 * 4 + 4 * 3), 1.0)
    assert shallow.floor == networks["squared_error_3_layers"].min()
    whole = compare(network_points(networks), AXES, **SETTINGS)
    pd.testing.assert_frame_equal(deep.indices, whole.indices)


def test_rows_are_ordered_by_the_greatest_depth(networks):
    rows = by_depth(compare_depths(networks, AXES, LAYERS, **SETTINGS), "hypervolume_gap")
    assert [row["group"] for row in rows] == ["sL1", "L1"]
    assert [len(row["cells"]) for row in rows] == [2, 2]


def test_a_single_stage_has_no_depths(networks):
    networks = networks[[name for name in networks if not name.endswith("layers")]]
    assert compare_depths(networks, AXES, LAYERS, **SETTINGS) == ()
    assert by_depth((), "area_marker") == []


def test_a_depth_without_a_floor_is_left_out(networks):
    networks.loc[networks["group"] == "none", "squared_error_3_layers"] = float("nan")
    assert [depth.layers for depth in compare_depths(networks, AXES, LAYERS, **SETTINGS)] == [5]
