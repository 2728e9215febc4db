"""The networks between which a reader chooses: those on the front of all groups together."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sparse_lightning.comparison import Comparison
from sparse_lightning.comparison.axes import VALIDATION
from sparse_lightning.comparison.knees import curves, medoid
from sparse_lightning.comparison.markers import front, records
from sparse_lightning.comparison.recommendation import Lack, Recommendation
from sparse_lightning.interpret.summary import named
from sparse_lightning.report.view import StudyFacts, View

MOST = 5
"""So many networks are named; the front may have many more."""

WORTH, NEARLY = 0.5, 0.99
"""Networks that explain less than the first share of what the best one does are not worth reading;
those with more connections than the first that explains the second are not worth their size."""

HELD_OUT = ("test_explained", "heldout_explained", "test_r2", "heldout_r2")
"""What is explained of rows that neither trained nor chose; the first that there is counts."""

RIGHT_HELD_OUT = ("test_accuracy", "heldout_accuracy")


@dataclass(frozen=True)
class Choice:
    """One network to choose: of its marker's networks the one that agrees most with the others.

    Attributes:
        use: its group and strengths.
        connections: how many it has; of components, loadings a component.
        error: on the rows that choose.
        worth: the share that it explains there, which of regressors is R²; of classifiers the share
            of rows that get their class. NaN where it is not known.
        held_out: the same of rows that neither trained nor chose.
        agreement: how far the seeds of its marker agree; NaN where that is not known.
        recommended: whether it is the one that is recommended.
    """

    use: str
    run_id: str
    connections: float
    error: float
    worth: float
    held_out: float
    agreement: float
    recommended: bool


def choices(view: View, most: int = MOST) -> list[Choice]:
    """The networks on the front of all groups, the recommended one always among them.

    By connections; at most so many, see `chosen_markers`; empty without a study.
    """
    if view.study is None:
        return []
    rows = chosen_markers(view.comparison, view.recommendation, most)
    return [_choice(view, view.study, row) for row in rows]


def chosen_markers(
    comparison: Comparison, found: Recommendation | Lack | None, most: int = MOST
) -> list[dict[str, Any]]:
    """Markers of the front of all groups, with that of the recommended network, by connections.

    Of more than `most` those are taken whose connections grow by about the same factor. Before,
    both ends are cut off that nobody wants: what explains little of what the best does, and what
    explains hardly more than sparser ones; unless too few are left.

    Returns:
        Rows of `knees.curves` with `recommended`, and the `network` that agrees most with the
        others of its marker.
    """
    markers = curves(comparison)
    usable = front(markers.loc[markers["usable"]])
    best = usable["explained"].max()
    nearly = usable.loc[usable["explained"] >= NEARLY * best, "x"].min()
    wanted = usable.loc[(usable["explained"] >= WORTH * best) & (usable["x"] <= nearly)]
    if len(wanted) >= most:
        usable = wanted
    mine = np.zeros(len(markers), dtype=bool)
    if isinstance(found, Recommendation):
        mine = ((markers["group"] == found.group) & (markers["marker"] == found.marker)).to_numpy()
    places = markers.index.isin(usable.index) | mine
    kept = markers.assign(recommended=mine).loc[places]
    rows = records(kept.sort_values(["x", "y"], kind="stable"))
    always = [place for place, row in enumerate(rows) if row["recommended"]]
    chosen = spread([math.log(row["x"]) for row in rows], most, always)
    return [
        {**rows[place], "network": medoid(comparison, rows[place]["group"], rows[place]["marker"])}
        for place in chosen
    ]


def spread(places: Sequence[float], most: int, always: Sequence[int] = ()) -> list[int]:
    """The numbers of so many of some places on a line that lie about evenly apart.

    Both ends and `always` are among them; then always the place that is furthest from all chosen.
    """
    if len(places) <= most:
        return list(range(len(places)))
    line = np.array(places)
    chosen = sorted({0, len(line) - 1, *always})
    while len(chosen) < most:
        nearest = np.abs(line[:, None] - line[chosen]).min(axis=1)
        nearest[chosen] = -1
        chosen = sorted([*chosen, int(nearest.argmax())])
    return chosen


def _choice(view: View, study: StudyFacts, row: Mapping[str, Any]) -> Choice:
    network = row["network"]
    worth, held_out = worths(view, study, study.network(network["run_id"]))
    return Choice(
        use=named(row["group"], view.comparison.points.settings[row["marker"]]),
        run_id=str(network["run_id"]),
        connections=float(network["x"]),
        error=float(network["y"]),
        worth=worth,
        held_out=held_out,
        agreement=float(row["agreement"]),
        recommended=bool(row["recommended"]),
    )


def worths(view: View, study: StudyFacts, network: Mapping[str, Any]) -> tuple[float, float]:
    """What a network is worth on the rows that choose, and on rows that were held out.

    Of classifiers the share of rows that get their class where that was measured, else the share of
    the error without weights that is explained.
    """
    rows = VALIDATION if view.chosen_by_validation else ""
    if study.task == "classifier" and f"{rows}accuracy" in network:
        return number_of(network, (f"{rows}accuracy",)), number_of(network, RIGHT_HELD_OUT)
    return explained(view.comparison, network), number_of(network, HELD_OUT)


def explained(comparison: Comparison, network: Mapping[str, Any]) -> float:
    """1 − y / e, the share of the error without weights that a network explains."""
    return 1 - network[comparison.axes.y] / comparison.corner[1]


def number_of(network: Mapping[str, Any], names: Sequence[str]) -> float:
    """The first of these measures that a network has; NaN where it has none."""
    found = [network[name] for name in names if name in network and math.isfinite(network[name])]
    return float(found[0]) if found else math.nan


def run_choices(comparison: Comparison, most: int = MOST) -> pd.DataFrame:
    """The markers of any runs on the front of all groups, one row each, by x.

    Of more than `most` those that lie evenly along the front, each axis measured by its range.
    """
    markers = comparison.markers.loc[comparison.markers["group"].isin(comparison.groups)]
    x_sign = 1 if comparison.axes.x_direction == "min" else -1
    y_sign = 1 if comparison.axes.y_direction == "min" else -1
    costs = markers.assign(cost_x=x_sign * markers["x"], cost_y=y_sign * markers["y"])
    best = front(costs, "cost_x", "cost_y")
    best = best.drop(columns=["cost_x", "cost_y"])
    if len(best) <= most:
        return best
    path = best[["x", "y"]].to_numpy(float)  # of several points of a front both axes have a range
    steps = np.hypot(*(np.diff(path, axis=0) / np.ptp(path, axis=0)).T)
    return best.iloc[spread([0.0, *np.cumsum(steps).tolist()], most)]
