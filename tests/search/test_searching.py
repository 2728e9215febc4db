"""Whole searches, kept small: resumed, refused, the same in batches and one at a time."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import optuna
import pytest

from sparse_lightning import InputError, TrainingError
from sparse_lightning.errors import SearchError
from sparse_lightning.nn.failures import Failure
from sparse_lightning.search import group_study, trials
from sparse_lightning.search.group_study import GroupStudy
from sparse_lightning.search.searching import search
from sparse_lightning.search.trials import Trainer, train_candidates_on
from sparse_lightning.tracking import Store
from sparse_lightning.tracking.owners import now

STATES = optuna.trial.TrialState


def study_of(group="L1", name="small"):
    return optuna.load_study(study_name=f"{name}/{group}", storage="sqlite:///search.db")


def told(group):
    """What is known of the finished trials of a group, in the order of their numbers."""
    return [
        (trial.params, trial.values)
        for trial in study_of(group).get_trials()
        if trial.state == STATES.COMPLETE
    ]


def trials_in_store():
    store = Store()
    experiments = [found.experiment_id for found in store.client.search_experiments()]
    return store.search(experiments, "tags.`sparse_lightning.kind` = 'trial'")


def test_every_group_gets_the_same_number_of_trials_and_of_networks(searched_thrice):
    result = searched_thrice
    assert result.trained == 2 * 3
    assert result.unfinished == 0
    for found in result.groups:
        assert found.trials == 3
        assert found.low <= found.score <= found.high
        best = min(told(found.group), key=lambda trial: trial[1])
        assert [found.score] == best[1]
        (setting,) = found.settings
        assert setting.regularizer == found.group
        assert len(setting.l1_weights) == 2
    made = trials_in_store()
    assert {trial.data.metrics["networks"] for trial in made} == {2 * 2}


def test_trials_are_runs_with_their_networks_below_them(searched_thrice):
    result = searched_thrice
    store = Store()
    run = store.run(result.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["sparse_lightning.kind"] == "search"
    assert run.data.metrics["trials"] == 6
    made = trials_in_store()
    assert {trial.data.tags["mlflow.parentRunId"] for trial in made} == {result.run_id}
    tagged = {
        (trial.data.tags["optuna.study_name"], trial.data.tags["optuna.trial_number"])
        for trial in made
    }
    assert tagged == {(f"small/{group}", n) for group in ("L1", "sL1+KL") for n in "012"}
    for trial in made:
        params, metrics = trial.data.params, trial.data.metrics
        assert trial.info.run_name == f"{params['group']} #{trial.data.tags['optuna.trial_number']}"
        assert metrics["objective"] == metrics["hypervolume_gap"]
        assert {"area_marker", "area_axis", "hypervolume_gap_low"} <= set(metrics)
        assert params["seeds"] == "11, 12"
        assert ("sparsity" in params) == ("KL" in params["group"])
        weights = [float(weight) for weight in params["l1_weights"].split(", ")]
        below = store.search(
            [trial.info.experiment_id], f"tags.mlflow.parentRunId = '{trial.info.run_id}'"
        )
        assert {run.data.tags["sparse_lightning.kind"] for run in below} == {"network"}
        found = {(float(run.data.params["l1_weight"]), run.data.params["seed"]) for run in below}
        assert found == {(weight, seed) for weight in weights for seed in ("11", "12")}
        assert all({"connections", "squared_error"} <= set(run.data.metrics) for run in below)
    files = {file.path for file in store.client.list_artifacts(result.run_id)}
    assert files == {"project.yaml", "search.html"}
    page = Path(store.client.download_artifacts(result.run_id, "search.html")).read_text("utf-8")
    assert page.count("<h2>") == 2
    for picture in ("History", "Importance of the settings", "Settings"):
        assert page.count(f'alt="{picture}: hypervolume_gap"') == 2
    assert page.count("<summary>3 trials</summary>") == 2
    assert "<th>l1_weight_low</th>" in page


@pytest.mark.long
@pytest.mark.parametrize("sampler", ["random", "qmc"])
def test_batches_find_what_one_trial_at_a_time_finds(make_project, sampler):
    overrides = [f"search.sampler={sampler}", "search.trials=3"]
    found = {}
    for batch in (3, 1):
        name = f"in-batches-of-{batch}"
        search(make_project(*overrides, f"search.batch={batch}", f"name={name}"))
        found[batch] = [
            (trial.params, trial.values, trial.user_attrs["indices"])
            for group in ("L1", "sL1+KL")
            for trial in study_of(group, name).get_trials()
        ]
    for (params, values, indices), (again, values_again, indices_again) in zip(
        *found.values(), strict=True
    ):
        assert params == again
        assert values == pytest.approx(values_again, rel=1e-5)
        assert indices == pytest.approx(indices_again, rel=1e-5)


def test_a_search_that_has_spent_its_budget_is_not_repeated(
    make_project, searched_thrice, monkeypatch
):
    monkeypatch.setattr(Trainer, "__call__", None)
    again = search(make_project())
    assert (again.trained, again.run_id) == (0, None)
    assert again.groups == searched_thrice.groups
    assert len(trials_in_store()) == 6


@pytest.mark.long
def test_a_greater_budget_goes_on_as_if_it_had_been_there_from_the_start(make_project):
    for name, budgets in (("grown", (1, 3)), ("at-once", (3,))):
        for budget in budgets:
            search(make_project(f"name={name}", f"search.trials={budget}", "search.batch=5"))
    trials = {
        name: [(trial.params, trial.values) for trial in study_of("sL1+KL", name).get_trials()]
        for name in ("grown", "at-once")
    }
    for (params, values), (again, values_again) in zip(*trials.values(), strict=True):
        assert params == again
        assert values == pytest.approx(values_again, rel=1e-5)


KILLED = """
import os, signal
from sparse_lightning import Project
from sparse_lightning.search import searching
from sparse_lightning.search.group_study import GroupStudy

