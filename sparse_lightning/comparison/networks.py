"""The networks of a study as points: the default choice of axes."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from sparse_lightning.comparison.axes import Axes
from sparse_lightning.comparison.points import Points

FLOOR_GROUP = "none"
"""The group of the unregularized networks, whose smallest error is the floor."""

NETWORKS = Axes(
    x="connections",
    y="squared_error",
    group="regularizer",
    marker=("l1_weight",),
    replicate="seed",
    floor_group=FLOOR_GROUP,
)
"""A study by its regularizers: connections against squared error, means over the seeds."""


def network_axes(facts: Mapping[str, float]) -> Axes:
    """The axes of a study whose `connections_total` and `null_error` are known."""
    return replace(NETWORKS, corner=(facts["connections_total"], facts["null_error"]))


def network_points(networks: pd.DataFrame) -> Points:
    """The networks of a study, one row each, by the names that a project gives its groups.

    All seeds of the regularized networks count as replicates, also one of which every network
    failed: a study has as many seeds as its project says.

    Raises:
        InputError: a column is missing, or two networks share group, weight and seed.
    """
    points = Points.of(networks, replace(NETWORKS, group="group"))
    regularized = points.frame.loc[points.frame["group"] != FLOOR_GROUP, "replicate"]
    return replace(points, replicates=tuple(regularized.unique().tolist()))
