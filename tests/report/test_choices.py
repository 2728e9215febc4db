"""The networks between which a reader chooses."""

import math

import numpy as np
import pandas as pd
import pytest
from made_points import frame_of

from sparse_lightning.comparison import Axes, compare
from sparse_lightning.comparison.markers import front
from sparse_lightning.report import report_html
from sparse_lightning.report.choices import choices, run_choices, spread


def dense(study_of, markers=30, seeds=2, **measures):
    """A study of two groups with many markers each, whose curves cross."""
    networks = study_of(groups=("L1", "sL1"), seeds=seeds).study.networks
    floor = networks.loc[networks["group"] == "none"]
    first = networks.loc[(networks["group"] == "L1") & (networks["l1_weight"] == 5e-5)]
    rows = []
    for group, shift in (("L1", 0), ("sL1", 1)):
        for number in range(markers):
            x = float(2 + 7 * number + 3 * shift)
            y = 0.0018 + 0.05 * math.exp(-x / (60 + 20 * shift))
            rows.append(
                first.assign(group=group, l1_weight=1e-4 * (number + 1), connections=x)
                .assign(squared_error=y, agreement=0.5 + 0.4 * shift, **measures)
                .assign(run_id=[f"{group}{number}-{seed}" for seed in range(seeds)])
            )
    return study_of(networks=pd.concat([floor, *rows], ignore_index=True))


def test_a_few_networks_of_the_front_stand_for_all(study_of):
    view = dense(study_of)
    markers = view.comparison.markers
    whole = front(markers.loc[markers["group"] != "none"])
    chosen = choices(view)
    assert len(chosen) == 5 < len(whole)
    x = [choice.connections for choice in chosen]
    assert x == sorted(x)
    assert sum(choice.recommended for choice in chosen) == 1
    on_front = set(zip(whole["x"], whole["y"], strict=True))
    assert all((c.connections, c.error) in on_front for c in chosen if not c.recommended)
    recommended = next(choice for choice in chosen if choice.recommended)
    assert recommended.run_id == view.recommendation.run_id
    assert recommended.connections == view.recommendation.x


def test_what_explains_little_and_what_gains_nothing_is_cut_off(study_of):
    view = dense(study_of)
    null = view.comparison.corner[1]
    best = max(1 - y / null for y in view.comparison.markers["y"])
    explained = [1 - choice.error / null for choice in choices(view)]
    assert min(explained) >= 0.5 * best
    assert sum(share > 0.99 * best for share in explained) <= 1


def test_the_recommended_network_is_there_although_others_beat_it(study_of):
    view = dense(study_of)
    markers = view.comparison.markers
    whole = front(markers.loc[markers["group"] != "none"])
    found = view.recommendation
    assert found.group == "sL1"  # dearer, but its seeds agree
    assert (found.x, found.y) not in set(zip(whole["x"], whole["y"], strict=True))
    assert [c.use.split()[0] for c in choices(view) if c.recommended] == ["sL1"]


def test_few_networks_are_all_there(study_of):
    view = study_of(groups=("L1",))
    assert len(choices(view)) == 3
    assert len(choices(view, most=2)) == 2


def test_what_was_held_out_stands_beside(study_of):
    assert all(math.isnan(choice.held_out) for choice in choices(dense(study_of)))
    chosen = choices(dense(study_of, test_explained=0.25))
    assert {choice.held_out for choice in chosen} == {0.25}
    page = report_html(dense(study_of, test_explained=0.25))
    assert page.count('data-label="held out">25 %</td>') == 5
    assert "held out" not in report_html(dense(study_of)).split('<table class="choices')[1][:900]


def test_of_classifiers_it_is_the_share_that_gets_its_class(study_of):
    networks = study_of(groups=("L1",)).study.networks.assign(accuracy=0.75, test_accuracy=0.5)
    view = study_of(networks=networks, task="classifier")
    assert {(choice.worth, choice.held_out) for choice in choices(view)} == {(0.75, 0.5)}
    assert ">accuracy</th>" in report_html(view)


def test_runs_of_other_tools_have_their_front_in_their_directions():
    points = frame_of({"a": {1.0: [(1, 0.2)], 2.0: [(2, 0.6)]}, "b": {1.0: [(2, 0.5)]}})
    points = points.rename(columns={"connections": "x", "squared_error": "y"})
    axes = Axes(group="group", marker=("l1_weight",), replicate="seed", y_direction="max")
    found = run_choices(compare(points, axes))
    assert found[["group", "x", "y"]].to_numpy().tolist() == [["a", 1, 0.2], ["a", 2, 0.6]]


@pytest.mark.parametrize("most", [2, 3, 5, 9])
def test_places_lie_evenly_with_the_ends_and_those_that_must_be_there(most):
    places = np.linspace(0, 1, 9).tolist()
    chosen = spread(places, most)
    assert len(chosen) == most
    assert (chosen[0], chosen[-1]) == (0, 8)
    if most in (3, 5, 9):
        assert np.ptp(np.diff(chosen)) == 0
    assert 1 in spread(places, 3, [1])
