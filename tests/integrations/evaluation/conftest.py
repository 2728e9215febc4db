"""A store of each test's own, with the evaluator registered as the installed package has it."""

import shutil

import mlflow
import pytest
from mlflow.models.evaluation.evaluator_registry import _model_evaluation_registry
from studies import forget_tracking_uri

from sparse_lightning.integrations.evaluation import NetworkEvaluator


@pytest.fixture(autouse=True)
def store(tmp_path_factory, empty_store, monkeypatch):
    folder = tmp_path_factory.mktemp("store")
    shutil.copy(empty_store, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setitem(_model_evaluation_registry._registry, "sparse-lightning", NetworkEvaluator)
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    yield folder
    if mlflow.active_run():
        mlflow.end_run()
    forget_tracking_uri()
