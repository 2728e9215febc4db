import shutil
from pathlib import Path

import pytest
from quick import blank_pictures
from studies import working_in

from sparse_lightning import Project

TEXT = """\
name: small
table: {source: small.csv, scale: minmax}
network: {units: [2], activation: sigmoid}
evaluation: {validation: 0, test: 0}
training:
  {epochs: 20, learning_rate: 0.1, seeds: [1, 2], accelerator: cpu, batch_size: 48,
   floor: {max_cycles: 2}, resample: false, refit: false}
regularizers: {groups: {L1: {}, sL1+KL: {hidden_weight: 0.1, sparsity: 0.5}}}
report: {bootstrap: 20}
search: {trials: 3, batch: 2, seeds: [11, 12], markers: 2, sampler: random}
"""


def write_project(folder: Path) -> None:
    """The project and its table of 48 rows."""
    import numpy as np
    import pandas as pd

    generator = np.random.default_rng(3)
    codes = generator.uniform(size=(48, 2))
    rows = codes @ generator.normal(size=(2, 4)) + 0.05 * generator.normal(size=(48, 4))
    pd.DataFrame(rows, columns=list("abcd")).to_csv(folder / "small.csv", index=False)
    (folder / "small.yaml").write_text(TEXT, encoding="utf-8")


@pytest.fixture
def make_project(workplace):
    """A project in a working folder of one's own: `make(*overrides)`."""
    write_project(workplace)

    def make(*overrides: str) -> Project:
        return Project.load(Path(workplace, "small.yaml"), overrides)

    return make


@pytest.fixture(scope="session")
def make_search(tmp_path_factory, empty_store):
    """A search made once for many tests: `make(*overrides)` gives its folder and its result."""
    from sparse_lightning.search.searching import search

    def make(*overrides: str):
        folder = tmp_path_factory.mktemp("searched")
        shutil.copy(empty_store, folder)
        write_project(folder)
        with working_in(folder), blank_pictures():
            return folder, search(Project.load(folder / "small.yaml", overrides))

    return make


@pytest.fixture(scope="session")
def search_of_one_trial(make_search):
    return make_search("search.trials=1")


@pytest.fixture(scope="session")
def search_of_three_trials(make_search):
    return make_search()


@pytest.fixture
def searched(search_of_one_trial, workplace):
    """The working folder after a search of one trial a group."""
    folder, result = search_of_one_trial
    shutil.copytree(folder, workplace, dirs_exist_ok=True)
    return result


@pytest.fixture
def searched_thrice(search_of_three_trials, workplace):
    """The working folder after a search of three trials a group, which are all of its budget."""
    folder, result = search_of_three_trials
    shutil.copytree(folder, workplace, dirs_exist_ok=True)
    return result
