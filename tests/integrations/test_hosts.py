"""Who watches a process's fits sees the user's own, and none of those of this package."""

import mlflow
import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from mlflow.pytorch import autolog as autolog_lightning
from studies import forget_tracking_uri
from torch.utils.data import DataLoader, TensorDataset

import sparse_lightning as sl

ROWS = np.random.default_rng(0).normal(size=(40, 4))
LABELS = (ROWS[:, 0] > 0).astype(int)
SHORT = {"n_seeds": 1, "epochs": 2, "accelerator": "cpu"}

PROJECT = """\
table: {source: rows.csv}
training: {epochs: 2, seeds: [1], accelerator: cpu, floor: {max_cycles: 1}}
regularizers: {l1_weights: [0.001], groups: {L1: {}}}
report: {bootstrap: 50}
"""

TASKS = {
    "sae": ["network.units=[3, 2]"],
    "classifier": ["network.units=[2]", "table.target=label"],
    "pca": ["network.units=[2]", "table.scale=standard"],
}


def fit_all():
    sl.SparseClassifier(2, **SHORT).fit(ROWS, LABELS)
    sl.SparseAutoencoder(2, **SHORT).fit(ROWS)
    sl.SparsePCA(2, **SHORT).fit(ROWS)


@pytest.fixture
def autologging(workplace):
    """A user who has MLflow log whatever is fitted to a store of their own."""
    import sklearn  # noqa: F401  # MLflow's hook on imports warns of itself

    fit_all()
    mlflow.set_tracking_uri(f"sqlite:///{workplace}/mlflow.db")
    mlflow.autolog(silent=True)
    yield
    mlflow.autolog(disable=True, silent=True)
    forget_tracking_uri()


def runs():
    return mlflow.search_runs(search_all_experiments=True, output_format="list")


@pytest.mark.slow
def test_autologging_sees_no_fit_of_an_estimator(autologging):
    fit_all()
    assert runs() == []
    with mlflow.start_run() as run:
        fit_all()
    assert [one.info.run_id for one in runs()] == [run.info.run_id]
    data = mlflow.get_run(run.info.run_id).data
    assert (data.params, data.metrics) == ({}, {})


@pytest.mark.slow
@pytest.mark.parametrize(
    "task",
    [
        pytest.param(task, marks=[] if task == "classifier" else [pytest.mark.long])
        for task in TASKS
    ],
)
def test_a_study_inside_a_run_of_the_user_adds_its_own_runs_alone(autologging, tmp_path, task):
    """With the methods of scikit-learn that a study compares its networks with."""
    frame = pd.DataFrame(ROWS, columns=list("abcd"))
    if task == "classifier":
        frame["label"] = np.where(LABELS, "yes", "no")
    frame.to_csv("rows.csv", index=False)
    with mlflow.start_run() as run:
        project = sl.Project.parse(PROJECT, [f"task={task}", *TASKS[task]])
        study = sl.run(project, output=tmp_path / "report")
    data = mlflow.get_run(run.info.run_id).data
    assert (data.params, data.metrics) == ({}, {})
    expected = {run.info.run_id, study.run_id, *study.networks["run_id"]}
    assert {one.info.run_id for one in runs()} == expected
    assert len(expected) == 4  # the user's, the study's, and those of two networks


class Regression(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = torch.nn.Linear(4, 1)

    def training_step(self, batch, place):
        inputs, targets = batch
        loss = (self.net(inputs)[:, 0] - targets).square().mean()
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


def trainer(*callbacks):
    return pl.Trainer(
        max_epochs=2,
        accelerator="cpu",
        callbacks=list(callbacks),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def loader():
    tensors = torch.from_numpy(ROWS).float(), torch.from_numpy(LABELS).float()
    return DataLoader(TensorDataset(*tensors), batch_size=20)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # MLflow's advice on its own models
def test_autologging_of_the_users_own_fits_goes_on(autologging):
    autolog_lightning(silent=True, log_models=False)  # models take long
    fit_all()
    trainer(sl.L1(0.001), sl.ConnectionCount()).fit(Regression(), loader())
    (run,) = runs()
    assert run.data.params["optimizer_name"] == "SGD"
    assert run.data.params["epochs"] == "2"
    assert {"loss", "connections"} <= set(run.data.metrics)


class Watching(pl.Callback):
    def __init__(self):
        self.fits = 0

    def on_fit_start(self, trainer, pl_module):
        self.fits += 1


def test_neither_a_patched_fit_nor_a_callback_for_all_trainers_is_called(monkeypatch):
    """As other trackers watch Lightning, by an attribute or by an entry point."""
    watching, seen = Watching(), []
    original = pl.Trainer.fit

    def fit(self, *args, **kwargs):
        seen.append(self)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(pl.Trainer, "fit", fit)
    monkeypatch.setattr(
        "pytorch_lightning.trainer.connectors.callback_connector._load_external_callbacks",
        lambda group: [watching],
    )
    fit_all()
    assert (watching.fits, seen) == (0, [])
    trainer(sl.L1(0.001)).fit(Regression(), loader())
    assert (watching.fits, len(seen)) == (1, 1)
