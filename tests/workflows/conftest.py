"""Experiments whose runs were logged with plain MLflow."""

import shutil

import mlflow
import pytest


class Logbook:
    """Runs in an experiment of a store of its own."""

    def __init__(self, uri, name):
        self.uri, self.name = uri, name
        self.client = mlflow.MlflowClient(uri)
        self.experiment_id = self.client.create_experiment(name)
        self.time = 1_700_000_000_000

    def log(self, params=(), metrics=(), tags=(), status="FINISHED", name="run"):
        self.time += 1000
        run = self.client.create_run(
            self.experiment_id, start_time=self.time, run_name=name, tags=dict(tags)
        )
        for key, value in dict(params).items():
            self.client.log_param(run.info.run_id, key, value)
        for key, value in dict(metrics).items():
            self.client.log_metric(run.info.run_id, key, value)
        if status != "RUNNING":
            self.client.set_terminated(run.info.run_id, status)
        return run.info.run_id


@pytest.fixture(scope="session")
def store_of_runs(tmp_path_factory, empty_store):
    return f"sqlite:///{shutil.copy(empty_store, tmp_path_factory.mktemp('store'))}"


@pytest.fixture
def logbook(store_of_runs, request, tmp_path, monkeypatch):
    """An experiment named after its test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Logbook(store_of_runs, getattr(request, "param", request.node.name))


@pytest.fixture
def optimizers(logbook):
    """Two optimizers at two widths with two seeds each: errors that are easy to reckon with."""
    for optimizer, base in (("sgd", 4.0), ("adam", 2.0)):
        for width, gain in ((1, 0.0), (3, 1.0)):
            for seed, shift in ((1, -0.25), (2, 0.25)):
                error = base - gain + shift
                logbook.log(
                    {"optimizer": optimizer, "width": width, "seed": seed},
                    {"n_params": 10 * width, "val_loss": error, "accuracy": 1 - error / 10},
                    {"team": "blue" if optimizer == "sgd" else "red"},
                    name=f"{optimizer}-{width}-{seed}",
                )
    return logbook
