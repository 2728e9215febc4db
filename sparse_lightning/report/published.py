"""The published index values, and how a study's own compare with them."""

import math

from sparse_lightning.comparison import Comparison

SOURCE = "KAKENHI final report 18K11487 (M. Ishikawa, 2018–2021), table 1"

GROUPS = ("L1", "sL1", "sL1+sh", "sL1+sh2", "sL1+KL", "sL1+decs")
"""The six groups that were published."""

_COLUMNS = {
    ("sae", "census"): (1.311015, 0.924626, 0.845926, 0.928940, 0.856266, 0.855108),
    ("sae", "ctg"): (0.127590, 0.104179, 0.072876, 0.073267, 0.079314, 0.077304),
    ("sae", "wine"): (0.130191, 0.085135, 0.053682, 0.053955, 0.059532, 0.111627),
    ("classifier", "census"): (1.080737, 0.869520, 0.664465, 0.657461, 0.766004, 0.718478),
    ("classifier", "ctg"): (7.326976, 4.768420, 2.742830, 3.531300, 3.313636, 2.927744),
    ("pca", "ctg"): (0.244130, 0.180121, 0.128059, 0.129032, 0.143750, 0.136336),
}

PUBLISHED: dict[tuple[str, str], dict[str, float]] = {
    column: dict(zip(GROUPS, values, strict=True)) for column, values in _COLUMNS.items()
}
"""The published area (`area_marker`) of each group, by (task, dataset)."""


_WEIGHTS = {"pca": (0.00005, 0.00007, 0.0001)}

PUBLISHED_WEIGHTS = (0.00005, 0.0001, 0.0002, 0.0005, 0.001)
"""The published λ of all tasks but `pca`."""


def published_weights(task: str) -> tuple[float, ...]:
    """The published values of λ of a task."""
    return _WEIGHTS.get(task, PUBLISHED_WEIGHTS)


def published_values(task: str, dataset: str) -> dict[str, float] | None:
    """The published column of a task and data set, by group; None where none was published."""
    return PUBLISHED.get((task, dataset))


def part_of_l1(values: dict, group: str) -> float:
    """A group's value as a part of that of L1; NaN where one of them is unknown or L1's is 0."""
    return values[group] / values["L1"] if values.get("L1") and group in values else math.nan


def reproduction(comparison: Comparison, published: dict[str, float]) -> list[str]:
    """Where a study does not show what was published, one sentence each; none: all of it shows.

    A reproduction must show, by `area_marker`: L1 above sL1, every hidden group at or below sL1
    (where the published value is, too), and the same order of magnitude.
    """
    ours = comparison.indices.set_index("group")["area_marker"].dropna().to_dict()
    sentences = []
    if {"L1", "sL1"} <= ours.keys() and ours["L1"] <= ours["sL1"]:
        sentences.append(
            f"Published: L1 above sL1. Here L1 ({ours['L1']:.4g}) is at or below sL1 "
            f"({ours['sL1']:.4g})."
        )
    for group, value in published.items():
        hidden = group not in ("L1", "sL1") and value <= published["sL1"]
        if hidden and group in ours and "sL1" in ours and ours[group] > ours["sL1"]:
            sentences.append(
                f"Published: {group} at or below sL1. Here {group} ({ours[group]:.4g}) is above "
                f"sL1 ({ours['sL1']:.4g})."
            )
    for group, value in published.items():
        if group in ours and not value / 10 < ours[group] < value * 10:
            sentences.append(
                f"Not the same order of magnitude: {group} is {ours[group]:.4g} here and "
                f"{value:.4g} as published."
            )
    return sentences
