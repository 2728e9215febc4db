"""Which network of a study to take: the knee of each group, where the seeds agree, the medoid."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from sparse_lightning.comparison.comparison import Comparison
from sparse_lightning.comparison.knees import LEVEL, curves, knees, medoid, sparse_enough
from sparse_lightning.comparison.markers import along_the_curve, of_group, records

Lack = Literal["results", "learning", "connections"]
"""Why nothing can be recommended: no regularized network has a result; unregularized training has
learned nothing; no marker with connections explains anything."""


@dataclass(frozen=True, eq=False)
class Recommendation:
    """One network of a study, and how it was chosen.

    Attributes:
        group: its regularizer group.
        marker: the number of its marker in `Points.settings`.
        settings: what the networks of the marker agree in, such as `l1_weight`.
        seed: its replicate.
        run_id: its run.
        x: its connections; of components its mean number of loadings.
        y: its error on the rows that choose.
        explained: 1 − y / e, the share of the error without weights that it explains, same rows.
        agreement: how far the seeds of the marker agree; NaN where that is not known.
        by_agreement: whether the group is the one whose seeds agree most; False: no group's
            agreement is known, and it is the one whose knee uses and loses least.
        groups: how many groups have a knee.
        level: the other groups whose seeds agree as much; of all of them its knee uses and loses
            least.
        enough: the settings of the marker with the fewest connections that explains 90 % of what
            the group's best explains, where that lies more than one marker from the knee, else
            None.
    """

    group: str
    marker: int
    settings: Mapping[str, Any]
    seed: Any
    run_id: str
    x: float
    y: float
    explained: float
    agreement: float
    by_agreement: bool
    groups: int
    level: tuple[str, ...]
    enough: Mapping[str, Any] | None


def recommend(comparison: Comparison) -> Recommendation | Lack:
    """The network of a study to begin with, or what is lacking for one.

    Of each group the knee: the marker with the least x + y, x the share of all connections that it
    uses, y the share of (error without weights − floor) that it loses, means over the seeds. Of
    the groups the one whose seeds agree most at the knee; of equals, and where no agreement is
    known, the one of the least x + y. Of its seeds the medoid, which agrees most with the others.
    Markers without connections and those that explain nothing are left out.

    Args:
        comparison: of a study's networks, with `run_id` and perhaps `agreement` among the points.
    """
    found = curves(comparison)
    if found.empty:
        return "results"
    if not comparison.floor < comparison.corner[1]:
        return "learning"
    at_knee = knees(found)
    if at_knee.empty:
        return "connections"
    chosen, level = _chosen(at_knee)
    group, marker = str(chosen["group"]), int(chosen["marker"])
    network = medoid(comparison, group, marker)
    assert network is not None, "a usable marker has a usable network"
    settings = comparison.points.settings
    enough = _enough(of_group(found, group), marker)
    return Recommendation(
        group=group,
        marker=marker,
        settings=settings[marker],
        seed=network["replicate"],
        run_id=str(network["run_id"]),
        x=float(network["x"]),
        y=float(network["y"]),
        explained=1 - float(network["y"]) / comparison.corner[1],
        agreement=float(chosen["agreement"]),
        by_agreement=bool(at_knee["agreement"].notna().any()),
        groups=len(at_knee),
        level=level,
        enough=None if enough is None else settings[enough],
    )


def _chosen(at_knee: pd.DataFrame) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The knee that is taken, and the groups whose seeds agree as much."""
    disagreement = -(at_knee["agreement"] / LEVEL).round() * LEVEL
    cost = ((at_knee["used"] + at_knee["lost"]) / LEVEL).round()
    ranked = at_knee.assign(disagreement=disagreement, cost=cost)
    order = ["disagreement", "cost"]
    first, *others = records(ranked.sort_values(order, na_position="last", kind="stable"))
    equal = [one["group"] for one in others if one["disagreement"] == first["disagreement"]]
    return first, tuple(map(str, equal))


def _enough(curve: pd.DataFrame, knee: int) -> int | None:
    """The marker that is sparse enough, if more than one marker of the curve from the knee."""
    enough = sparse_enough(curve)
    if enough is None:
        return None
    order = along_the_curve(curve)["marker"].tolist()
    apart = abs(order.index(knee) - order.index(enough["marker"]))
    return int(enough["marker"]) if apart > 1 else None