def kill(owner, method, calls):
    original = getattr(owner, method)
    left = iter(range(calls, -1, -1))
    def dies(*arguments, **named):
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **named)
    setattr(owner, method, dies)

kill({owner}, {method!r}, {calls})
searching.search(Project.load("small.yaml"), {uri!r})
"""


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(
    ("owner", "method", "calls", "kept", "trained"),
    [
        ("GroupStudy", "ask", 3, 4, 2),  # half of the second batch is asked for
        ("searching.Trainer", "__call__", 1, 4, 2),  # the second batch is about to be trained
        ("searching.SearchWriter", "trials", 1, 4, 0),  # it is trained
        ("GroupStudy", "tell", 5, 5, 0),  # it is tracked, and one of its trials told
    ],
)
def test_a_search_that_was_killed_goes_on(
    make_project, workplace, owner, method, calls, kept, trained
):
    project = make_project()
    uri = f"sqlite:///{workplace}/mlflow.db"
    script = KILLED.format(owner=owner, method=method, calls=calls, uri=uri)
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert killed.returncode == -9, killed.stderr
    before = {group: told(group) for group in ("L1", "sL1+KL")}
    assert sum(map(len, before.values())) == kept
    result = search(project, uri)
    assert result.trained == trained
    assert result.unfinished == 0
    uninterrupted = search(make_project("name=whole"), uri)
    for found, wanted in zip(result.groups, uninterrupted.groups, strict=True):
        assert found.trials == 3
        assert told(found.group)[: len(before[found.group])] == before[found.group]
        # The trials are those of a search that nothing has happened to.
        whole = study_of(found.group, "whole").get_trials()
        assert [params for params, _ in told(found.group)] == [trial.params for trial in whole]
        assert found.score == pytest.approx(wanted.score, rel=1e-5)
    names = [run.info.run_name for run in trials_in_store()]
    assert sorted(names) == sorted(2 * [f"{g} #{n}" for g in ("L1", "sL1+KL") for n in range(3)])


def test_trials_that_failed_in_training_are_taken_up_again(make_project, monkeypatch):
    def stops(*_):
        raise KeyboardInterrupt

    train = Trainer.__call__
    monkeypatch.setattr(Trainer, "__call__", stops)
    with pytest.raises(KeyboardInterrupt):
        search(make_project())
    monkeypatch.setattr(Trainer, "__call__", train)
    (run,) = Store().search(["1"], "tags.`sparse_lightning.kind` = 'search'")
    assert run.info.status == "KILLED"
    assert len(study_of().get_trials()) == 2
    result = search(make_project())
    assert result.trained == 6
    assert [trial.state for trial in study_of().get_trials()] == 3 * [STATES.COMPLETE]


def test_what_another_process_has_in_hand_is_left_to_it(make_project, searched):
    study, storage = study_of(), optuna.storages.RDBStorage("sqlite:///search.db")
    trial = study.ask(study.get_trials()[0].distributions)
    storage.set_trial_user_attr(trial._trial_id, "owner", "elsewhere 1 2.00")
    study.set_user_attr("seen elsewhere 1 2.00", now())
    result = search(make_project("search.trials=3"))
    assert result.unfinished == 1
    assert {found.group: found.trials for found in result.groups} == {"L1": 2, "sL1+KL": 3}


def opened(project, group="L1"):
    """The study of a group as another process sees it, with the digest that its table has."""
    digest = study_of(group).user_attrs["made_with"]["table.digest"]
    storage = optuna.storages.RDBStorage("sqlite:///search.db")
    return GroupStudy(storage, "sqlite:///search.db", project, digest, group)


def test_what_a_dead_process_left_behind_goes_to_one_of_those_that_find_it(make_project, searched):
    project = make_project("search.trials=2")
    dead = "elsewhere 1 2.00"
    (candidate,) = opened(project).ask(1)
    storage = optuna.storages.RDBStorage("sqlite:///search.db")
    number = study_of().get_trials()[candidate.number]._trial_id
    storage.set_trial_user_attr(number, "owner", dead)
    finders = [opened(project), opened(project)]
    # Both have seen that the trial was left behind before one of them takes it.
    seen = [finder._running() for finder in finders]
    for finder, running in zip(finders, seen, strict=True):
        finder._running = lambda running=running: running
    taken = [finder.take_over(5) for finder in finders]
    assert [len(candidates) for candidates in taken] == [1, 0]


def test_processes_that_ask_at_once_share_the_budget(make_project, searched, monkeypatch):
    project = make_project("search.trials=5")
    askers = [opened(project), opened(project)]
    # Neither sees what the other one has in hand, as when both ask in the same moment.
    monkeypatch.setattr(GroupStudy, "left", 5)
    asked = [asker.ask(3) for asker in askers]
    assert [[c.number for c in candidates] for candidates in asked] == [[1, 2, 3], [4]]
    points = [trial.params["l1_weight_low"] for trial in study_of().get_trials() if trial.params]
    assert len(set(points)) == 5


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("search.l1_weight.high=0.5", "search.l1_weight.high was 0.1 and is 0.5 now"),
        ("search.sampler=qmc", "search.sampler was 'random' and is 'qmc' now"),
        ("search.seeds=[11, 13]", "search.seeds was [11, 12] and is [11, 13] now"),
        ("search.pruning=true", "search.pruning was false and is true now"),
        ("training.epochs=4", "training.epochs was 20 and is 4 now"),
        ("network.units=[3]", "network.units was [2] and is [3] now"),
        ("table.columns=[a, b, c]", "table.columns was 'auto' and is ['a', 'b', 'c'] now"),
    ],
)
def test_a_search_with_other_settings_is_refused(
    make_project, searched, monkeypatch, override, said
):
    monkeypatch.setattr(Trainer, "__call__", None)
    with pytest.raises(InputError) as caught:
        search(make_project(override))
    assert said in str(caught.value)
    assert "'small/L1'" in str(caught.value)
    assert "--fresh" in str(caught.value)
    assert len(trials_in_store()) == 2


def test_a_table_that_changed_is_another_search(make_project, searched, workplace):
    with open(workplace / "small.csv", "a", encoding="utf-8") as table:
        table.write("0.1,0.2,0.3,0.4\n")
    with pytest.raises(InputError, match=r"table\.digest was"):
        search(make_project("search.trials=1"))


def test_bounds_that_a_group_does_not_search_are_none_of_its_settings(make_project, searched):
    other = ["search.sparsity.high=0.7", "search.trials=1"]
    assert search(make_project(*other), groups=["L1"]).trained == 0
    with pytest.raises(InputError, match=r"sL1\+KL.*sparsity\.high"):
        search(make_project(*other), groups=["sL1+KL"])


def test_fresh_begins_anew(make_project, searched):
    other = make_project("search.trials=1", "training.epochs=2")
    assert search(other, fresh=True).trained == 2
    assert len(study_of().get_trials()) == 1


def test_one_group_is_searched_alone_and_shares_the_floor(make_project):
    alone = search(make_project("search.trials=1"), groups=["sL1+KL"])
    assert [found.group for found in alone.groups] == ["sL1+KL"]
    both = search(make_project("search.trials=1"))
    assert both.trained == 1
    assert study_of("L1").user_attrs["floor"] == study_of("sL1+KL").user_attrs["floor"]


def test_an_unknown_group_is_named(make_project):
    with pytest.raises(InputError, match=r"no group 'sl1\+kl'; did you mean sL1\+KL\? \(groups: L"):
        search(make_project(), groups=["sl1+kl"])
    assert not os.path.exists("search.db")


def test_a_storage_that_is_not_there_is_told_before_anything_is_trained(make_project):
    with pytest.raises(SearchError, match="cannot be opened"):
        search(make_project("search.storage=sqlite:////no/such/folder/search.db"))
    assert trials_in_store() == []


def test_with_two_objectives_a_trial_is_a_network_a_seed(make_project):
    overrides = ["search.objective=pareto", "search.sampler=nsga2", "search.seeds=[11]"]
    result = search(make_project(*overrides))
    for found in result.groups:
        assert found.trials == 3
        assert len(found.best) == len(found.settings) >= 1
        front = [trial.values for trial in study_of(found.group).best_trials]
        assert sorted(front) == sorted(
            study_of(found.group).get_trials()[number].values for number in found.best
        )
        assert 0 <= found.score <= 1
    made = trials_in_store()
    assert {trial.data.metrics["networks"] for trial in made} == {1}
    assert all({"objective_0", "objective_1"} <= set(trial.data.metrics) for trial in made)


@pytest.mark.long
def test_pruned_trials_train_one_seed_only(make_project):
    result = search(make_project("search.pruning=true", "search.trials=6"))
    assert [found.trials for found in result.groups] == [6, 6]
    made = trials_in_store()
    networks = {trial.data.tags["optuna.state"]: trial.data.metrics["networks"] for trial in made}
    assert networks == {"COMPLETE": 4, "PRUNED": 2}
    states = [trial.state for trial in study_of().get_trials()]
    assert states[:2] == 2 * [STATES.COMPLETE]


def test_trials_whose_networks_all_diverge_count_and_are_never_the_best(make_project, monkeypatch):
    def diverges(*arguments):
        networks = train_candidates_on(*arguments)
        lost = networks["group"].str.startswith("sL1+KL")
        failure = Failure("stage 1 of 1", 3, "loss")
        return networks.assign(failed=lost, failure=[failure if row else None for row in lost])

    monkeypatch.setattr(trials, "train_candidates_on", diverges)
    result = search(make_project("search.trials=2"))
    sound, diverged = result.groups
    assert len(sound.settings) == 1
    assert (diverged.trials, diverged.best, diverged.settings) == (2, (), ())
    assert diverged.score != diverged.score
    assert diverged.failed == diverged.networks > 0
    assert (sound.failed, sound.networks) == (0, diverged.networks)
    states = {run.data.tags["optuna.state"]: run.info.status for run in trials_in_store()}
    assert states == {"COMPLETE": "FINISHED", "FAIL": "FAILED"}
    assert search(make_project("search.trials=2")).trained == 0


def test_a_floor_that_learned_nothing_ends_the_search(make_project):
    with pytest.raises(TrainingError, match="there is nothing to search"):
        search(make_project("training.learning_rate=1e-12", "network.output=sigmoid"))
    assert study_of().get_trials() == []


def test_a_study_of_somebody_else_is_left_alone(make_project):
    study = optuna.create_study(study_name="small/L1", storage="sqlite:///search.db")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(InputError, match="'small/L1' is another's study"):
        search(make_project())


def test_a_trial_that_was_asked_for_in_part_is_ended(make_project, searched, monkeypatch):
    study = study_of()
    study.ask()
    monkeypatch.setattr(group_study, "_NASCENT", timedelta(0))
    result = search(make_project("search.trials=2"))
    assert [found.trials for found in result.groups] == [2, 2]
    assert [trial.state for trial in study_of().get_trials()] == [
        STATES.COMPLETE,
        STATES.FAIL,
        STATES.COMPLETE,
    ]
