"""Where runs are opened and how they are called, as MLflow's own variables and commands say."""

import pytest
from mlflow.utils.name_utils import _generate_random_name

import sparse_lightning as sl
from sparse_lightning.comparison import Axes
from sparse_lightning.tracking import Store
from sparse_lightning.tracking._mlflow import is_drawn_name
from sparse_lightning.tracking.columns import RunHead, columns_of
from sparse_lightning.tracking.job_run import OpenedRun
from sparse_lightning.tracking.names import STUDY
from sparse_lightning.tracking.points import points_of


@pytest.fixture
def store(workplace):
    return Store(f"sqlite:///{workplace}/mlflow.db")


def opened(store, run_id=None):
    return store.run(OpenedRun(store, STUDY, "wine", run_id).run_id)


def experiment_of(store, run):
    return store.client.get_experiment(run.info.experiment_id).name


def test_the_experiment_of_the_environment_takes_the_runs(store, monkeypatch):
    assert experiment_of(store, opened(store)) == "wine"
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "a b")
    run = opened(store)
    assert (experiment_of(store, run), run.info.run_name) == ("a b", "wine")
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", store.client.create_experiment("by id"))
    assert experiment_of(store, opened(store)) == "by id"


def test_two_experiments_in_the_environment_are_refused(store, monkeypatch):
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "one")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", store.client.create_experiment("other"))
    with pytest.raises(sl.InputError, match="MLFLOW_EXPERIMENT_NAME 'one' is the experiment"):
        opened(store)


def test_an_experiment_that_is_not_there_is_named(store, monkeypatch):
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "4711")
    with pytest.raises(sl.TrackingError, match=r"experiment 4711 \(MLFLOW_EXPERIMENT_ID\)"):
        opened(store)


def test_a_run_beside_that_of_mlflow_run_is_in_the_projects_experiment(store, monkeypatch):
    """`mlflow run` names both its experiment and its run, and the run may be another job's."""
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "0")
    monkeypatch.setenv("MLFLOW_RUN_ID", "a" * 32)
    assert experiment_of(store, opened(store)) == "wine"


@pytest.mark.parametrize(
    ("given", "name"), [("a b", "a b"), ("my-run-1", "my-run-1"), ("wistful-bee-12", "wine")]
)
def test_the_name_that_a_user_gave_to_an_open_run_stays(store, given, name):
    run_id = store.client.create_run("0", run_name=given).info.run_id
    with OpenedRun(store, STUDY, "wine", run_id):
        pass
    assert store.client.get_run(run_id).info.run_name == name


def test_names_that_mlflow_draws_are_known():
    assert all(is_drawn_name(_generate_random_name()) for _ in range(200))
    assert not any(map(is_drawn_name, ["", "a b", "wine", "wine-1", "bee-wistful-3"]))


def columns(metrics, parents):
    heads = [RunHead(name, name, "1", "FINISHED", place) for place, name in enumerate("pqr")]
    tags = [(run, "mlflow.parentRunId", parent) for run, parent in parents.items()]
    params = [(head.run_id, "kind", "k") for head in heads]
    return columns_of(heads, metrics, params, tags)


RESULT = ("size", "loss")
AXES = Axes(x="size", y="loss", group="params.kind", marker=(), replicate=None)


def test_a_parent_without_a_result_is_no_failed_run():
    """The parent `p` holds `q` and `r` together, as nested runs and sweeps do."""
    metrics = [(run, name, 1.0 + place) for place, run in enumerate("qr") for name in RESULT]
    points, left_out = points_of(columns(metrics, {"q": "p", "r": "p"}), AXES)
    assert points.frame["run_id"].tolist() == ["q", "r"]
    assert not points.frame["failed"].any()
    assert left_out == ["1 run left out that only holds together other runs."]


def test_a_parent_with_a_result_and_a_run_without_one_count_as_before():
    metrics = [(run, name, 1.0) for run in "pq" for name in RESULT]
    points, left_out = points_of(columns(metrics, {"q": "p"}), AXES)
    assert set(points.frame["run_id"]) == {"p", "q", "r"}
    assert points.frame["failed"].sum() == 1
    assert left_out == ["1 run without a result: no finite size and no finite loss."]
