"""The badges: what the seeds settle, the floor, and whether the indices agree."""

from dataclasses import replace

import pytest
from made_points import compared, frame_of, noisy

from sparse_lightning.report.trust import badges


def badge(view, name):
    return next(one for one in badges(view) if one.name == name)


def of(study_of, comparison, **facts):
    """A study with this comparison."""
    return replace(study_of(**facts), comparison=comparison)


@pytest.mark.parametrize(("seeds", "verb"), [(3, "suggest"), (9, "suggest"), (10, "settle")])
def test_ten_seeds_settle_and_fewer_suggest(study_of, seeds, verb):
    view = of(study_of, compared(noisy(seeds=seeds, spread=0.0)))
    found = badge(view, "Seeds")
    assert found.sentence == (
        f"The {seeds} seeds {verb} which of every two groups is better by area (published index)."
    )
    assert (found.verdict, found.good) == ("settled" if seeds == 10 else "suggested", True)


def test_pairs_that_are_left_open_are_named(study_of):
    curve = {1.0: [(10, 0.5), (11, 0.4)], 2.0: [(90, 0.1), (91, 0.1)]}
    worse = {1.0: [(10, 0.9), (11, 0.9)], 2.0: [(90, 0.8), (91, 0.8)]}
    view = of(study_of, compared(frame_of({"a": curve, "b": curve, "c": worse})))
    found = badge(view, "Seeds")
    assert found.sentence == (
        "The 2 seeds suggest which group is better in 2 of 3 pairs by area (published index), and "
        "leave open a and b."
    )
    assert (found.verdict, found.good) == ("suggested in part", False)
    view = of(study_of, compared(frame_of({"a": curve, "b": curve})))
    assert badge(view, "Seeds").verdict == "open"
    assert "leave open which of the two groups is better" in badge(view, "Seeds").sentence


def test_one_seed_settles_nothing(study_of):
    found = badge(study_of(seeds=1), "Seeds")
    assert (found.verdict, found.good) == ("open", False)
    assert "a single seed" in found.sentence


def test_the_floor_says_after_how_many_epochs(study_of):
    found = badge(study_of(), "Floor")
    assert (found.verdict, found.good) == ("settled", True)
    assert found.sentence.startswith("Without a regularizer the error stopped falling within 600")
    found = badge(study_of(floor_settled=False), "Floor")
    assert (found.verdict, found.good) == ("still falling", False)
    assert "every area is too small" in found.sentence


def test_networks_below_the_floor_are_explained(study_of):
    networks = study_of().study.networks
    networks = networks.assign(squared_error=networks["squared_error"] - 0.003)
    networks.loc[networks["group"] == "none", "squared_error"] = 0.0018
    view = study_of(networks=networks)
    assert "was not trained long enough" in badge(view, "Floor").sentence
    axes = replace(view.comparison.axes, y="validation_squared_error")
    view = replace(view, comparison=replace(view.comparison, axes=axes))
    assert badge(view, "Floor").sentence.endswith(
        "Sparse networks do better on validation rows than any without sparsity, so areas can be "
        "below zero."
    )


def test_indices_that_disagree_name_the_fair_one(study_of):
    found = badge(of(study_of, compared(noisy(spread=0.0))), "Indices")
    assert (found.verdict, found.good) == ("agree", True)
    curves = {
        "long": {1.0: [(10, 0.5), (10, 0.5)], 2.0: [(90, 0.1), (90, 0.1)]},
        "short": {1.0: [(80, 0.2), (80, 0.2)], 2.0: [(90, 0.1), (90, 0.1)]},
    }
    found = badge(of(study_of, compared(frame_of(curves))), "Indices")
    assert (found.verdict, found.good) == ("disagree", False)
    assert "short by area (published index)" in found.sentence
    assert found.sentence.endswith("compare by distance from ideal.")


def test_of_one_group_there_is_the_floor_alone(study_of):
    assert [one.name for one in badges(study_of(groups=("L1",)))] == ["Floor"]


def test_runs_of_other_tools_have_no_floor_that_was_trained(study_of):
    view = replace(study_of(), study=None)
    assert [one.name for one in badges(view)] == ["Replicates", "Indices"]
    assert "replicates" in badge(view, "Replicates").sentence
