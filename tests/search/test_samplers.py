import sys

import optuna
import pytest

from sparse_lightning.errors import SearchError
from sparse_lightning.project import SearchSettings
from sparse_lightning.search.samplers import pruner_of, quiet_optuna, sampler_of

SPACE = {
    name: optuna.distributions.FloatDistribution(0.01, 1, log=True) for name in ("a", "b", "c")
}


def drawn(settings, positions):
    study = optuna.create_study()
    with quiet_optuna():
        for position in positions:
            study.sampler = sampler_of(settings, position)
            trial = study.ask(SPACE)
            study.tell(trial, sum(trial.params.values()))
    return [trial.params for trial in study.trials]


@pytest.mark.parametrize("name", ["tpe", "gp", "nsga2", "nsga3", "qmc", "random"])
def test_every_sampler_draws_the_same_from_the_same_seed(name):
    settings = SearchSettings(sampler=name)
    first = drawn(settings, range(14))
    assert drawn(settings, range(14)) == first
    assert len({tuple(params.values()) for params in first}) == 14
    assert drawn(SearchSettings(sampler=name, seed=1), range(14)) != first


def test_a_search_that_goes_on_draws_what_it_would_have_drawn():
    settings = SearchSettings(sampler="random")
    assert drawn(settings, range(3, 6)) == drawn(settings, range(6))[3:]


def test_cmaes_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cmaes", None)
    with pytest.raises(SearchError, match=r"search\.sampler cmaes needs .* pip install cmaes"):
        sampler_of(SearchSettings(sampler="cmaes"), 0)


def test_cmaes_draws_where_it_is_installed():
    pytest.importorskip("cmaes")
    assert len(drawn(SearchSettings(sampler="cmaes"), range(5))) == 5


def test_pruning_is_off_unless_asked_for():
    assert isinstance(pruner_of(SearchSettings()), optuna.pruners.NopPruner)
    pruning = SearchSettings(pruning=True, seeds=(7, 8))
    assert isinstance(pruner_of(pruning), optuna.pruners.MedianPruner)
