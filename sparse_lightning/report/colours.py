"""One colour and one marker a group, the same in every figure; as published where it was."""

from collections.abc import Sequence
from typing import NamedTuple

from sparse_lightning._figures import INK
from sparse_lightning.comparison import FLOOR_GROUP, Comparison


class Look(NamedTuple):
    """How a group is drawn: a colour (hex) and matplotlib's name of a marker."""

    colour: str
    marker: str


FLOOR_LOOK = Look("#8b8f98", "X")

# L1 blue, sL1 orange, sh pink and sh2 green are the publication's colours.
_KNOWN = {
    "L1": Look("#2f6fd0", "o"),
    "sL1": Look("#f08a1d", "s"),
    "sL1+sh": Look("#ec5fa8", "^"),
    "sL1+sh2": Look("#2c9c4b", "D"),
    "sL1+KL": Look("#7d4fc0", "v"),
    "sL1+decs": Look("#8a5a3c", "p"),
    FLOOR_GROUP: FLOOR_LOOK,
}

# Other methods are drawn in ink, so that no group's colour is taken for one of theirs.
EXACT_LOOK = Look(INK, "*")
SPARSE_PCA_LOOK = Look(INK, "P")

_PALETTE = ("#0f9ba8", "#b3313f", "#a39a16", "#4a5a8c", "#d8693b", "#5f8f2f", "#a44fa0", "#5b6b73")
_SHAPES = ("P", "h", "<", ">", "*")


def looks_of(comparison: Comparison) -> dict[str, Look]:
    """The look of every group of a comparison, first that of the floor."""
    floor = {} if comparison.axes.floor_group is None else {comparison.axes.floor_group: FLOOR_LOOK}
    return floor | looks(comparison.groups)


def looks(groups: Sequence[str]) -> dict[str, Look]:
    """The look of every group; those of other names take turns in a palette."""
    others = [group for group in groups if group not in _KNOWN]
    turns = {
        group: Look(_PALETTE[turn % len(_PALETTE)], _SHAPES[turn % len(_SHAPES)])
        for turn, group in enumerate(others)
    }
    return {group: _KNOWN.get(group) or turns[group] for group in groups}
