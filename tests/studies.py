"""Whole jobs, kept small: the studies that several tests look at, each made once a session."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from quick import blank_pictures, rough_references

WINE = """\
name: wine-small
table: {source: wine, scale: minmax}
evaluation: {validation: 0, test: 0}
network: {units: [4], activation: sigmoid}
training:
  epochs: 2
  seeds: [1, 2]
  accelerator: cpu
  floor: {max_cycles: 2}
  resample: false
  refit: false
regularizers: {l1_weights: [0.0001, 0.001], groups: published}
report: {bootstrap: 50}
"""

GROUPS = ["L1", "sL1", "sL1+sh", "sL1+sh2", "sL1+KL", "sL1+decs"]

HOSTILE = "<img src=x onerror=alert(1)>"

ODD_COLUMNS = ["température λ", " a  b ", 'say "hi", it\'s', "<script>alert(1)</script>"]

ODD = f"""\
name: {HOSTILE!r}
table: {{source: odd table.csv, scale: minmax}}
network: {{units: [2], activation: sigmoid}}
evaluation: {{validation: 0, test: 0}}
training:
  epochs: 60
  seeds: [1, 2]
  accelerator: cpu
  floor: {{max_cycles: 1}}
  resample: false
  refit: false
regularizers:
  l1_weights: [0.0001, 0.001]
  groups:
    {HOSTILE!r}: {{regularizer: L1}}
    "sL1 'quoted' $x$ [bold]": {{regularizer: sL1}}
report: {{bootstrap: 50, title: {HOSTILE!r}}}
"""

COMPONENTS = """\
name: wine-components
task: pca
table: {source: wine, scale: standard}
network: {units: [3], nesting: 1}
evaluation: {validation: 0, test: 0}
training:
  epochs: 12
  learning_rate: 0.02
  seeds: [1, 2]
  accelerator: cpu
  floor: {max_cycles: 2}
  resample: false
  refit: false
regularizers:
  l1_weights: [0.03, 0.2]
  groups: {L1: {}, sL1: {}, sL1+decs: {hidden_weight: 0.002}}
report: {bootstrap: 50}
"""


@dataclass(frozen=True)
class Job:
    """A study that was made: its folder holds the project file, the store and the report."""

    study: Any
    folder: Path
    uri: str
    commit: str | None = None

    @property
    def report(self) -> Path:
        return self.folder / "report"

    @property
    def client(self) -> Any:
        import mlflow

        return mlflow.MlflowClient(self.uri)

    @property
    def children(self) -> list:
        condition = f"tags.mlflow.parentRunId = '{self.study.run_id}'"
        experiment = self.client.get_run(self.study.run_id).info.experiment_id
        return list(self.client.search_runs([experiment], condition, max_results=1000))


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Work in a folder, where MLflow puts its artifacts, with no setting of MLflow's."""
    from mlflow.tracking._tracking_service import utils

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(utils, "_tracking_uri", None)
        for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds nothing; making its tables takes MLflow seconds, copying it does not."""
    from sparse_lightning.tracking import Store

    folder = tmp_path_factory.mktemp("store")
    with working_in(folder):
        Store(f"sqlite:///{folder}/mlflow.db")
    return folder / "mlflow.db"


def forget_tracking_uri() -> None:
    """Have MLflow use its default store again; it keeps an address in the environment, too."""
    import mlflow

    mlflow.set_tracking_uri(None)  # pyright: ignore[reportArgumentType]
    os.environ.pop("MLFLOW_TRACKING_URI", None)


@pytest.fixture
def workplace(tmp_path: Path, empty_store: Path) -> Iterator[Path]:
    """A working folder of one's own that holds an empty store; pictures are blank there."""
    shutil.copy(empty_store, tmp_path)
    with working_in(tmp_path), blank_pictures():
        yield tmp_path


@pytest.fixture(scope="session")
def make_job(empty_store: Path) -> Callable[..., Job]:
    """Run the study of a project text in a folder: `make_job(folder, text, *overrides)`.

    Its pictures are blank, unless they are to be `drawn`.
    """

    def make(
        folder: Path, text: str, *overrides: str, commit: str | None = None, drawn: bool = False
    ) -> Job:
        from sparse_lightning import Project, run

        (folder / "project.yaml").write_text(text, encoding="utf-8")
        if not (folder / "mlflow.db").exists():
            shutil.copy(empty_store, folder)
        uri = f"sqlite:///{folder}/mlflow.db"
        with working_in(folder), nullcontext() if drawn else blank_pictures(), rough_references():
            project = Project.load(folder / "project.yaml", overrides)
            return Job(run(project, uri, folder / "report"), folder, uri, commit)

    return make


@pytest.fixture(scope="session")
def wine_job(tmp_path_factory: pytest.TempPathFactory, make_job: Callable[..., Job]) -> Job:
    """All six groups on the wine table, with pictures; the project lies in a git repository."""
    import git

    folder = tmp_path_factory.mktemp("wine")
    author = git.Actor("A", "a@example.org")
    with git.Repo.init(folder) as repository:
        made = repository.index.commit("A project", author=author, committer=author)
        commit = made.hexsha
    return make_job(folder, WINE, commit=commit, drawn=True)


@pytest.fixture(scope="session")
def odd_job(tmp_path_factory: pytest.TempPathFactory, make_job: Callable[..., Job]) -> Job:
    """A table of one's own whose columns, groups and name are as odd as they come."""
    import numpy as np
    import pandas as pd

    folder = tmp_path_factory.mktemp("odd")
    rows = np.random.default_rng(5).normal(size=(40, 1)) * [1, -2, 3, 0.5] + 7
    pd.DataFrame(rows, columns=ODD_COLUMNS).to_csv(folder / "odd table.csv", index=False)
    return make_job(folder, ODD)


@pytest.fixture(scope="session")
def components_job(tmp_path_factory: pytest.TempPathFactory, make_job: Callable[..., Job]) -> Job:
    """Three components of the wine table."""
    return make_job(tmp_path_factory.mktemp("components"), COMPONENTS)
