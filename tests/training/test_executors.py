"""Training on Dask's workers: the same networks as in this process."""

import sys

import numpy as np
import optuna
import pytest

from sparse_lightning import Project, Study, run
from sparse_lightning.data.catalog import load_table
from sparse_lightning.errors import ClusterError, TrainingError
from sparse_lightning.nn.layers import linear_layers
from sparse_lightning.training import replicas_of, train
from sparse_lightning.training.executors import cluster_of
from sparse_lightning.training.grid import joined, parts_of
from sparse_lightning.training.preparing import examples_of
from sparse_lightning.workflows.searching import search_strengths

CLASSIFIER = """
name: small
task: classifier
table: {source: small.csv, target: kind}
network: {units: [2]}
evaluation: {folds: 2}
training:
  {epochs: 3, fine_tune_epochs: 2, seeds: [1, 2], accelerator: cpu, floor: {max_cycles: 2}}
regularizers:
  {l1_weights: [0.001, 0.01], groups: {L1: {}, sL1+KL: {hidden_weight: 0.1, sparsity: 0.5}}}
report: {bootstrap: 20}
"""
SAE = (
    CLASSIFIER.replace("classifier", "sae")
    .replace(", target: kind", ", columns: [a, b, c]")
    .replace("evaluation: {folds: 2}\n", "")
)
PCA = (
    SAE.replace("task: sae", "task: pca")
    .replace(", sL1+KL: {hidden_weight: 0.1, sparsity: 0.5}", "")
    .replace("fine_tune_epochs: 2, ", "")
)

LEARNING = ("training.epochs=20", "training.learning_rate=0.1", "training.batch_size=40")


@pytest.fixture
def table(workplace):
    import pandas as pd

    generator = np.random.default_rng(5)
    rows = generator.normal(size=(40, 3)) @ generator.normal(size=(3, 3))
    frame = pd.DataFrame(rows, columns=list("abc"))
    frame["kind"] = np.where(frame["a"] > frame["b"], "more", "less")
    frame.to_csv(workplace / "small.csv", index=False)
    return workplace / "small.csv"


@pytest.mark.long
@pytest.mark.parametrize("text", [SAE, CLASSIFIER, PCA], ids=["sae", "classifier", "pca"])
def test_a_grid_in_parts_is_the_grid(table, text):
    project = Project.parse(text)
    examples = examples_of(project, load_table(project.table, table.parent))
    whole = train(project, examples)
    parts = parts_of(project, 3)
    assert sorted(number for part in parts for number in part) == list(range(len(whole.replicas)))
    again = joined([train(project, examples, numbers=part) for part in parts])
    assert again.replicas == whole.replicas == replicas_of(project)
    np.testing.assert_allclose(again.squared_error, whole.squared_error, rtol=1e-4)
    np.testing.assert_array_equal(again.connections, whole.connections)
    for mine, theirs in zip(
        linear_layers(again.network), linear_layers(whole.network), strict=True
    ):
        np.testing.assert_allclose(mine.weight.detach(), theirs.weight.detach(), atol=2e-4)
    assert again.metrics.keys() == whole.metrics.keys()
    assert again.documents.keys() == whole.documents.keys()
    assert again.references == whole.references
    assert [h.epochs for h in again.histories] == [h.epochs for h in whole.histories]


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of Dask's and its processes' own making
def test_workers_train_studies_and_searches_as_one_process_does(table):
    text = f"{SAE}search: {{trials: 3, batch: 3, sampler: random, seeds: [7, 8], markers: 2}}\n"
    studies, trials = {}, {}
    with cluster_of(2, None) as cluster:
        for name, where in (("alone", None), ("on-two", cluster)):
            project = Project.parse(text, [f"name={name}", *LEARNING], folder=table.parent)
            studies[name] = run(project, cluster=where)
    for name, workers in (("searched-alone", None), ("searched-on-two", 2)):
        project = Project.parse(text, [f"name={name}", *LEARNING], folder=table.parent)
        search_strengths(project, workers=workers, compare=False)
        study = optuna.load_study(study_name=f"{name}/L1", storage="sqlite:///search.db")
        trials[name] = [(trial.params, trial.values) for trial in study.get_trials()]
    alone, on_two = (Study.load(study.run_id).networks for study in studies.values())
    np.testing.assert_allclose(on_two["squared_error"], alone["squared_error"], rtol=1e-4)
    for (params, values), (again, values_again) in zip(*trials.values(), strict=True):
        assert params == again
        assert values == pytest.approx(values_again, rel=1e-4)


def _fails(number):
    if number == 1:
        raise TrainingError("training.accelerator gpu cannot be used here")
    return number


def _dies(number):
    import os

    if number == 1:
        os._exit(1)
    return number


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_what_fails_in_a_worker_is_told_as_it_is(workplace):
    from sparse_lightning.training.progress import SilentProgress

    with cluster_of(2, None) as cluster:
        assert cluster.workers == 2
        assert cluster.run(_fails, [(0,), (2,)], SilentProgress()) == [0, 2]
        with pytest.raises(TrainingError, match=r"training\.accelerator gpu"):
            cluster.run(_fails, [(0,), (1,), (2,)], SilentProgress())
        with pytest.raises(ClusterError, match="--workers 2: the workers were lost"):
            cluster.run(_dies, [(0,), (1,), (2,)], SilentProgress())


@pytest.mark.filterwarnings("default")
def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("sparse_lightning.training.executors.PATIENCE", 1)
    expected = r"--scheduler tcp://127\.0\.0\.1:1: does not answer"
    with pytest.raises(ClusterError, match=expected), cluster_of(None, "tcp://127.0.0.1:1"):
        pass


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(ClusterError, match="need Dask, which is not installed"),
        cluster_of(2, None),
    ):
        pass
