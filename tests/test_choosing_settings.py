"""The scripts that choose settings at random: one budget for every group, and what is printed."""

import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml

from sparse_lightning.project import Project

PROJECTS = Path(__file__).parents[1] / "projects"
SIX = ["L1", "sL1", "sL1+sh", "sL1+sh2", "sL1+KL", "sL1+decs"]


@pytest.fixture
def choose_ranges(monkeypatch):
    monkeypatch.syspath_prepend(str(PROJECTS))
    import choose_ranges

    return choose_ranges


@pytest.fixture
def choose_strengths(monkeypatch):
    monkeypatch.syspath_prepend(str(PROJECTS))
    import choose_strengths

    return choose_strengths


def run_script(script, monkeypatch, *arguments, best=()):
    """Run a script that trains nothing; the project that it would have trained."""
    import random_settings

    trained = []

    def run(project, progress):
        trained.append(project)
        values = {
            group: float("nan") if group in best[1:] else 0.1 if group in best[:1] else 0.5
            for group in project.regularizers.groups
        }
        frame = pd.DataFrame({"group": list(values)[::-1], "hypervolume_gap": 0.0})
        frame["hypervolume_gap"] = frame["area_marker"] = frame["group"].map(values)
        return SimpleNamespace(project=project, indices=frame)

    monkeypatch.setattr(random_settings, "run", run)
    monkeypatch.setattr(sys, "argv", ["script", *map(str, arguments)])
    script.main()
    return trained[0]


def test_every_group_gets_the_same_ranges_and_its_own_strengths(choose_ranges):
    groups = choose_ranges.trial_groups(7, 0)
    assert list(groups) == [f"{group} {trial}" for group in SIX for trial in range(1, 8)]
    for trial in range(1, 8):
        of_trial = [groups[f"{group} {trial}"] for group in SIX]
        assert len({tuple(group["l1_weights"]) for group in of_trial}) == 1
        assert len({group["l1_threshold"] for group in of_trial[1:]}) == 1
        assert "l1_threshold" not in of_trial[0]
    ranges = {tuple(group["l1_weights"]) for group in groups.values()}
    assert len(ranges) == 7
    strengths = {group["hidden_weight"] for name, group in groups.items() if "+" in name}
    assert len(strengths) > 20
    project = Project(
        table={"source": "wine"}, network={"units": [8]}, regularizers={"groups": groups}
    )
    assert {len(project.regularizers.grid(group)) for group in groups} == {5}


def test_few_settings_are_the_first_of_many_and_a_seed_draws_others(choose_ranges):
    many, few = choose_ranges.trial_groups(9, 3), choose_ranges.trial_groups(4, 3)
    assert few == {name: many[name] for name in few}
    assert choose_ranges.trial_groups(4, 4) != few


def test_ranges_stay_within_their_bounds_and_scale(choose_ranges):
    groups = choose_ranges.trial_groups(300, 1)
    for group in groups.values():
        weights = group["l1_weights"]
        assert 2e-5 <= weights[0] <= 1e-3
        assert 4.9 * weights[0] <= weights[-1] <= min(310 * weights[0], 0.1)
        assert sorted(set(weights)) == weights
        ratios = [high / low for low, high in pairwise(weights)]
        assert max(ratios) <= 1.15 * min(ratios)
        assert 0.05 <= group.get("l1_threshold", 1) <= 3
    scaled = choose_ranges.trial_groups(300, 1, 1000)
    for name, group in scaled.items():
        wanted = [1000 * weight for weight in groups[name]["l1_weights"]]
        # Both are rounded to two digits.
        assert group["l1_weights"] == pytest.approx(wanted, rel=0.06)


def test_the_best_settings_are_printed_as_a_project_file_has_them(
    choose_ranges, monkeypatch, capsys
):
    best = ["sL1+KL 2", "sL1 1"]
    file = PROJECTS / "wine_sae.yaml"
    options = ["--settings", 3, "--set", "training.epochs=4"]
    trials = run_script(choose_ranges, monkeypatch, file, *options, best=best)
    assert trials.name == "wine-sae-ranges"
    assert trials.training.seeds == (101, 102)
    assert trials.training.epochs == 4
    assert len(trials.regularizers.groups) == 18

    output = capsys.readouterr().out
    lines = [line for line in output.splitlines() if line[:1] in "0n"]
    assert len(lines) == 18
    assert lines[12].startswith("0.1000  sL1+KL 2  {'l1_weights': [")
    assert lines[5].startswith("nan  sL1 1  {")
    fields = yaml.safe_load(output[output.index("regularizers:") :])
    assert list(fields["regularizers"]["groups"]) == SIX
    chosen = fields["regularizers"]["groups"]["sL1+KL"]
    wanted = choose_ranges.trial_groups(3, 0)["sL1+KL 2"]
    assert {"regularizer": "sL1+KL", **chosen} == wanted
    Project.parse(output[output.index("regularizers:") :] + "extends: " + str(file))


def test_components_get_ranges_a_thousand_times_as_high(choose_ranges, monkeypatch, capsys):
    file = PROJECTS / "ctg_pca.yaml"
    trials = run_script(choose_ranges, monkeypatch, file, "--settings", 2, "--seed", 5)
    wanted = choose_ranges.trial_groups(2, 5, 1000)
    group = trials.regularizers.groups["L1 2"]
    assert list(group.l1_weights) == wanted["L1 2"]["l1_weights"]
    assert min(group.l1_weights) >= 0.02
    run_script(choose_ranges, monkeypatch, file, "--settings", 2, "--set", "training.seeds=[9]")
    assert "l1_weights: [" in capsys.readouterr().out


@pytest.mark.parametrize("value", [2e-5, 9.7e-05, 0.1, 1.0, 51.0, 100.0])
def test_strengths_are_written_as_numbers(choose_ranges, value):
    text = choose_ranges.written(value)
    assert "e" not in text
    assert yaml.safe_load(text) == value


def test_strengths_are_chosen_at_the_projects_own_ranges(choose_strengths, monkeypatch, capsys):
    file = PROJECTS / "wine_sae.yaml"
    best = ["sL1+decs 2"]
    trials = run_script(choose_strengths, monkeypatch, file, "--settings", 2, best=best)
    assert trials.name == "wine-sae-strengths"
    assert len(trials.training.seeds) == 5
    assert not any(map(trials.regularizers.own_weights, trials.regularizers.groups))
    names = ["sL1", *(f"{group} {trial}" for group in SIX[2:] for trial in (1, 2))]
    assert list(trials.regularizers.groups) == names
    assert trials.regularizers.groups["sL1+sh 1"].hidden_weight == 0.055
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 9
    assert lines[-2].startswith("0.1000  sL1+decs 2  {'regularizer': 'sL1+decs', 'hidden_weight'")
