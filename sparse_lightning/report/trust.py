"""Can a comparison be trusted: three badges, each with what stands behind it."""

from dataclasses import dataclass
from typing import Literal

from sparse_lightning.comparison import INDICES, Comparison
from sparse_lightning.comparison.axes import on_validation_rows
from sparse_lightning.report.findings import (
    SETTLING,
    agreement_of_indices,
    ranges,
    settled_pairs,
    settling_of_the_floor,
)
from sparse_lightning.report.ranking import FAIR, ranked_by
from sparse_lightning.report.view import View
from sparse_lightning.report.wording import index_in_words


@dataclass(frozen=True)
class Badge:
    """One thing that trust depends on.

    Attributes:
        verdict: in a word or two.
        good: whether nothing is in the way.
        sentence: what stands behind it.
    """

    name: Literal["Seeds", "Replicates", "Floor", "Indices"]
    verdict: str
    good: bool
    sentence: str


def badges(view: View) -> list[Badge]:
    """What the seeds settle, whether the floor has settled, whether the indices agree.

    Those of which there is nothing to say are left out: of one group there are no pairs, and runs
    of other tools have no floor that was trained.
    """
    found = [_seeds(view), _floor(view), _indices(view)]
    return [badge for badge in found if badge is not None]


def _seeds(view: View) -> Badge | None:
    comparison = view.comparison
    sentence = " ".join(settled_pairs(comparison, view.words))
    if not sentence:
        return None
    pairs = comparison.pairs
    settled = pairs.loc[pairs["index"] == ranked_by(comparison), "settled"]
    verdict = "settled" if comparison.replicates >= SETTLING else "suggested"
    if not settled.any():
        verdict = "open"
    elif not settled.all():
        verdict = f"{verdict} in part"
    name = "Seeds" if view.study else "Replicates"
    return Badge(name, verdict, bool(settled.all()), sentence)


def _floor(view: View) -> Badge | None:
    if view.study is None:
        return None
    settled = view.study.floor_settled
    beaten = _beaten(view.comparison)
    verdict = "settled" if settled else "still falling"
    sentence = " ".join([settling_of_the_floor(view), *beaten])
    return Badge("Floor", verdict, bool(settled), sentence)


def _beaten(comparison: Comparison) -> list[str]:
    """What it means that regularized networks are better than all others, where some are."""
    markers = comparison.markers
    errors = markers.loc[markers["group"].isin(comparison.groups), "y"]
    if not (errors < comparison.floor).any():
        return []
    if on_validation_rows(comparison.axes):
        return [
            "Sparse networks do better on validation rows than any without sparsity, so areas can "
            "be below zero."
        ]
    return ["Sparse networks lie below it: it was not trained long enough."]


def _indices(view: View) -> Badge | None:
    comparison = view.comparison
    first, *_ = [*agreement_of_indices(comparison, view.words), ""]
    if not first:
        return None
    known = comparison.indices.dropna(subset=list(INDICES))
    orders = {tuple(known.sort_values(index, kind="stable")["group"]) for index in INDICES}
    if len(orders) == 1:
        return Badge("Indices", "agree", True, " ".join([first, *ranges(comparison)]))
    why = ranges(comparison) or [f"The fair one is {index_in_words(FAIR)}."]
    return Badge("Indices", "disagree", False, " ".join([first, *why]))
