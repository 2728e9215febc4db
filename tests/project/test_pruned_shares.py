"""λ of `magnitude` is a share of the weights: it is checked, and searched, as one."""

import pytest

from sparse_lightning import Project, ProjectError
from sparse_lightning.search.space import HIGH, LOW, identity_of, setting_of, space_of


def project(group, search=None):
    return Project(
        table={"source": "wine"},
        network={"units": [4]},
        regularizers={"l1_weights": [0.1], "groups": {"L1": {}, "magnitude": group}},
        search=search or {},
    )


@pytest.mark.parametrize(
    ("group", "message"),
    [
        ({}, r"groups\.magnitude\.l1_weights is missing: λ of magnitude is the share"),
        (
            {"l1_weights": [0.5, 1]},
            r"regularizers\.groups\.magnitude\.l1_weights\[1\] must be between 0 and 1, both "
            "excluded, since λ of magnitude is the share of the weights that is pruned, got 1",
        ),
        ({"l1_weights": [0]}, r"l1_weights\[0\] must be between 0 and 1, both excluded"),
        ({"l1_weights": [0.5], "l1_threshold": 0.1}, "is of no use to its regularizer"),
    ],
)
def test_a_share_out_of_range_is_named_with_its_field(group, message):
    with pytest.raises(ProjectError, match=message):
        project(group)


def test_shares_are_the_strengths_of_the_networks():
    made = project({"l1_weights": [0.25, 0.5]})
    assert made.regularizers.grid("magnitude") == ({"l1_weight": 0.25}, {"l1_weight": 0.5})


def test_shares_have_bounds_of_their_own_and_are_spread_by_what_is_left():
    made = project({"l1_weights": [0.5]}, {"markers": 3, "pruned_share": {"low": 0.5}})
    space = space_of(made, "magnitude")
    assert {(d.low, d.high, d.log) for d in space.values()} == {
        (0.5, 0.74, False),
        (0.74, 0.98, False),
    }
    # Of the weights 0.4, 0.08 · √5 and 0.08 are left.
    setting = setting_of(made, "magnitude", {LOW: 0.6, HIGH: 0.92})
    assert setting.l1_weights == pytest.approx((0.6, 1 - (0.4 * 0.08) ** 0.5, 0.92), abs=1e-4)
    assert space_of(made, "L1")[LOW].log


def test_a_search_depends_on_the_bounds_that_it_uses():
    made = project({"l1_weights": [0.5]})
    shares, weights = (identity_of(made, "digest", group) for group in ("magnitude", "L1"))
    assert "search.pruned_share.low" in shares
    assert "search.l1_weight.low" not in shares
    assert "search.l1_weight.low" in weights
    assert "search.pruned_share.low" not in weights
