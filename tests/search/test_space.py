import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning import Project
from sparse_lightning.search.space import HIGH, LOW, setting_of, space_of

PUBLISHED = {"groups": "published"}
GROUPS = list(
    Project(
        table={"source": "wine", "scale": "minmax"}, network={"units": [4]}, regularizers=PUBLISHED
    ).regularizers.groups
)


def project(**search):
    return Project(
        table={"source": "wine", "scale": "minmax"},
        network={"units": [4]},
        regularizers=PUBLISHED,
        search=search,
    )


@pytest.mark.parametrize(
    ("group", "searched"),
    [
        ("L1", {LOW, HIGH}),
        ("sL1", {LOW, HIGH, "l1_threshold"}),
        ("sL1+sh", {LOW, HIGH, "l1_threshold", "hidden_weight", "hidden_threshold"}),
        ("sL1+KL", {LOW, HIGH, "l1_threshold", "hidden_weight", "sparsity"}),
        ("sL1+decs", {LOW, HIGH, "l1_threshold", "hidden_weight"}),
    ],
)
def test_every_group_searches_its_strengths_and_the_range_of_lambda(group, searched):
    assert set(space_of(project(), group)) == searched


@given(st.sampled_from(GROUPS), st.data())
def test_a_setting_lies_within_the_bounds(group, data):
    low = data.draw(st.floats(1e-9, 10))
    ratio = data.draw(st.floats(1.0001, 1e6))
    made = project(l1_weight={"low": low, "high": low * ratio}, markers=4)
    space = space_of(made, group)
    point = {
        name: data.draw(st.floats(dimension.low, dimension.high))
        for name, dimension in space.items()
    }
    setting = setting_of(made, group, point)
    assert setting.regularizer == group
    weights = setting.l1_weights
    assert 1 <= len(weights) <= 4
    assert sorted(weights) == list(weights)
    assert low <= weights[0] <= weights[-1] <= low * ratio
    for name in set(space) - {LOW, HIGH}:
        bounds = getattr(made.search, name)
        assert bounds.low <= getattr(setting, name) <= bounds.high
        assert getattr(setting, name) == pytest.approx(point[name], rel=1e-3)


def test_the_markers_are_even_on_a_log_scale_and_the_ends_are_the_points():
    made = project(markers=3)
    weights = setting_of(made, "L1", {LOW: 0.0001, HIGH: 0.01}).l1_weights
    assert weights == (0.0001, 0.001, 0.01)


def test_the_range_of_lambda_never_closes():
    space = space_of(project(l1_weight={"low": 0.0001, "high": 0.01}), "L1")
    assert space[LOW].high == space[HIGH].low == pytest.approx(0.001)
    assert math.isclose(space[HIGH].high, 0.01)


def test_a_trial_of_two_objectives_has_one_lambda():
    made = project(objective="pareto")
    assert set(space_of(made, "sL1")) == {"l1_weight", "l1_threshold"}
    point = {"l1_weight": 0.00123456, "l1_threshold": 0.3}
    assert setting_of(made, "sL1", point).l1_weights == (0.001235,)
