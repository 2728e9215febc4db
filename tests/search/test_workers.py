import sys

import optuna
import pytest

from sparse_lightning.errors import SearchError
from sparse_lightning.search.searching import search
from sparse_lightning.tracking import Store


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of Dask's and its processes' own making
def test_workers_find_what_one_process_finds(make_project):
    pytest.importorskip("distributed")
    found = {}
    for workers in (None, 2):
        name = f"on-{workers}"
        search(make_project(f"name={name}"), workers=workers)
        study = optuna.load_study(study_name=f"{name}/L1", storage="sqlite:///search.db")
        found[workers] = [(trial.params, trial.values) for trial in study.get_trials()]
    assert len(found[2]) == 3
    for (params, values), (again, values_again) in zip(found[None], found[2], strict=True):
        assert params == again
        assert values == pytest.approx(values_again, rel=1e-5)


@pytest.mark.filterwarnings("default")
def test_a_scheduler_that_does_not_answer_is_named(make_project, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("sparse_lightning.search.workers.PATIENCE", 1)
    with pytest.raises(SearchError, match=r"--scheduler tcp://127\.0\.0\.1:1: does not answer"):
        search(make_project(), scheduler="tcp://127.0.0.1:1")
    assert Store().client.search_experiments()[0].name == "Default"


def test_without_dask_it_says_what_to_install(make_project, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SearchError, match="need Dask, which is not installed"):
        search(make_project(), workers=2)
